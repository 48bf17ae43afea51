/**
 * What of learning reaches those who ask: the taught half of a set is imported into a real node, and a real MCP client asks
 * about the other half. What it is answered is scored as the bench scores, beside the bench's own answers to the same questions.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { EpisodeCall } from '../../machines/words/episodes.ts';
import { scoreBindings, scoreNextSteps, scoreProcedures } from '../../src/learning/scorecard/scores.ts';
import type { Scores } from '../../src/learning/scorecard/scores.ts';
import { teachDrey } from '../../src/learning/scorecard/system.ts';
import type { Guess, Served, System } from '../../src/learning/scorecard/system.ts';
import type { Sample } from '../../src/learning/scorecard/samples.ts';
import { startNodeProcess } from '../journeys/demo/node.ts';
import type { NodeProcess } from '../journeys/demo/node.ts';
import { connectNew } from '../journeys/rig/clients.ts';
import type { Agent } from '../journeys/rig/clients.ts';
import { createPlace, runDrey } from '../journeys/rig/place.ts';
import type { Place } from '../journeys/rig/place.ts';
import { readStatus, untilHealthy, untilLearned } from '../journeys/rig/status.ts';
import { readRecorded, toSample } from './learning-recorded.ts';
import type { RecordedEpisode } from './learning-recorded.ts';
import { split } from './learning.ts';
import { measure, quantile } from './measure.ts';
import type { Measure } from './measure.ts';
import { readRss } from './process-figures.ts';

export interface ServedBenchOptions {
  /** Name and path of each set. */
  readonly files: Readonly<Record<string, string>>;
  /** Episodes whose tasks are asked about, and those of them whose every step is. */
  readonly asked: number;
  readonly stepsOf: number;
}

/** What is served at a time for one task. */
const together = 4;
const foreignMax = 100;
const learnedWithinMs = 20 * 60_000;
/** A place for a history of others, and for their questions: how many a minute is no part of what is measured. */
const config = { limits: { profile: 'test' } };

/** Each set in a node of its own. */
export async function learningServedBench({ files, ...options }: ServedBenchOptions): Promise<Measure[]> {
  const all = Object.entries(files).map(([name, file]) => [name, readRecorded(file)] as const);
  const measures: Measure[] = [];
  for (const [name, recorded] of all) {
    const foreign = all
      .filter(([other]) => other !== name)
      .flatMap(([, each]) => [...new Set(each.map(({ task }) => task))].slice(0, foreignMax));
    measures.push(...(await askAbout({ name, recorded, foreign, ...options })));
  }
  return measures;
}

interface Subject extends Omit<ServedBenchOptions, 'files'> {
  readonly name: string;
  readonly recorded: readonly RecordedEpisode[];
  readonly foreign: readonly string[];
}

async function askAbout({ name, recorded, foreign, asked, stepsOf }: Subject): Promise<Measure[]> {
  const { taught, heldOut } = split(recorded, '', asked);
  const [samples, questions] = [taught.map(toSample), heldOut.map(toSample)];
  const few = questions.slice(0, stepsOf);
  const place = await createPlace(config);
  const node = await startNodeProcess({ ...place });
  try {
    await untilHealthy(node);
    const costs = await teach(place, node, taught);
    const client = await connectNew(node.url);
    const answers = await ask(client, questions, few);
    const unasked = await gather(foreign, (task) => askSops(client, task, {}));
    await client.close();
    const served = score(answers.system, questions, few);
    const { system } = teachDrey(samples, { namespace: 'bench' });
    const own = score(asServed(system), questions, few);
    return [
      ...Object.entries(served).flatMap(([key, value]) => [
        toMeasure(`${name}.served.${key}`, value),
        toMeasure(`${name}.served.${key}_bench`, own[key] ?? 0),
      ]),
      ...(foreign.length === 0
        ? []
        : [
            measure(
              `learning.${name}.served.false_serve_sure`,
              unasked.filter((sops) => sops.length > 0).length / foreign.length,
              'share',
              'lower',
              0.02,
            ),
          ]),
      measure(`learning.${name}.served.errors`, answers.errors, 'answers', 'lower', 0),
      ...Object.entries(answers.times).map(([kind, times]) =>
        measure(`learning.${name}.served.${kind}_p95_ms`, quantile(times, 0.95), 'ms', 'lower'),
      ),
      ...costs.map(({ key, value, unit }) => measure(`learning.${name}.served.${key}`, value, unit, 'lower')),
    ];
  } finally {
    await node.stop();
    await place.remove();
  }
}

