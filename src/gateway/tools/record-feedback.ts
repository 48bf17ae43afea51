/** `acontext_record_feedback`: whether a pattern or a SOP helped. The answer is given after the feedback is stored. */
import { z } from 'zod';
import { count, createTool, text } from './tool.ts';

/** What is reported. */
export const FeedbackInput = z.object({
  pattern_id: text('the id of a pattern or a SOP', 200).describe(
    'The pattern_id or sop_id you were given with a procedure or an injected context.',
  ),
  helpful: z.boolean({ error: 'must be true or false' }).describe('True if following it worked.'),
  feedback_notes: text('notes', 2_000)
    .optional()
    .describe('What was wrong or missing, in a sentence or two.'),
});

/** The figures after it. */
export const FeedbackAnswer = z.object({
  pattern_id: z.string(),
  new_effectiveness: z.number().describe('Helpful uses divided by all uses, 0 to 1.'),
  applied_count: count(0, Number.MAX_SAFE_INTEGER),
  success_count: count(0, Number.MAX_SAFE_INTEGER),
});

export const recordFeedback = createTool({
  name: 'acontext_record_feedback',
  title: 'Say whether it helped',
  description:
    'After using a procedure or an injected hint, say whether it helped. This is how wrong procedures disappear and ' +
    'good ones rise; a wrong one is worth reporting most.',
  readOnly: false,
  scope: 'feedback:write',
  input: FeedbackInput,
  output: FeedbackAnswer,
  async run(args, { needs, session, principal, traceparent }) {
    const { namespace } = session;
    await needs.limits.take({ namespace, principal, operation: 'feedback' });
    return needs.feedback({
      namespace,
      principal,
      patternId: args.pattern_id,
      helpful: args.helpful,
      traceparent,
      ...(args.feedback_notes === undefined ? {} : { notes: args.feedback_notes }),
    });
  },
});
