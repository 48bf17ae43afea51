/** Time and chance as the actors get them: handed in by the node, simulated in tests, never read from a global here. */
import type { IdSource } from '../../machines/words/ids.ts';

/** The actors' only source of time and chance. */
export interface Clock extends IdSource {
  /** Milliseconds since some fixed point; never jumps. */
  readonly monotonic: () => number;
  /** Calls back once; returns the way to cancel. The timer never keeps the process alive. */
  readonly schedule: (delayMs: number, callback: () => void) => () => void;
}

/** What every room logs through (pino fits). */
export interface Log {
  debug(fields: object, sentence: string): void;
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
}

/** ISO 8601 of a moment in milliseconds since the epoch. */
export function toIso(ms: number): string {
  return new Date(ms).toISOString();
}

/** A number from 0 up to 1 out of the clock's chance, for jitter. */
export function toChance(clock: IdSource): number {
  const [high = 0, low = 0] = clock.random();
  return (high * 256 + low) / 65_536;
}
