/**
 * A breaker as simple as can be: it keeps every result and counts anew each time. The real one must agree with it
 * after every operation, whatever the operations are.
 */
export interface ModelSettings {
  readonly mode: 'rate' | 'consecutive';
  readonly windowType: 'count' | 'time';
  readonly windowSize: number;
  readonly minCalls: number;
  readonly failureRate: number;
  readonly slowMs: number;
  readonly slowRate: number;
  readonly consecutive: number;
  readonly openMs: number;
  readonly backoff: number;
  readonly openMaxMs: number;
  readonly halfOpenCalls: number;
  readonly halfOpenMaxMs: number;
}

interface Result {
  readonly at: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

export interface ModelPermit {
  readonly era: number;
  used: boolean;
}

/** The model; `now` is set from outside. */
export class BreakerModel {
  now = 0;
  #state = 'closed';
  #era = 0;
  #results: Result[] = [];
  #ofProbes = false;
  #out = 0;
  #refused = 0;
  #until = 0;
  #fails = 0;
  #isolations = 0;
  readonly #settings: ModelSettings;

  constructor(settings: ModelSettings) {
    this.#settings = settings;
  }

  get state(): string {
    const { halfOpenMaxMs } = this.#settings;
    if (this.#state === 'halfOpen' && halfOpenMaxMs > 0 && this.now >= this.#until) {
      this.#fails += 1;
      this.#enter('open', this.#until);
    }
    return this.#state;
  }

  #enter(state: string, at = this.now): void {
    const { openMs, backoff, openMaxMs, halfOpenMaxMs } = this.#settings;
    this.#state = state;
    this.#era += 1;
    if (state === 'open') this.#until = at + Math.min(openMaxMs, openMs * backoff ** this.#fails);
    else {
      this.#results = [];
      this.#refused = 0;
      this.#out = 0;
      this.#ofProbes = state === 'halfOpen';
      if (state === 'halfOpen') this.#until = at + halfOpenMaxMs;
      else this.#fails = 0;
    }
    if (state !== 'isolated') this.#isolations = 0;
  }

  permit(): ModelPermit | null {
    if (this.state === 'open' && this.now >= this.#until) this.#enter('halfOpen');
    const full = this.#state === 'halfOpen' && this.#out >= this.#settings.halfOpenCalls;
    if (full || this.#state === 'open' || this.#state === 'isolated') {
      this.#refused += 1;
      return null;
    }
    if (this.#state === 'halfOpen') this.#out += 1;
    return { era: this.#era, used: false };
  }

  done(permit: ModelPermit, outcome: 'ok' | 'err' | 'ignored', durationMs: number): void {
    const state = this.state;
    if (permit.used || permit.era !== this.#era) return;
    permit.used = true;
    if (outcome === 'ignored') {
      if (state === 'halfOpen') this.#out -= 1;
      return;
    }
    if (state === 'disabled') return;
    this.#results.push({
      at: this.now,
      failed: outcome === 'err',
      slow: durationMs >= this.#settings.slowMs,
    });
    if (state === 'closed' && this.#trips()) this.#enter('open');
    if (state === 'halfOpen' && this.#results.length >= this.#settings.halfOpenCalls) {
      if (this.#exceeds()) {
        this.#fails += 1;
        this.#enter('open');
      } else this.#enter('closed');
    }
  }

  command(name: string): void {
    const state = this.state;
    if (name === 'isolate') {
      if (state !== 'isolated') this.#enter('isolated');
      this.#isolations += 1;
    } else if (name === 'release') {
      if (state === 'isolated' && (this.#isolations -= 1) === 0) this.#enter('closed');
    } else if (name === 'reset') this.#enter('closed');
    else if (name === 'open' && state !== 'isolated') this.#enter('open');
    else if (name === 'halfOpen' && state === 'open') this.#enter('halfOpen');
    else if ((name === 'disable' || name === 'metricsOnly') && state !== toState(name))
      this.#enter(toState(name));
  }

  #live(): Result[] {
    const { windowType, windowSize } = this.#settings;
    if (this.#ofProbes) return this.#results;
    if (windowType === 'count') return this.#results.slice(-windowSize);
    return this.#results.filter(
      ({ at }) => Math.floor(this.now / 1_000) - Math.floor(at / 1_000) < windowSize,
    );
  }

  #exceeds(): boolean {
    const live = this.#live();
    const rate = (which: 'failed' | 'slow'): number =>
      (live.filter((one) => one[which]).length * 100) / live.length;
    return rate('failed') >= this.#settings.failureRate || rate('slow') >= this.#settings.slowRate;
  }

  #trips(): boolean {
    if (this.#settings.mode === 'rate')
      return this.#live().length >= this.#settings.minCalls && this.#exceeds();
    const last = this.#results.slice(-this.#settings.consecutive);
    return last.length === this.#settings.consecutive && last.every(({ failed }) => failed);
  }

  metrics(): { buffered: number; failed: number; slow: number; notPermitted: number } {
    const live = this.#live();
    return {
      buffered: live.length,
      failed: live.filter(({ failed }) => failed).length,
      slow: live.filter(({ slow }) => slow).length,
      notPermitted: this.#refused,
    };
  }
}

function toState(command: string): string {
  return command === 'disable' ? 'disabled' : command;
}
