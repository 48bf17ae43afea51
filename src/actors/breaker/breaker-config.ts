/**
 * A breaker's configuration: the defaults, and the one place that refuses nonsense before a breaker is opened.
 */
import { DreyError } from '../../../machines/words/errors.ts';

/** Everything that can be set; see `breakerDefaults`. */
export interface BreakerConfig {
  /** Judged by rates over the window, or by failures in a row. */
  readonly mode?: 'rate' | 'consecutive';
  readonly windowType?: 'count' | 'time';
  /** Calls, or seconds. */
  readonly windowSize?: number;
  /** Results before there is a verdict. */
  readonly minCalls?: number;
  /** Per cent; above 100 means never. */
  readonly failureRate?: number;
  /** A call that lasted this long or longer is slow. */
  readonly slowMs?: number;
  /** Per cent; above 100 means never. */
  readonly slowRate?: number;
  /** Failures in a row that open it, in mode `consecutive`. */
  readonly consecutive?: number;
  readonly openMs?: number;
  /** Factor by which the wait grows with each failed probe. */
  readonly backoff?: number;
  readonly openMaxMs?: number;
  /** Probes admitted while half-open. */
  readonly halfOpenCalls?: number;
  /** How long half-open may last; 0 is for ever. */
  readonly halfOpenMaxMs?: number;
}

export type BreakerSettings = Required<BreakerConfig>;

export const breakerDefaults: BreakerSettings = {
  mode: 'rate',
  windowType: 'count',
  windowSize: 10,
  minCalls: 1,
  failureRate: 50,
  slowMs: Infinity,
  slowRate: 100,
  consecutive: 5,
  openMs: 1_000,
  backoff: 1,
  openMaxMs: Infinity,
  halfOpenCalls: 1,
  halfOpenMaxMs: 0,
};

/** Most calls, or seconds, in one window. */
export const breakerWindowMax = 10_000;
/** Most probes at once. */
export const breakerProbesMax = 1_000;

/** Fills in the defaults; throws `config_invalid` naming the first setting that makes no sense. */
export function toBreakerSettings(config: BreakerConfig): BreakerSettings {
  const windowType = config.windowType ?? breakerDefaults.windowType;
  const windowSize = config.windowSize ?? breakerDefaults.windowSize;
  const settings: BreakerSettings = {
    ...breakerDefaults,
    ...config,
    minCalls: config.minCalls ?? (windowType === 'count' ? windowSize : breakerDefaults.minCalls),
  };
  requireOneOf('mode', settings.mode, ['rate', 'consecutive']);
  requireOneOf('windowType', windowType, ['count', 'time']);
  requireWhole('windowSize', settings.windowSize, breakerWindowMax);
  requireWhole('minCalls', settings.minCalls, Number.MAX_SAFE_INTEGER);
  requireWhole('consecutive', settings.consecutive, Number.MAX_SAFE_INTEGER);
  requireWhole('halfOpenCalls', settings.halfOpenCalls, breakerProbesMax);
  requireFrom('failureRate', settings.failureRate, Number.MIN_VALUE);
  requireFrom('slowRate', settings.slowRate, Number.MIN_VALUE);
  requireFrom('slowMs', settings.slowMs, 0);
  requireFrom('openMs', settings.openMs, 0);
  requireFrom('backoff', settings.backoff, 1);
  requireFrom('openMaxMs', settings.openMaxMs, 0);
  requireFrom('halfOpenMaxMs', settings.halfOpenMaxMs, 0);
  if (!Number.isFinite(settings.openMs)) refuse('openMs', settings.openMs, 'a finite number of milliseconds');
  return windowType === 'count'
    ? { ...settings, minCalls: Math.min(settings.minCalls, windowSize) }
    : settings;
}

function requireOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) refuse(name, value, allowed.join(' or '));
}

function requireWhole(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max)
    refuse(name, value, `a whole number from 1 to ${max}`);
}

function requireFrom(name: string, value: number, min: number): void {
  if (typeof value === 'number' && value >= min) return;
  refuse(name, value, min === Number.MIN_VALUE ? 'a number above 0' : `a number from ${min} up`);
}

function refuse(name: string, value: unknown, right: string): never {
  throw new DreyError('config_invalid', `The breaker's ${name} is ${String(value)}; it must be ${right}.`, {
    details: { field: name },
  });
}
