/** `POST /feedback`: the same as `acontext_record_feedback`, for programs without an MCP session. */
import { FeedbackAnswer, FeedbackInput } from '../tools/record-feedback.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody } from './resource.ts';
import type { Resource } from './resource.ts';

export const feedback: Resource = {
  method: 'POST',
  path: '/feedback',
  scope: 'feedback:write',
  docs: {
    summary: 'Say whether a pattern or a procedure helped',
    description: 'One vote for each principal and application; the last word counts.',
    body: FeedbackInput,
    answer: FeedbackAnswer,
    example: { pattern_id: 'p-0f3c…', helpful: true, feedback_notes: 'worked at once' },
  },
  answer: async ({ needs, req, res, namespace, principal }) => {
    const { pattern_id: patternId, helpful, feedback_notes: notes } = await parseJsonBody(FeedbackInput, req);
    await needs.limits.take({ namespace, principal, operation: 'feedback' });
    const said = notes === undefined ? {} : { notes };
    sendValue(res, 200, await needs.feedback({ namespace, principal, patternId, helpful, ...said }));
  },
};
