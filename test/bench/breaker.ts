/** What the closed path of the breaker costs a call, beside the bare call; no library is compared here. */
import { openBreaker } from '../../src/actors/breaker.ts';
import { measure } from './measure.ts';
import type { Bench, Measure } from './measure.ts';

/** The closed path, in microseconds a call; the best of several rounds, since the machine is shared. */
export const breakerBench: Bench = {
  name: 'breaker',
  about: 'a call through a closed breaker, beside the bare call',
  run({ quick }) {
    const calls = quick ? 100_000 : 1_000_000;
    const breaker = openBreaker({
      id: 'bench',
      config: { windowSize: 100 },
      clock: { monotonic: () => performance.now() },
      onEdge: () => {},
    });
    let sum = 0;
    const work = (n: number): void => {
      sum += n;
    };
    const bare = best(calls, work);
    const guarded = best(calls, (n) => {
      const admission = breaker.permit();
      if (!admission.ok) return;
      work(n);
      breaker.done(admission.permit, 'ok', 1);
    });
    breaker.close();
    const measures: Measure[] = [
      measure('breaker.bare.us', bare, 'us', 'lower'),
      measure('breaker.closed.us', guarded, 'us', 'lower', 1),
    ];
    return Promise.resolve(sum > 0 ? measures : []);
  },
};

function best(calls: number, act: (n: number) => void): number {
  const rounds = Array.from({ length: 7 }, () => {
    const from = performance.now();
    for (let n = 0; n < calls; n += 1) act(n);
    return ((performance.now() - from) * 1_000) / calls;
  });
  return Math.min(...rounds);
}
