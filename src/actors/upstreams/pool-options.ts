/** What a pool is told, what it tells, and the defaults: every wait and every number in it has a bound. */
import { DreyError } from '../../../machines/words/errors.ts';
import type { Clock, Log } from '../clock.ts';

export interface PoolSettings {
  /** Things at once: lent, idle, on their way in and on their way out. */
  readonly max: number;
  /** Idle things that are kept although nobody needs them. */
  readonly min: number;
  /** Things one namespace may hold at once. */
  readonly maxPerNamespace: number;
  /** Callers in line. */
  readonly waitingMax: number;
  readonly acquireMs: number;
  readonly createMs: number;
  /** The wait after a creation failed. */
  readonly createRestMs: number;
  readonly validateMs: number;
  readonly destroyMs: number;
  /** How long a thing may lie idle; looked at every `reapMs`. */
  readonly idleMs: number;
  readonly reapMs: number;
  readonly maxUses: number;
  /** A thing older than this is not lent again; one that is lent is never cut. */
  readonly maxLifetimeMs: number;
  /** Lent longer than this is told as a leak. */
  readonly leakMs: number;
  /** How long draining waits for what is lent before it is taken down under its holder. */
  readonly drainMs: number;
}

export const poolDefaults: PoolSettings = {
  max: 10,
  min: 0,
  maxPerNamespace: Infinity,
  waitingMax: 1_000,
  acquireMs: 10_000,
  createMs: 30_000,
  createRestMs: 100,
  validateMs: 1_000,
  destroyMs: 5_000,
  idleMs: 60_000,
  reapMs: 5_000,
  maxUses: Infinity,
  maxLifetimeMs: Infinity,
  leakMs: Infinity,
  drainMs: 30_000,
};

export interface PoolOptions<T> {
  /** For sentences. */
  readonly name: string;
  readonly create: (signal: AbortSignal) => Promise<T>;
  readonly destroy: (thing: T) => Promise<void> | void;
  /** Asked before each borrow; false or an error means: not this one. */
  readonly validate?: (thing: T) => Promise<boolean> | boolean;
  /** Listens for the thing's own end; returns the way to stop listening, which is gone when it is destroyed. */
  readonly watch?: (thing: T, broke: (error: unknown) => void) => () => void;
  readonly settings?: Partial<PoolSettings>;
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
  readonly onEvent?: (event: PoolEvent) => void;
  readonly log: Log;
}

export type DestroyReason = 'invalid' | 'broken' | 'idle' | 'worn' | 'drained' | 'late';

export type PoolEvent =
  | { readonly type: 'created' }
  | { readonly type: 'create.failed'; readonly error: unknown }
  | { readonly type: 'destroyed'; readonly reason: DestroyReason }
  | { readonly type: 'destroy.failed'; readonly reason: DestroyReason; readonly error: unknown }
  | { readonly type: 'broke'; readonly error: unknown }
  /** `stack` is where it was acquired. */
  | { readonly type: 'leaked'; readonly namespace: string; readonly heldMs: number; readonly stack: string }
  /** What had been told as a leak came back after all. */
  | { readonly type: 'returned'; readonly namespace: string; readonly heldMs: number }
  /** It was given back before, or never came from here. */
  | { readonly type: 'release.refused' }
  | { readonly type: 'drain.forced'; readonly lent: number };

export interface PoolCounts {
  /** Things there are: lent, idle or being looked at. */
  readonly size: number;
  readonly idle: number;
  readonly inUse: number;
  readonly creating: number;
  readonly waiting: number;
}

/** The right to use one thing; given back once. */
export interface Lease<T> {
  readonly thing: T;
  readonly namespace: string;
}

/** Fills in the defaults; throws `config_invalid` naming the first setting that makes no sense. */
export function toPoolSettings(name: string, config: Partial<PoolSettings> = {}): PoolSettings {
  const settings = { ...poolDefaults, ...config };
  for (const [key, value] of Object.entries(settings)) {
    const least = key === 'max' || key === 'maxPerNamespace' || key === 'maxUses' ? 1 : 0;
    if (!(value >= least)) throw refuse(name, key, value, `a number from ${least} up`);
  }
  if (!Number.isInteger(settings.max)) throw refuse(name, 'max', settings.max, 'a whole number');
  if (settings.min > settings.max) throw refuse(name, 'min', settings.min, 'no more than max');
  return settings;
}

function refuse(name: string, key: string, value: number, right: string): DreyError {
  return new DreyError('config_invalid', `The pool ${name}'s ${key} is ${value}; it must be ${right}.`, {
    details: { field: key },
  });
}
