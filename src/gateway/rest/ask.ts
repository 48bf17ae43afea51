/** `POST /ask`: what an agent with this task would be given, what was rejected, and why. Nothing is counted as served. */
import { z } from 'zod';
import { limits } from '../../../machines/words/limits.ts';
import { findRejected, rejectedMax, RejectedSop } from '../sops/rejected-sops.ts';
import { findInjection, injectedConfidenceMin, Injection } from '../tools/inject-context.ts';
import { SopAnswer, toSopAnswer } from '../tools/sop-answer.ts';
import { count, text } from '../tools/tool.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody } from './resource.ts';
import type { Resource } from './resource.ts';

const body = z.object({
  task: text('the task', limits.taskTextMax),
  limit: count(1, 20).default(3),
});

export const ask: Resource = {
  method: 'POST',
  path: '/ask',
  scope: 'sop:read',
  docs: {
    summary: 'Tell what an agent with this task would be given, and why',
    description:
      'Nothing is counted as served. A task that is held out is answered all the same, and said to be: an agent gets nothing.',
    body,
    answer: Injection.extend({
      task: z.string(),
      namespace: z.string(),
      sops: z.array(SopAnswer.extend({ relevance: z.number().min(0).max(1), why: z.string() })),
      rejected: z.array(RejectedSop).max(rejectedMax).describe('What came near, the nearest first.'),
      bar: z.number().min(0).max(1).describe('What is less likely to be right is not served unasked.'),
      held_out: z
        .boolean()
        .describe('True where an agent is served nothing, so that serving can be measured.'),
    }),
    example: { task: 'deploy the billing service to staging' },
  },
  answer: async ({ needs, req, res, namespace, principal }) => {
    const { task, limit } = await parseJsonBody(body, req);
    await needs.limits.take({ namespace, principal, operation: 'context_inject' });
    const question = { namespace, principal, task, topK: limit, recentMemories: [], recentSteps: undefined };
    const { injection, sops } = await findInjection(needs, question);
    const explained = sops.map((sop) => ({
      ...toSopAnswer(sop),
      relevance: sop.relevance,
      why: sop.why ?? `its trigger "${sop.trigger}" matches the task`,
    }));
    const bar = injectedConfidenceMin;
    const given = new Set(sops.map(({ sopId }) => sopId));
    sendValue(res, 200, {
      task,
      namespace,
      sops: explained,
      ...injection,
      rejected: await findRejected(needs, { namespace, task, given, bar }),
      bar,
      held_out: needs.holdOut?.isHeldOut({ namespace, task }) ?? false,
    });
  },
};
