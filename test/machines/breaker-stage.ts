/** A breaker on clocks that are moved by hand. */
import { openBreaker } from '../../src/actors/breaker/breaker.ts';
import type { Breaker, BreakerEdge, CallOutcome } from '../../src/actors/breaker/breaker.ts';
import type { BreakerConfig } from '../../src/actors/breaker/breaker-config.ts';
import type { PersistedBreaker } from '../../src/actors/breaker/breaker-snapshot.ts';

interface Stage {
  readonly breaker: Breaker;
  readonly edges: BreakerEdge[];
  readonly time: Time;
}

/** Two clocks, moved by hand. */
export class Time {
  now = 0;
  wall = 1_700_000_000_000;
}

/** A breaker, the edges it told of, and its time. */
export function open(config: BreakerConfig, time = new Time(), snapshot?: PersistedBreaker): Stage {
  const edges: BreakerEdge[] = [];
  const breaker = openBreaker({
    id: 'b-1',
    config,
    clock: { monotonic: () => time.now, now: () => time.wall },
    onEdge: (edge) => edges.push(edge),
    ...(snapshot === undefined ? {} : { snapshot }),
  });
  return { breaker, edges, time };
}

/** One call that starts and ends at once; false when it was refused. */
export function call(breaker: Breaker, outcome: CallOutcome, durationMs = 0): boolean {
  const admission = breaker.permit();
  if (admission.ok) breaker.done(admission.permit, outcome, durationMs);
  return admission.ok;
}
