/**
 * Learning anew: the order to build the procedures of a namespace again from what is kept, and the report of what that
 * changed. Both cross the bus, since whoever orders and whoever learns may live on different machines.
 */
import { z } from 'zod';
import { Namespace, Token } from './ids.ts';

/** What is learned from: the archive, which forgets nothing, or the event stream from its first event. */
export const RelearnSource = z.enum(['archive', 'stream']);
export type RelearnSource = z.infer<typeof RelearnSource>;

export const RelearnOrder = z.object({
  /** Made by whoever orders: the same order twice is one. */
  relearnId: Token,
  /** Null is every namespace. */
  namespace: Namespace.nullable(),
  from: RelearnSource,
  /** True when nothing may be written: the report says what would be. */
  isTrial: z.boolean(),
});
export type RelearnOrder = z.infer<typeof RelearnOrder>;

/** What differs between a stored procedure and the one that was derived. */
export const SopDifference = z.object({
  namespace: Namespace,
  sopId: z.string(),
  trigger: z.string(),
  difference: z.enum(['changed', 'new', 'gone']),
  /** Which parts of a changed one. */
  parts: z.array(z.string()),
});
export type SopDifference = z.infer<typeof SopDifference>;

const count = z.number().int().nonnegative();

export const RelearnCounts = z.object({
  namespaces: count,
  episodes: count,
  calls: count,
  /** Episodes that the archive lacked, wholly or in part, and that came back from the stream. */
  mended: count,
  same: count,
  changed: count,
  new: count,
  gone: count,
  /** Procedures that people hold and learning does not derive: they stay as they are. */
  kept: count,
});
export type RelearnCounts = z.infer<typeof RelearnCounts>;

export const RelearnReport = z.object({
  ...RelearnOrder.shape,
  /** Learners that shared the work when it was ordered: each does its part. */
  learners: count,
  state: z.enum(['running', 'done', 'failed']),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  counts: RelearnCounts,
  /** The first of them; `counts` has them all. */
  differences: z.array(SopDifference),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type RelearnReport = z.infer<typeof RelearnReport>;