const toMeasure = (key: string, value: number): Measure =>
  measure(`learning.${key}`, value, 'share', /ece|brier|false/.test(key) ? 'lower' : 'higher');

interface Cost {
  readonly key: string;
  readonly value: number;
  readonly unit: string;
}

/** Imports what is taught as anybody would, and waits as anybody would: until the node says that nothing is left to learn. */
async function teach(place: Place, node: NodeProcess, taught: readonly RecordedEpisode[]): Promise<Cost[]> {
  const file = join(place.folder, 'taught.jsonl');
  await writeFile(file, taught.map((each) => JSON.stringify(each)).join('\n'));
  const begun = performance.now();
  const ended = await runDrey(place, ['import', file, '--namespace', 'default', '--data', place.dataFolder]);
  if (ended.code !== 0) throw new Error(`the import failed: ${ended.stderr}`);
  process.stderr.write(`${ended.stdout}${ended.stderr}`);
  const importedAt = performance.now();
  await untilLearned(node, learnedWithinMs);
  const learnedAt = performance.now();
  const { learning } = await readStatus(node);
  return [
    { key: 'import_s', value: (importedAt - begun) / 1_000, unit: 's' },
    { key: 'learned_s', value: (learnedAt - importedAt) / 1_000, unit: 's' },
    { key: 'learner_mb', value: readRss(learning.pid ?? undefined) / 2 ** 20, unit: 'MB' },
    { key: 'node_mb', value: readRss(node.pid) / 2 ** 20, unit: 'MB' },
  ];
}

interface Answers {
  readonly system: System;
  readonly times: Readonly<Record<string, readonly number[]>>;
  readonly errors: number;
}

interface Foreseen extends Guess {
  readonly args: Readonly<Record<string, unknown>>;
}

/** Asks everything that will be scored; what was answered then stands for the system. */
async function ask(client: Agent, questions: readonly Sample[], few: readonly Sample[]): Promise<Answers> {
  const procedures = new Map<string, { any: readonly Served[]; sure: readonly Served[] }>();
  const steps = new Map<string, readonly Foreseen[]>();
  const times = { get_sops: [] as number[], inject: [] as number[] };
  let errors = 0;
  const timed = async <T>(kind: keyof typeof times, work: () => Promise<T>, otherwise: T): Promise<T> => {
    const begun = performance.now();
    try {
      return await work();
    } catch (error) {
      errors += 1;
      if (errors < 5) process.stderr.write(`${String(error)}\n`);
      return otherwise;
    } finally {
      times[kind].push(performance.now() - begun);
    }
  };
  await gather([...new Set(questions.map(({ episode }) => episode.task))], async (task) => {
    const sure = await timed('get_sops', () => askSops(client, task, {}), []);
    const any = await timed('get_sops', () => askSops(client, task, { min_confidence: 0, limit: 3 }), []);
    procedures.set(task, { any, sure });
  });
  await gather(few, async ({ episode: { task, calls } }) => {
    for (let at = 0; at <= calls.length; at += 1) {
      const made = calls.slice(0, at);
      const key = toKey(task, made);
      if (steps.has(key)) continue;
      steps.set(key, await timed('inject', () => askNext(client, task, made), []));
    }
  });
  const find = (task: string, made: readonly object[]) => steps.get(toKey(task, made)) ?? [];
  return {
    times,
    errors,
    system: {
      serve: (task, limit, sure = 0) => {
        const found = procedures.get(task);
        return ((sure > 0 ? found?.sure : found?.any) ?? []).slice(0, limit);
      },
      next: find,
      bind: (task, made, tool) => {
        const args = find(task, made).find((each) => each.tool === tool)?.args ?? {};
        return new Map(
          Object.entries(args).map(([path, value]) => [withoutPlaces(path), { value, probability: 1 }]),
        );
      },
    },
  };
}

