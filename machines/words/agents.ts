/** What is told of agents and their keys: what changed and by whom, never what a key is. */
import { z } from 'zod';

/** The data of each event, by type. */
export const agentEventData = {
  'agent.changed': z.object({
    change: z.enum(['created', 'bound', 'disabled', 'enabled']),
    by: z.string().max(300),
  }),
  'key.created': z.object({
    keyId: z.string().max(64),
    scopes: z.array(z.string().max(100)).max(100),
    expiresAt: z.iso.datetime().nullable(),
    by: z.string().max(300),
  }),
  /** Also where a key was given an end that it did not have: what nodes remember of it is out of date. */
  'key.shortened': z.object({
    keyId: z.string().max(64),
    expiresAt: z.iso.datetime(),
    by: z.string().max(300),
  }),
  'key.revoked': z.object({ keyId: z.string().max(64), by: z.string().max(300) }),
} as const satisfies Record<string, z.ZodType>;
