/**
 * The words of shared contexts: what may be allowed in one, and what a value and a key of its state may be. Rooms that
 * take them from outside parse them here, once; what is refused is told by name.
 */
import { z } from 'zod';
import { findLoss, isObject, isStorable } from './json.ts';

/** What an agent may do in a context; each of them lets it read, and `administer` lets it do everything. */
export const ContextPermission = z.enum(['read', 'write', 'execute', 'administer']);
export type ContextPermission = z.infer<typeof ContextPermission>;

/** Stands for every agent of the namespace where an agent is named. */
export const everyone = '*';

/** Keys of one context's state, and keys that one change may touch. */
export const contextKeysMax = 1_000;
/** Characters of a key. */
export const contextKeyMax = 200;
/** Agents that a context is shared with by name. */
export const contextGrantsMax = 200;
/** One change as JSON; it also travels in an event. */
export const contextChangesBytesMax = 128 * 1024;
/** A context's whole state as JSON. */
export const contextStateBytesMax = 1024 * 1024;
/** Versions behind the current one that history and rollback reach. */
export const contextVersionsMax = 1_000;
/** Characters of a context's name. */
export const contextNameMax = 200;

const keyMust = `a key must have 1 to ${contextKeyMax} characters of well-formed Unicode without NUL, and not be __proto__`;

/** A key of a context's state. */
export const ContextKey = z
  .string({ error: keyMust })
  .min(1, { error: keyMust })
  .max(contextKeyMax, { error: keyMust })
  .refine((key) => isStorable(key) && key !== '__proto__', { error: keyMust });

const tooManyKeys = `must have at most ${contextKeysMax} keys`;

/** Keys and their values; the object is taken as it is, since what a copy of it would leave out is to be refused. */
export const ContextValues = z
  .custom<Record<string, unknown>>(isObject, { error: 'must be an object of keys and values' })
  .superRefine((values, context) => {
    if (!isObject(values)) return;
    const keys = Object.keys(values);
    if (keys.length > contextKeysMax) context.addIssue({ code: 'custom', message: tooManyKeys });
    for (const key of keys.slice(0, contextKeysMax)) {
      const problem = ContextKey.safeParse(key).success ? findLoss(values[key]) : keyMust;
      if (problem !== undefined)
        context.addIssue({ code: 'custom', message: problem, path: [key.slice(0, 80)] });
    }
  })
  .meta({ type: 'object', additionalProperties: true });

/** Some keys. */
export const ContextKeys = z.array(ContextKey).max(contextKeysMax, { error: tooManyKeys });

/** Who acts in a context: an agent, or the house itself where the name is empty. */
export const ContextCaller = z.object({
  principal: z.string().max(300).default(''),
  /** True for whoever may do everything in the namespace. */
  isAdmin: z.boolean().default(false),
});
export type ContextCaller = z.infer<typeof ContextCaller>;

/** A change set: whole values of the keys that were written, redacted. */
export const ContextChangeSet = z.object({
  version: z.number().int(),
  changes: z.record(z.string(), z.unknown()),
  removed: z.array(z.string()).optional(),
  /** Who made it; absent for the house itself. */
  principal: z.string().max(300).optional(),
});

/** What an agent, or everyone (`*`), may do in a context from now on. */
export const ContextGrantSet = z.object({
  principal: z.string().max(300),
  permissions: z.array(ContextPermission),
  by: z.string().max(300),
  /** Which version of who may do what this is. */
  accessVersion: z.number().int(),
});
