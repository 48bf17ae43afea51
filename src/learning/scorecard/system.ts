/**
 * What is measured: anything that learns from recorded episodes and then answers the three questions of serving. Drey as
 * the learner and the gateway put it together is one such system; the baselines are others.
 */
import type { LearnedSop } from '../../../machines/words/sops.ts';
import {
  arrange,
  bindArguments,
  finish,
  foresee,
  judge,
  toSymbolName,
  train,
} from '../foresight/foresight.ts';
import { createLearner } from '../learner.ts';
import { createIndex, ranking } from '../rank.ts';
import { bar } from '../score.ts';
import type { ServedSop } from '../sop-index.ts';
import type { Sample, SampleCall } from './samples.ts';

/** A procedure that is served for a task. */
export interface Served {
  /** The tools it tells to call; what is repeated stands there twice. */
  readonly tools: readonly string[];
  /** The probability that it is right for this task. */
  readonly confidence: number;
}

export interface Guess {
  /** Null: the task is done. */
  readonly tool: string | null;
  readonly probability: number;
}

/** A value for an argument leaf; keys of `bind` are paths without places in lists. */
export interface Bound {
  readonly value: unknown;
  readonly probability: number;
}

export interface System {
  /** Best first; the surer the asker wants to be (0 to 1), the less is served. */
  serve(task: string, limit: number, sure?: number): readonly Served[];
  /** Most probable first; undefined where the system does not predict. */
  next?(task: string, calls: readonly SampleCall[]): readonly Guess[];
  /** Arguments of a call of this tool. */
  bind?(task: string, calls: readonly SampleCall[], tool: string): ReadonlyMap<string, Bound>;
}

export interface Taught {
  readonly system: System;
  readonly sops: readonly LearnedSop[];
}

/** Procedures are derived after so many episodes, as they are in real life. */
const deriveEvery = 100;

/** Drey: every episode goes in, failed ones as well, as in real life. */
export function teachDrey(
  samples: readonly Sample[],
  { namespace, derived }: { readonly namespace: string; readonly derived?: () => void },
): Taught {
  const learner = createLearner({ namespace });
  samples.forEach(({ episode }, at) => {
    learner.learn(episode);
    if (at % deriveEvery === deriveEvery - 1) learner.derive();
  });
  const { sops } = learner.derive();
  derived?.();
  const index = createIndex(sops);
  const learned = finish(train(learner.keeper.traces, learner.keeper.keys));
  const whole = sops.filter(({ partOf }) => partOf === undefined);
  const procedures = new Map(
    whole.map((sop) => [sop.sopId, { sop, tools: toTools(sop), steps: sop.procedure }]),
  );
  const all = [...procedures.values()];
  const active = all.filter(({ sop }) => sop.status === 'active');
  const rank = (task: string, limit: number, sure: number) => {
    const query = { task, limit: rankedMax, minConfidence: sure };
    const ranked = (nearBest: number) =>
      index.rank({ ...query, nearBest }).flatMap(({ sop }) => procedures.get(sop.sopId) ?? []);
    const clear = ranked(ranking.nearBest);
    const arranged = clear.length === 0 ? undefined : arrange(learned, task, ranked(ranking.arranged));
    const found = arranged?.map(({ procedure, tools }) => ({ ...procedure, tools })) ?? clear;
    return found.slice(0, limit).map(({ sop, tools }) => ({ tools, confidence: sop.confidence }));
  };
  const foreseen = (task: string, calls: readonly SampleCall[]) =>
    foresee(learned, task, calls.map(toSeen), foreseenMax).next;
  const system: System = {
    serve: (task, limit, sure = 0) =>
      judge(learned, task, sure < bar.confidence ? all : active, { limit, sure })?.map(
        ({ tools, confidence }) => ({ tools, confidence }),
      ) ?? rank(task, limit, sure),
    bind(task, calls, tool) {
      const hasKey = learner.keeper.keys.some((one) => one.tool === tool);
      const likely = hasKey ? foreseen(task, calls).find((next) => next.tool === tool) : undefined;
      const bound = bindArguments(learned, task, calls.map(toMade), tool, likely?.program);
      return new Map([...bound].map(([path, value]) => [withoutPlaces(path), value]));
    },
    next: (task, calls) => byTool(foreseen(task, calls)).slice(0, guessesMax),
  };
  return { sops, system };
}

const guessesMax = 5;
/** More than may ever be foreseen, so that what keys tell apart can be added up. */
const foreseenMax = 100;

/** Tools are what is scored, whatever keys tell of their calls. */
function byTool(foreseen: readonly Guess[]): Guess[] {
  const sums = new Map<string | null, number>();
  for (const { tool, probability } of foreseen) sums.set(tool, (sums.get(tool) ?? 0) + probability);
  return [...sums]
    .map(([tool, probability]) => ({ tool, probability }))
    .sort((one, other) => other.probability - one.probability);
}

/** As many as a node ranks for a question. */
const rankedMax = 50;

const toMade = ({ name, args, result }: SampleCall) => ({ tool: name, args, result });

const toSeen = (call: SampleCall) => ({
  symbol: toSymbolName(call),
  args: call.args,
  result: call.result,
  error: call.error,
});

const withoutPlaces = (path: string) =>
  path
    .split('/')
    .filter((part) => part !== '*')
    .join('/');

/** What a procedure tells to call; what is repeated stands there twice. */
function toTools({ procedure }: ServedSop): string[] {
  return procedure.flatMap((step) => (step.repeated ? [step.tool, step.tool] : [step.tool]));
}
