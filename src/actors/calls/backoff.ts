/**
 * How long to wait before the next try: constant, linear or exponential, capped, with jitter. Never NaN, never below
 * zero, never above the cap, however many tries there were.
 */

export interface BackoffSettings {
  readonly backoff: 'constant' | 'linear' | 'exponential';
  readonly baseMs: number;
  /** The longest wait; it also bounds what the other side asks for. */
  readonly capMs: number;
  /** The share by which a wait may be shorter or longer; 0.25 is a quarter either way. */
  readonly jitter: number;
}

/**
 * The wait after the given try (the first is 1). What the other side asked for wins over our own idea. `chance` gives
 * numbers from 0 up to 1.
 */
export function toBackoffMs(
  settings: BackoffSettings,
  tried: number,
  chance: () => number,
  askedMs?: number,
): number {
  const { baseMs, capMs, jitter } = settings;
  if (askedMs !== undefined && askedMs >= 0) return Math.min(capMs, askedMs);
  if (baseMs === 0) return 0;
  const plainMs = Math.min(capMs, baseMs * toFactor(settings.backoff, tried));
  return Math.min(capMs, plainMs * (1 - jitter + 2 * jitter * chance()));
}

function toFactor(backoff: BackoffSettings['backoff'], tried: number): number {
  if (backoff === 'constant') return 1;
  return backoff === 'linear' ? tried : 2 ** (tried - 1);
}
