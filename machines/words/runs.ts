/** A guided run as it is stored and shown: what it follows, what it is about to do, and what it has done. */
import { z } from 'zod';
import { Procedure } from './sops.ts';

/** Bounds of guided runs. */
export const runLimits = {
  /** Steps of one run. */
  stepsMax: 100,
  /** Open runs of one namespace, and runs that one node moves at a time. */
  openMax: 100,
  movingMax: 32,
  /** How long a person may take, and a call. */
  waitMs: 24 * 60 * 60_000,
  callMs: 120_000,
  /** Bytes of arguments, and of a result that later steps are bound to. */
  argsBytesMax: 64 * 1024,
  resultBytesMax: 64 * 1024,
  /** Bytes of all results of one run together. */
  resultsBytesMax: 512 * 1024,
} as const;

/** What a run follows: the procedure as it was when the run began. */
export const RunPlan = z.object({
  version: z.int(),
  task: z.string(),
  principal: z.string(),
  /** The session that its calls are made in. */
  session: z.string(),
  /** The task that its agent had begun itself: the run works within it, and leaves its end to the agent. */
  within: z.string().optional(),
  procedure: Procedure,
});
export type RunPlan = z.infer<typeof RunPlan>;

/** The call that comes next, with its arguments as far as they are known. */
export const RunOffer = z.object({
  step: z.int(),
  tool: z.string(),
  args: z.record(z.string(), z.unknown()),
  /** Leaf paths whose values nobody knows yet. */
  missing: z.array(z.string()),
  /** Why a person must agree; null where nobody must. */
  approval: z.string().nullable(),
});
export type RunOffer = z.infer<typeof RunOffer>;

/** A step that was made or left out. */
export const RunTaken = z.object({
  step: z.int(),
  tool: z.string(),
  args: z.unknown(),
  /** What the tool answered, where a later step takes a value from it. */
  result: z.unknown().optional(),
  was: z.enum(['done', 'skipped', 'failed']),
});
export type RunTaken = z.infer<typeof RunTaken>;

/** Who makes a call: its id, and the process, so that a call whose process died is known. */
export const RunCall = z.object({ callId: z.string(), node: z.string(), life: z.string() });
export type RunCall = z.infer<typeof RunCall>;

/** How a run differed from its procedure: evidence for and against it. */
export const RunDeviation = z.enum(['arguments', 'skipped', 'failed']);
export type RunDeviation = z.infer<typeof RunDeviation>;

/** It differed from its procedure at a step: evidence, as the calls themselves are. */
export const RunDeviated = z.object({
  sopId: z.string(),
  step: z.int().nonnegative(),
  tool: z.string().max(300),
  what: RunDeviation,
});
