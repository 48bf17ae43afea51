/** `/learning/…`: pausing what is learned in a namespace, and forgetting a session or a principal. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { text } from '../tools/tool.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody } from './resource.ts';
import type { Resource } from './resource.ts';

const PauseAnswer = z.object({
  paused: z.boolean(),
  since: z.string().nullable(),
  by: z.string().nullable().describe('Who paused it.'),
});

export const learningPause: Resource = {
  method: 'GET',
  path: '/learning/pause',
  scope: 'sop:read',
  docs: { summary: 'Tell whether learning is paused in this namespace', answer: PauseAnswer },
  answer: async ({ needs, res, namespace }) =>
    sendValue(res, 200, await needs.learningControls.readPause({ namespace })),
};

export const pauseLearning: Resource = {
  method: 'POST',
  path: '/learning/pause',
  scope: 'learning:control',
  docs: {
    summary: 'Pause learning in this namespace',
    description: 'Calls go on; what they do until learning is resumed is never learned.',
    answer: PauseAnswer,
  },
  answer: async ({ needs, res, namespace, principal }) =>
    sendValue(res, 200, await needs.learningControls.pause({ namespace, principal })),
};

export const resumeLearning: Resource = {
  method: 'POST',
  path: '/learning/resume',
  scope: 'learning:control',
  docs: { summary: 'Let learning go on in this namespace', answer: PauseAnswer },
  answer: async ({ needs, res, namespace, principal }) =>
    sendValue(res, 200, await needs.learningControls.resume({ namespace, principal })),
};

const forgetBody = z.strictObject({
  session: text('a session id', 128).optional(),
  principal: text('a principal', 300).optional(),
});

export const forgetLearned: Resource = {
  method: 'POST',
  path: '/learning/forget',
  scope: 'learning:control',
  docs: {
    summary: 'Forget what was learned from a session or a principal',
    description:
      'Its episodes and calls leave the archive, with the evidence and injections that come of them, and procedures are ' +
      'derived anew without it. Events stay on the bus until its limits remove them; they are not learned from again. ' +
      'A session is left out for ever, a principal in what it did until now; its memories and reports go as well.',
    body: forgetBody,
    answer: z.object({
      forgotten: z.string(),
      episodes: z.number().int(),
      calls: z.number().int(),
      memories: z.number().int(),
    }),
    example: { session: 's-01a1fc70-c11d-7678-84f5-693dd5f9a9f3' },
  },
  answer: async ({ needs, req, res, namespace, principal }) => {
    const asked = await parseJsonBody(forgetBody, req);
    const [[kind, id] = [], ...others] = (['session', 'principal'] as const).flatMap((one) =>
      asked[one] === undefined ? [] : [[one, asked[one]] as const],
    );
    if (kind === undefined || id === undefined || others.length > 0)
      throw new DreyError('argument_invalid', 'name either a session or a principal');
    const counts = await needs.learningControls.forget({ namespace, principal, kind, id });
    sendValue(res, 200, { forgotten: id, ...counts });
  },
};
