/**
 * What the closed path of the breaker costs a call, beside the bare call and beside opossum and cockatiel, in turns in
 * the same run. All of them guard the same asynchronous call; none has a timeout.
 */
import { openBreaker } from '../../src/actors/breaker/breaker.ts';
import { createGuards, guardCall } from '../../src/actors/calls/guards.ts';
import type { CallOutcome } from '../../machines/words/calls.ts';
import type { Breaker } from '../../src/actors/breaker/breaker.ts';
import { loadRivals } from './breaker-rivals.ts';
import { measure } from './measure.ts';
import type { Bench, Measure } from './measure.ts';

/** One way to make the call. */
type Contender = (n: number) => Promise<unknown>;

const clock = {
  monotonic: () => performance.now(),
  schedule(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  },
};

/** In microseconds a call; the best of several rounds in turns, since the machine is shared. */
export const breakerBench: Bench = {
  name: 'breaker',
  about: 'a call through a closed breaker, beside the bare call, opossum and cockatiel',
  async run({ quick }) {
    const breaker = openBreaker({ id: 'bench', config: { windowSize: 100 }, clock, onEdge() {} });
    let sum = 0;
    const work = async (n: number): Promise<void> => {
      sum += n;
    };
    const rivals = await loadRivals({ mayInstall: !quick, work });
    const contenders: Record<string, Contender> = {
      bare: work,
      closed: throughBreaker(breaker, work),
      ...Object.fromEntries(rivals.map(({ name, call }) => [name, call])),
      guarded: throughGuards(breaker, work),
    };
    try {
      const best = await race(contenders, quick ? 20_000 : 100_000, quick ? 3 : 7);
      const measures = Object.entries(best).map(([name, us]) => toMeasure(name, us));
      measures.push(
        measure('breaker.permit.us', permitOnly(breaker, quick ? 100_000 : 1_000_000), 'us', 'lower', 1),
      );
      const fastest = Math.min(...rivals.map(({ name }) => best[name] ?? Infinity));
      const closed = best['closed'] ?? Infinity;
      if (Number.isFinite(fastest))
        measures.push(measure('breaker.closed.of_fastest', closed / fastest, 'ratio', 'lower', 1));
      return sum > 0 ? measures : [];
    } finally {
      breaker.close();
      for (const rival of rivals) rival.close();
    }
  },
};

function toMeasure(name: string, us: number): Measure {
  return name === 'closed'
    ? measure('breaker.closed.us', us, 'us', 'lower', 1)
    : measure(`breaker.${name}.us`, us, 'us', 'lower');
}

function throughBreaker(breaker: Breaker, work: Contender): Contender {
  return async (n) => {
    const admission = breaker.permit();
    if (!admission.ok) throw new Error('refused');
    try {
      await work(n);
      breaker.done(admission.permit, 'ok', 1);
    } catch (error) {
      breaker.done(admission.permit, 'err', 1);
      throw error;
    }
  };
}

/** All guards of a call: two timeouts, retries, breaker and bulkhead. */
function throughGuards(breaker: Breaker, work: Contender): Contender {
  const guards = createGuards({ name: 'bench', breaker, config: {}, clock, chance: () => 0.5 });
  const { signal } = new AbortController();
  const finished: CallOutcome = { outcome: 'finished', result: '{}', isError: false };
  return (n) =>
    guardCall(guards, {
      namespace: 'bench',
      signal,
      isRepeatable: false,
      work: () => work(n).then(() => finished),
    });
}

/** The two steps of the breaker alone, without any promise. */
function permitOnly(breaker: Breaker, calls: number): number {
  const rounds = Array.from({ length: 7 }, () => {
    const from = performance.now();
    for (let n = 0; n < calls; n += 1) {
      const admission = breaker.permit();
      if (admission.ok) breaker.done(admission.permit, 'ok', 1);
    }
    return ((performance.now() - from) * 1_000) / calls;
  });
  return Math.min(...rounds);
}

async function race(
  contenders: Readonly<Record<string, Contender>>,
  calls: number,
  rounds: number,
): Promise<Record<string, number>> {
  const best: Record<string, number> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, call] of Object.entries(contenders)) {
      const from = performance.now();
      for (let n = 0; n < calls; n += 1) await call(n);
      const us = ((performance.now() - from) * 1_000) / calls;
      best[name] = Math.min(best[name] ?? Infinity, us);
    }
  }
  return best;
}
