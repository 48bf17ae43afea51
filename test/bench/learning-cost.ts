/**
 * What learning costs as a namespace grows, on a generated history: kinds of tasks that recur, common ones more often,
 * and tasks that never come again. Processor time, since these machines are shared; the same seed gives the same history.
 */
import type { Episode, EpisodeCall } from '../../machines/words/episodes.ts';
import { createIndex, createLearner } from '../../src/learning/learning.ts';
import { measure, type Measure } from './measure.ts';

export interface CostBenchOptions {
  readonly sizes: readonly number[];
  /** Processor time of this process, in milliseconds. */
  readonly cpu: () => number;
  readonly heapBytes: () => number;
}

/** Kinds of tasks: as many as fit the history, so that each recurs. */
const episodesOfKind = 40;
const recurringShare = 0.7;
/** Episodes between two derivations, as when a burst of work is learned; before that, as when a log is imported. */
const deriveEvery = 100;
const deriveEveryBefore = 5_000;
/** Episodes at the end of each size that are timed. */
const timed = 1_000;
const asked = 300;

/** Grows one learner through all sizes; the cost at each is that of its last thousand episodes, and what all took on average. */
export function learningCostBench({ sizes, cpu, heapBytes }: CostBenchOptions): Measure[] {
  const learner = createLearner({ namespace: 'bench' });
  const before = heapBytes();
  const measures: Measure[] = [];
  const costs: number[] = [];
  const of = Math.max(...sizes);
  let n = 0;
  let spent = 0;
  const grow = (to: number, every: number): number => {
    const started = cpu();
    for (; n < to; n += 1) {
      learner.learn(makeEpisode(n, of));
      if (n % every === every - 1) learner.derive();
    }
    learner.derive();
    const took = cpu() - started;
    spent += took;
    return took;
  };
  for (const size of sizes) {
    const from = Math.max(n, size - timed);
    grow(from, deriveEveryBefore);
    const cost = grow(size, deriveEvery) / (size - from);
    const { sops } = learner.derive();
    costs.push(cost);
    const name = `learning.cost.e${size}`;
    measures.push(measure(`${name}.ms`, cost, 'ms', 'lower', 5));
    measures.push(measure(`${name}.amortised_ms`, spent / size, 'ms', 'lower', 5));
    measures.push(measure(`${name}.heap_mb`, (heapBytes() - before) / 2 ** 20, 'MB', 'lower'));
    measures.push(measure(`${name}.sops`, sops.length, 'SOPs', 'higher'));
    measures.push(measure(`${name}.share_known`, learner.size.share, 'share', 'higher'));
    sizes.forEach((smaller, at) => {
      if (smaller >= size) return;
      measures.push(
        measure(`${name}.times_e${smaller}`, cost / Math.max(1e-9, costs[at] ?? 0), 'times', 'lower'),
      );
    });
    const index = createIndex(sops);
    const times = Array.from({ length: asked }, (_, at) => {
      const { task } = makeEpisode(size + at, of);
      const asking = cpu();
      index.rank({ task, limit: 3, minConfidence: 0.7 });
      return cpu() - asking;
    }).sort((a, b) => a - b);
    const p95 = times[Math.floor(asked * 0.95)] ?? 0;
    measures.push(measure(`${name}.query_p95_ms`, p95, 'ms', 'lower', 20));
  }
  const ratio = (costs.at(-1) ?? 0) / Math.max(1e-9, costs[0] ?? 0);
  return [...measures, measure('learning.cost.ratio', ratio, 'times', 'lower', 1.5)];
}

/** Whole numbers below a bound that look like chance and are the same each time. */
function createChance(seed: number): (bound: number) => number {
  let state = (seed * 2_654_435_761 + 1_013_904_223) >>> 0;
  return (bound) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 1_640_531_527) >>> 0;
    return state % bound;
  };
}

const verbs = 'check move sort pay find close open copy merge review send print order cancel'.split(' ');

function toWord(chance: (bound: number) => number): string {
  const syllable = () => 'bdfgklmnprst'.charAt(chance(12)) + 'aeiou'.charAt(chance(5));
  return syllable() + syllable() + syllable();
}

/** The `n`th episode of a history of so many. */
export function makeEpisode(n: number, of: number): Episode {
  const own = createChance(n + 1);
  const kinds = Math.max(10, Math.floor(of / episodesOfKind));
  const recurs = own(100) < recurringShare * 100;
  // The product of two draws makes low kinds common and high ones rare.
  const kind = recurs ? Math.floor((own(1_000) * own(1_000) * kinds) / 1_000_000) : kinds + n;
  const chance = createChance(kind * 7 + 3);
  const words = Array.from({ length: 4 }, () => toWord(chance));
  const server = toWord(chance).slice(0, 4);
  const tools = Array.from(
    { length: 3 + chance(5) },
    () => `${server}__${verbs[chance(14)] ?? ''}_${words[chance(4)] ?? ''}`,
  );
  const left = own(4) === 0 ? own(tools.length) : -1;
  const id = `${words[0] ?? ''}-${n}`;
  const at = new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();
  const calls = tools
    .filter((_, step) => step !== left)
    .map((tool, step): EpisodeCall => ({
      callId: `k-${n}-${step}`,
      server,
      tool: tool.slice(server.length + 2),
      name: tool,
      args: step === 0 ? { query: id, limit: 10 } : { id: `x${n}${step - 1}`, format: 'full' },
      result: JSON.stringify({ items: [{ id: `x${n}${step}`, name: toWord(own), state: 'open' }], total: 1 }),
      error: false,
      at,
    }));
  return {
    episodeId: `e-${String(n).padStart(8, '0')}`,
    namespace: 'bench',
    principal: `p${own(5)}`,
    session: `s-${n}`,
    task: `Please ${verbs[chance(14)] ?? ''} the ${words.join(' ')} for ${id} until ${toWord(own)}`,
    outcome: own(12) === 0 ? 'failure' : own(3) === 0 ? 'unknown' : 'success',
    end: 'told',
    startedAt: at,
    endedAt: at,
    calls,
  };
}
