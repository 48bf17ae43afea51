/** What a node and its learner process say to each other over the pipe between them. */
import { z } from 'zod';

/** Node to learner, about one learner's life. */
export const LearnerSettings = z.object({
  natsUrl: z.string(),
  databaseUrl: z.string(),
  eventFolder: z.string(),
  quietMs: z.number(),
  sharedNamespaces: z.array(z.string()),
  level: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
  heartbeatMs: z.number(),
  /** So that what this process says is redacted as what the node says. */
  redaction: z.object({
    key: z.string(),
    names: z.array(z.string()).readonly(),
    patterns: z.array(z.object({ kind: z.string(), pattern: z.string() })).readonly(),
    keep: z.array(z.string()).readonly(),
    personal: z.boolean(),
  }),
});
export type LearnerSettings = z.infer<typeof LearnerSettings>;

export const ToLearner = z.discriminatedUnion('type', [
  z.object({ type: z.literal('start'), settings: LearnerSettings }),
  z.object({ type: z.literal('drain') }),
  /** Somebody looks at the learner's actors, or no longer does. */
  z.object({
    type: z.literal('watch'),
    watch: z.number(),
    filter: z.object({
      namespaces: z.array(z.string()).exactOptional(),
      kind: z.string().exactOptional(),
      id: z.string().exactOptional(),
    }),
  }),
  z.object({ type: z.literal('unwatch'), watch: z.number() }),
]);
export type ToLearner = z.infer<typeof ToLearner>;

export const FromLearner = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('heartbeat'), rssBytes: z.number() }),
  z.object({ type: z.literal('failed'), reason: z.string() }),
  z.object({ type: z.literal('inspected'), watch: z.number(), message: z.looseObject({}) }),
]);
export type FromLearner = z.infer<typeof FromLearner>;
