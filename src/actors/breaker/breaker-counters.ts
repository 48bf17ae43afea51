/**
 * What a breaker counts and how it judges: the window of calls, the run of failures, the probes. It knows the rules
 * of arithmetic only; which state follows is the machine's affair.
 */
import type { BreakerSettings } from './breaker-config.ts';
import { createCountWindow, createWindow } from './breaker-window.ts';
import type { BreakerWindow, WindowCounts } from './breaker-window.ts';

export interface BreakerMetrics extends WindowCounts {
  /** Per cent; -1 while there is no verdict. */
  readonly failureRate: number;
  readonly slowRate: number;
  /** Calls refused since the breaker last entered a state other than open. */
  readonly notPermitted: number;
}

export type ProbeVerdict = 'undecided' | 'passed' | 'failed';

/** No hint is believed for longer than this. */
export const breakerHintMsMax = 60_000;
const unhinted = -Infinity;

/** One breaker's counters. */
export class BreakerCounters {
  readonly #settings: BreakerSettings;
  readonly #calls: BreakerWindow;
  readonly #probed: BreakerWindow;
  /** Where the present figures are: the calls', or while probing and after a failed probe the probes'. */
  #window: BreakerWindow;
  #run = 0;
  #probesOut = 0;
  #refused = 0;
  /** Until when the next result alone decides, because another node's breaker opened. */
  #hintedUntil = unhinted;

  constructor(settings: BreakerSettings) {
    this.#settings = settings;
    this.#calls = createWindow(settings);
    this.#probed = createCountWindow(settings.halfOpenCalls);
    this.#window = this.#calls;
  }

  /** Forgets everything; from now on it counts calls, or probes. */
  clear(what: 'calls' | 'probes'): void {
    this.#window = what === 'calls' ? this.#calls : this.#probed;
    this.#window.clear();
    this.#run = 0;
    this.#probesOut = 0;
    this.#refused = 0;
    this.#hintedUntil = unhinted;
  }

  /** Remembers a hint; false where failures never open the breaker, so that a hint must not either. */
  hint(nowMs: number, forMs: number): boolean {
    const { mode, failureRate } = this.#settings;
    if (!(forMs > 0) || (mode === 'rate' && failureRate > 100)) return false;
    this.#hintedUntil = Math.max(this.#hintedUntil, nowMs + Math.min(forMs, breakerHintMsMax));
    return true;
  }

  get isHinted(): boolean {
    return this.#hintedUntil !== unhinted;
  }

  /** Uses the hint up: true when this result should open the breaker. */
  takeHint(failed: boolean, nowMs: number): boolean {
    const isEnough = failed && nowMs < this.#hintedUntil;
    this.#hintedUntil = unhinted;
    return isEnough;
  }

  refuse(): void {
    this.#refused += 1;
  }

  /** Counts a call's result and says whether the breaker should open. */
  record(failed: boolean, durationMs: number, nowMs: number): boolean {
    const settings = this.#settings;
    this.#calls.record(failed, durationMs >= settings.slowMs, nowMs);
    if (settings.mode === 'consecutive') {
      this.#run = failed ? this.#run + 1 : 0;
      return this.#run >= settings.consecutive;
    }
    const counts = this.#calls.counts(nowMs);
    return counts.buffered >= settings.minCalls && this.#exceeds(counts);
  }

  /** Takes a probe's place; false when all are taken. */
  admitProbe(): boolean {
    if (this.#probesOut >= this.#settings.halfOpenCalls) return false;
    this.#probesOut += 1;
    return true;
  }

  /** Gives the place of an ignored probe back. */
  returnProbe(): void {
    this.#probesOut -= 1;
  }

  /** Counts a probe's result; decides when all have reported. */
  recordProbe(failed: boolean, durationMs: number, nowMs: number): ProbeVerdict {
    this.#probed.record(failed, durationMs >= this.#settings.slowMs, nowMs);
    const counts = this.#probed.counts(nowMs);
    if (counts.buffered < this.#settings.halfOpenCalls) return 'undecided';
    return this.#exceeds(counts) ? 'failed' : 'passed';
  }

  metrics(nowMs: number): BreakerMetrics {
    const { buffered, failed, slow } = this.#window.counts(nowMs);
    const least = this.#window === this.#probed ? this.#settings.halfOpenCalls : this.#settings.minCalls;
    const verdict = buffered > 0 && buffered >= least;
    return {
      buffered,
      failed,
      slow,
      failureRate: verdict ? (failed * 100) / buffered : -1,
      slowRate: verdict ? (slow * 100) / buffered : -1,
      notPermitted: this.#refused,
    };
  }

  #exceeds({ buffered, failed, slow }: Readonly<WindowCounts>): boolean {
    const { failureRate, slowRate } = this.#settings;
    return failed * 100 >= failureRate * buffered || slow * 100 >= slowRate * buffered;
  }
}