/** A task as far as it came. */
const toKey = (task: string, made: readonly object[]): string =>
  JSON.stringify([
    task,
    (made as readonly EpisodeCall[]).map(({ name, args, result }) => [name, args, result]),
  ]);

/** Keys of `args` are leaf paths, with places in lists; the bench compares without these. */
const withoutPlaces = (path: string): string =>
  path
    .split('/')
    .filter((part) => !/^\d+$/.test(part))
    .join('/');

interface SopAnswer {
  readonly confidence: number;
  readonly procedure: readonly { readonly tool: string; readonly repeated: boolean }[];
}

async function askSops(client: Agent, task: string, more: object): Promise<Served[]> {
  const answer = await client.call('acontext_get_sops', { trigger_pattern: task, ...more });
  if (answer.isError) throw new Error(answer.text.slice(0, 300));
  const { sops } = answer.structured as { readonly sops: readonly SopAnswer[] };
  return sops.map(({ confidence, procedure }) => ({
    confidence,
    tools: procedure.flatMap(({ tool, repeated }) => (repeated ? [tool, tool] : [tool])),
  }));
}

interface Item {
  readonly type: string;
  readonly tool?: string | null;
  readonly relevance: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

async function askNext(client: Agent, task: string, made: readonly EpisodeCall[]): Promise<Foreseen[]> {
  const answer = await client.call('acontext_inject_context', {
    current_task: task,
    recent_memories: [],
    recent_steps: made.map(({ name, args, result, error }) => ({ tool: name, args, result, error })),
  });
  if (answer.isError) throw new Error(answer.text.slice(0, 300));
  const { injected_context: items } = answer.structured as { readonly injected_context: readonly Item[] };
  return items
    .filter(({ type }) => type === 'next_step')
    .map(({ tool, relevance, args }) => ({ tool: tool ?? null, probability: relevance, args: args ?? {} }));
}

/** The bench's own system, as far as it would be told: three steps, and arguments of these where they are sure. */
function asServed(system: System): System {
  const next = (task: string, made: Parameters<NonNullable<System['next']>>[1]): readonly Guess[] =>
    system.next?.(task, made).slice(0, 3) ?? [];
  return {
    serve: (task, limit, sure) => system.serve(task, limit, sure),
    next,
    bind: (task, made, tool) =>
      next(task, made).some((guess) => guess.tool === tool)
        ? (system.bind?.(task, made, tool) ?? new Map())
        : new Map(),
  };
}

function score(system: System, questions: readonly Sample[], few: readonly Sample[]): Scores {
  const { sop1_f1, sop1_nlcs, sop3_f1, sop_coverage, sop_sure_f1, sop_ece } = scoreProcedures(
    system,
    questions,
  );
  const { next1, next3, next_sure_share, next_sure_accuracy, next_ece } = scoreNextSteps(system, few);
  const { binding_p, binding_r } = scoreBindings(system, few);
  const all = { sop1_f1, sop1_nlcs, sop3_f1, sop_coverage, sop_sure_f1, sop_ece };
  const steps = { next1, next3, next_sure_share, next_sure_accuracy, next_ece, binding_p, binding_r };
  return Object.fromEntries(Object.entries({ ...all, ...steps }).map(([key, value]) => [key, value ?? 0]));
}

/** A few at a time, each once. */
async function gather<One, Found>(
  list: readonly One[],
  work: (one: One) => Promise<Found>,
): Promise<Found[]> {
  const found: Found[] = [];
  const left = [...list.entries()];
  const go = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      found[next[0]] = await work(next[1]);
      if (left.length % 50 === 0) await pause(0);
    }
  };
  await Promise.all(Array.from({ length: together }, go));
  return found;
}
