/**
 * What the node counts as it happens: events by type, calls by upstream and outcome, and how long calls took. It sees
 * every event on its way into the log, so a look at one costs well under a microsecond and never throws.
 */
import type { DreyEvent } from '../../../machines/words/events.ts';
import type { Family, Sample } from './exposition.ts';

export interface Counters {
  /** Looks at one event. */
  note(event: DreyEvent): void;
  families(): readonly Family[];
}

const outcomes: Readonly<Record<string, string>> = {
  'call.finished': 'finished',
  'call.failed': 'failed',
  'call.refused': 'refused',
};
/** Upper bounds of the duration's buckets, in seconds. */
const boundsSeconds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;
/** Upstreams counted apart; calls of further ones, and of names nobody knows, are counted together. */
const serversMax = 200;

/** One upstream's calls. */
interface Calls {
  readonly byOutcome: Map<string, number>;
  readonly buckets: Float64Array;
  sumSeconds: number;
  count: number;
}

/** Creates counters that stand at nothing. */
export function createCounters(): Counters {
  const events = new Map<string, number>();
  const servers = new Map<string, Calls>();

  const toCalls = (server: string): Calls => {
    const known = servers.get(server);
    if (known !== undefined) return known;
    if (servers.size >= serversMax && server !== '') return toCalls('');
    const calls = {
      byOutcome: new Map<string, number>(),
      buckets: new Float64Array(boundsSeconds.length),
      sumSeconds: 0,
      count: 0,
    };
    servers.set(server, calls);
    return calls;
  };

  const noteCall = (server: string, outcome: string, seconds: number): void => {
    const calls = toCalls(server);
    calls.byOutcome.set(outcome, (calls.byOutcome.get(outcome) ?? 0) + 1);
    const bucket = boundsSeconds.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) calls.buckets[bucket] = (calls.buckets[bucket] ?? 0) + 1;
    calls.sumSeconds += seconds;
    calls.count += 1;
  };

  return {
    note({ type, data }) {
      events.set(type, (events.get(type) ?? 0) + 1);
      const outcome = outcomes[type];
      // What was imported is no call of this node.
      if (outcome === undefined || !('durationMs' in data) || data.imported) return;
      noteCall(data.server, outcome, data.durationMs / 1_000);
    },
    families: () => [
      {
        name: 'drey_events_total',
        type: 'counter',
        help: 'Events this node has appended to its log, by type.',
        samples: [...events].map(([type, value]) => ({ labels: { type }, value })),
      },
      {
        name: 'drey_calls_total',
        type: 'counter',
        help: 'Tool calls answered, by upstream and outcome.',
        samples: [...servers].flatMap(([server, { byOutcome }]) =>
          [...byOutcome].map(([outcome, value]) => ({ labels: { server, outcome }, value })),
        ),
      },
      {
        name: 'drey_call_duration_seconds',
        type: 'histogram',
        help: 'Time from the call reaching its session to its answer, by upstream.',
        samples: [...servers].flatMap(([server, calls]) => toHistogram(server, calls)),
      },
    ],
  };
}

function toHistogram(server: string, { buckets, sumSeconds, count }: Calls): readonly Sample[] {
  let below = 0;
  const samples: Sample[] = boundsSeconds.map((bound, index) => {
    below += buckets[index] ?? 0;
    return { suffix: '_bucket', labels: { server, le: String(bound) }, value: below };
  });
  return [
    ...samples,
    { suffix: '_bucket', labels: { server, le: '+Inf' }, value: count },
    { suffix: '_sum', labels: { server }, value: sumSeconds },
    { suffix: '_count', labels: { server }, value: count },
  ];
}
