/** `POST /events/replay`: stored events once more, on another subject. The caller sets the pace by asking again. */
import { z } from 'zod';
import { systemNamespace } from '../../../machines/words/ids.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody } from './resource.ts';
import type { Resource } from './resource.ts';

const body = z.object({
  subject: z.string().min(1).max(200),
  sequences: z.array(z.number().int().min(1)).min(1).max(1_000),
});

export const replayEvents: Resource = {
  method: 'POST',
  path: '/events/replay',
  scope: 'node:control',
  docs: {
    summary: 'Publish stored events once more on another subject',
    body,
    answer: z.object({ published: z.int() }),
    example: { subject: 'replay.default', sequences: [1, 2, 3] },
  },
  answer: async ({ needs, req, res, namespace, principal }) => {
    const { subject, sequences } = await parseJsonBody(body, req);
    const namespaces = principal.local ? [namespace, systemNamespace] : [namespace];
    sendValue(res, 200, { published: await needs.republishEvents({ namespaces, subject, sequences }) });
  },
};
