/**
 * Named points at which a test may end the process. In the product nobody hands in a function and a point costs one
 * call of an empty one; nothing else ever depends on them.
 */

/** Every point there is, in the order in which one command meets them. */
export const crashPoints = [
  'command_received',
  'actor_loaded',
  'before_write',
  'after_write',
  'after_commit',
  'effect_taken',
  'effect_ran',
  'effect_completed',
  'timer_taken',
  'timer_delivered',
] as const;

export type CrashPointName = (typeof crashPoints)[number];

/** Called at a point; a test's may never come back. */
export type CrashPoint = (name: CrashPointName) => void;

/** The product's: nothing happens. */
export const noCrash: CrashPoint = () => {};
