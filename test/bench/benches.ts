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
import { learningBench } from './learning.ts';
import { layer1Bench } from './layer1.ts';
import { loadBench } from './load-bench.ts';
import type { Bench } from './measure.ts';
import { wireBench } from './wire.ts';

const recorded = ['workbench', 'tau_bench', 'sopbench_dev'].map((name) =>
  join(packageRoot, `../shared/data/${name}.jsonl.gz`),
);

const learning: Bench = {
  name: 'learning',
  about: 'whether the right procedure is served, on recorded episodes (--data FILE… for your own)',
  run: async ({ files, quick }) => {
    const present = (files.length > 0 ? files : recorded).filter((file) => existsSync(file));
    if (present.length === 0)
      throw new Error(`none of these files exists: ${[...files, ...recorded].join(', ')}`);
    const named = Object.fromEntries(present.map((file) => [basename(file).replace(/\..*$/, ''), file]));
    return learningBench({
      files: named,
      seeds: quick ? [''] : ['', 's1', 's2'],
      now: () => performance.now(),
    });
  },
};

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
