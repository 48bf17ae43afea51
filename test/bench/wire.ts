/**
 * What the wire costs beside bare nats.js: telling (up to the follower's handler), publishing and asking, one at a time
 * for latency and many in flight for throughput, in turns in the same run.
 */
import { findNatsServer, defaultCacheFolder } from '../../infra/servers/servers.ts';
import { startNatsAtHand } from '../support/nats-servers.ts';
import { quietLog } from '../support/quiet-log.ts';
import { measure, quantile } from './measure.ts';
import type { Bench, Measure } from './measure.ts';
import {
  askBare,
  askOverWire,
  publishBare,
  publishOverWire,
  tellBare,
  tellOverWire,
  type OpenRoad,
  type Road,
} from './wire-roads.ts';

const journeys = {
  tell: { wire: tellOverWire, bare: tellBare },
  publish: { wire: publishOverWire, bare: publishBare },
  ask: { wire: askOverWire, bare: askBare },
} as const;
const ratioLeast = 0.8;
const inFlightMax = 256;

interface Sizes {
  readonly rounds: number;
  readonly alone: number;
  readonly together: number;
}

/** What one road did, one entry a round. */
interface Rounds {
  readonly p50Ms: number[];
  readonly p95Ms: number[];
  readonly perSecond: number[];
}

export const wireBench: Bench = {
  name: 'wire',
  about: 'tell, publish and ask beside bare nats.js, in the same run',
  async run({ quick }) {
    const sizes = quick
      ? { rounds: 3, alone: 200, together: 2_000 }
      : { rounds: 11, alone: 1_000, together: 10_000 };
    const cacheDir = defaultCacheFolder(process.env, process.getuid?.());
    const { path } = await findNatsServer({ env: process.env, cacheDir, log: quietLog });
    const server = await startNatsAtHand(path);
    try {
      const measures: Measure[] = [];
      for (const [name, roads] of Object.entries(journeys))
        measures.push(...(await compare(name, roads, server.url, sizes)));
      return measures;
    } finally {
      await server.stop();
    }
  },
};

async function compare(
  name: string,
  roads: { readonly wire: OpenRoad; readonly bare: OpenRoad },
  url: string,
  sizes: Sizes,
): Promise<Measure[]> {
  const wire = await openTrack(roads.wire, url);
  const bare = await openTrack(roads.bare, url);
  try {
    await wire.run({ ...sizes, together: sizes.together / 2 });
    await bare.run({ ...sizes, together: sizes.together / 2 });
    const figures = { wire: toRounds(), bare: toRounds() };
    for (let round = 0; round < sizes.rounds; round += 1) {
      // Who begins takes turns, too.
      const order = round % 2 === 0 ? (['wire', 'bare'] as const) : (['bare', 'wire'] as const);
      for (const one of order) {
        const { latenciesMs, perSecond } = await { wire, bare }[one].run(sizes);
        figures[one].p50Ms.push(quantile(latenciesMs, 0.5));
        figures[one].p95Ms.push(quantile(latenciesMs, 0.95));
        figures[one].perSecond.push(perSecond);
      }
    }
    return toMeasures(name, figures);
  } finally {
    await Promise.all([wire.close(), bare.close()]);
  }
}

const toRounds = (): Rounds => ({ p50Ms: [], p95Ms: [], perSecond: [] });
const median = (values: readonly number[]): number => quantile(values, 0.5);

function toMeasures(name: string, { wire, bare }: Readonly<Record<'wire' | 'bare', Rounds>>): Measure[] {
  // The ratio of each round's pair: what disturbed the machine then disturbed both.
  const ratios = wire.perSecond.map((perSecond, round) => perSecond / (bare.perSecond[round] ?? Number.NaN));
  const target = name === 'tell' ? ratioLeast : undefined;
  return [
    ...Object.entries({ [name]: wire, [`${name}.bare`]: bare }).flatMap(([who, rounds]) => [
      measure(`wire.${who}.p50_ms`, median(rounds.p50Ms), 'ms', 'lower'),
      measure(`wire.${who}.p95_ms`, median(rounds.p95Ms), 'ms', 'lower'),
      measure(`wire.${who}.per_second`, median(rounds.perSecond), '/s', 'higher'),
    ]),
    measure(`wire.${name}.throughput_ratio`, median(ratios), 'ratio', 'higher', target),
  ];
}

interface Track {
  run(sizes: Sizes): Promise<{ readonly latenciesMs: number[]; readonly perSecond: number }>;
  close(): Promise<void>;
}

/** A road with somebody at both ends. */
async function openTrack(open: OpenRoad, url: string): Promise<Track> {
  const waiting = new Map<number, () => void>();
  let sent = 0;
  const road: Road = await open(url, (number) => {
    waiting.get(number)?.();
    waiting.delete(number);
  });
  /** Resolves when it was sent and heard. */
  const go = async (): Promise<void> => {
    const number = (sent += 1);
    const heard = new Promise<void>((resolve) => waiting.set(number, resolve));
    await road.send(number);
    await heard;
  };
  /** From several loops; what was sent is not waited for before the next, only for its acknowledgement. */
  const goTogether = async (count: number): Promise<number> => {
    const last = sent + count;
    const begun = performance.now();
    const hearing: Promise<void>[] = [];
    const loop = async (): Promise<void> => {
      while (sent < last) {
        const number = (sent += 1);
        hearing.push(new Promise<void>((resolve) => waiting.set(number, resolve)));
        await road.send(number);
      }
    };
    await Promise.all(Array.from({ length: inFlightMax }, loop));
    await Promise.all(hearing);
    return (count * 1_000) / (performance.now() - begun);
  };
  return {
    async run({ alone, together }) {
      const latenciesMs: number[] = [];
      for (let turn = 0; turn < alone; turn += 1) {
        const begun = performance.now();
        await go();
        latenciesMs.push(performance.now() - begun);
      }
      return { latenciesMs, perSecond: await goTogether(together) };
    },
    close: async () => road.close(),
  };
}
