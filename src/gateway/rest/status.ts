/** `GET /status`: the node as it sees itself. */
import { z } from 'zod';
import { LearningAnswer } from '../tools/learning-status.ts';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

export const status: Resource = {
  method: 'GET',
  path: '/status',
  docs: {
    summary: 'Tell how the node and what it stands on are',
    answer: z.looseObject({
      version: z.string(),
      url: z.string().optional(),
      pid: z.int().optional(),
      state: z.string(),
      uptimeSeconds: z.number().optional(),
      missing: z
        .array(z.enum(['bus', 'store', 'learning']))
        .optional()
        .describe('What the node stands on and does not have right now.'),
      sessions: z.int().optional(),
      resources: z.array(z.looseObject({ id: z.string(), state: z.string() })).optional(),
      breakers: z.array(z.looseObject({ id: z.string(), state: z.string() })).optional(),
      learning: z.looseObject({ engine_status: LearningAnswer.shape.engine_status }).optional(),
      events: z.looseObject({ waiting: z.int(), appended: z.int(), published: z.int() }).optional(),
    }),
  },
  answer: async ({ needs, res }) => sendValue(res, 200, await needs.status()),
};
