/** Every bench, one line each. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageRoot } from '../journeys/demo/node.ts';
import { actorsBench } from './actors.ts';
import { breakerBench } from './breaker.ts';
import { gatewayBench } from './gateway.ts';
import { hookBench } from './hook.ts';
import { consoleBench } from './console.ts';
import { inspectorBench } from './inspector.ts';
import type { Scores } from '../../src/learning/learning.ts';
import { learningCostBench } from './learning-cost.ts';
import { learningBench } from './learning.ts';
import { learningRelearnBench } from './learning-relearn.ts';
import { learningServedBench } from './learning-served.ts';
import { learningSoonBench } from './learning-soon.ts';
import { layer1Bench } from './layer1.ts';
import { loadBench } from './load-bench.ts';
import type { Bench } from './measure.ts';
import { wireBench } from './wire.ts';

const recorded = ['workbench', 'tau_bench', 'sopbench_dev'].map((name) =>
  join(packageRoot, `../shared/data/${name}.jsonl.gz`),
);

const learning: Bench = {
  name: 'learning',
  about:
    'whether the right procedure is served, on recorded episodes (--data FILE… for your own; --served: as a node answers after an import); how soon (--rows EPISODES: that alone); what an episode costs (--big EPISODES: that alone, up to so many)',
  run: async ({ files, quick, rows, big, served }) => {
    if (files.length === 0 && big !== undefined) return learningCostBench({ sizes: toSizes(big), ...meters });
    if (files.length === 0 && rows !== undefined) return runLive(quick, rows);
    const present = (files.length > 0 ? files : recorded).filter((file) => existsSync(file));
    if (present.length === 0)
      throw new Error(`none of these files exists: ${[...files, ...recorded].join(', ')}`);
    const named = Object.fromEntries(present.map((file) => [basename(file).replace(/\..*$/, ''), file]));
    if (served === true)
      return learningServedBench({ files: named, asked: quick ? 100 : 300, stepsOf: quick ? 50 : 150 });
    const scores = learningBench({
      files: named,
      seeds: quick ? [''] : ['', 's1', 's2'],
      now: () => performance.now(),
      told: (set, seed, figures) => {
        process.stderr.write(`${set}, seed '${seed}': ${toLine(figures)}\n`);
      },
    });
    if (files.length > 0) return scores;
    const cost = learningCostBench({ sizes: toSizes(quick ? 10_000 : 1_000_000), ...meters });
    return [...scores, ...cost, ...(await runLive(quick, quick ? 5_000 : 20_000))];
  },
};

/** What the cost of learning is measured by. */
const meters = {
  cpu: () => process.cpuUsage().user / 1_000,
  heapBytes: () => process.memoryUsage().heapUsed,
};

/** Ten times as many each, and the last one. */
const toSizes = (last: number) => [1_000, 10_000, 100_000].filter((size) => size < last).concat(last);

/** How soon learning is seen, and what it costs those who ask meanwhile, on a real node. */
const runLive = async (quick: boolean, episodes: number) => [
  ...(await learningSoonBench(quick)),
  ...(await learningRelearnBench(episodes, quick)),
];

/** What of a seed's figures is watched while the others are still awaited. */
const watched = ['sop1_f1', 'sop1_nlcs', 'next1', 'next3', 'next_ece', 'binding_p', 'binding_r', 'learn_ms'];

const toLine = (figures: Scores): string =>
  watched
    .flatMap((key) => (figures[key] === undefined ? [] : [`${key} ${figures[key].toFixed(3)}`]))
    .join(', ');

export const benches: readonly Bench[] = [
  gatewayBench,
  loadBench,
  actorsBench,
  breakerBench,
  consoleBench,
  inspectorBench,
  wireBench,
  hookBench,
  layer1Bench,
  learning,
];
