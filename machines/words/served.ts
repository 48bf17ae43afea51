/** Events of what is learned on its way to agents and back: what was served, followed and reported on. */
import { z } from 'zod';
import { Token } from './ids.ts';

const patternServed = z.object({ patternId: z.string(), relevance: z.number() });

/** The data of each event, by type. */
export const servedEventData = {
  'injection.served': z.object({
    injectionId: Token,
    principal: z.string().max(300),
    task: z.string().max(2_000),
    sops: z.array(z.object({ sopId: z.string(), relevance: z.number() })).max(50),
    patterns: z.array(patternServed).max(50).optional(),
  }),
  'injection.followed': z.object({ injectionId: Token, sopId: z.string() }),

  'feedback.recorded': z.object({
    patternId: z.string(),
    helpful: z.boolean(),
    notes: z.string().max(2_000).optional(),
    principal: z.string().max(300),
  }),
} as const satisfies Record<string, z.ZodType>;
