/**
 * What is measured: anything that learns from recorded episodes and then answers the three questions of serving. Drey as
 * the learner and the gateway put it together is one such system; the baselines are others.
 */
import {
  bindArguments,
  createIndex,
  createLearner,
  finish,
  foresee,
  judge,
  servingBar,
  type ServedSop,
  toSymbolName,
  train,
} from '../../src/learning/learning.ts';
import { type RecordedEpisode, type RecordedStep, toEpisode } from './learning-recorded.ts';

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
  next?(task: string, steps: readonly RecordedStep[]): readonly Guess[];
  /** Arguments of a call of this tool. */
  bind?(task: string, steps: readonly RecordedStep[], tool: string): ReadonlyMap<string, Bound>;
}

export interface Taught {
  readonly system: System;
  readonly sops: number;
  readonly learnMs: number;
}

/** Drey: every episode goes in, failed ones as well, as in real life. */
export function teachDrey(episodes: readonly RecordedEpisode[], now: () => number): Taught {
  const learner = createLearner({ namespace: 'bench' });
  const started = now();
  episodes.forEach((each, at) => {
    learner.learn(toEpisode(each, at));
    if (at % 100 === 99) learner.derive();
  });
  const { sops } = learner.derive();
  const learnMs = (now() - started) / Math.max(1, episodes.length);
  const index = createIndex(sops);
  const learned = finish(train(learner.keeper.traces));
  const procedures = sops.map((sop) => ({
    tools: toTools(sop),
    steps: sop.procedure,
    status: sop.status,
  }));
  const active = procedures.filter(({ status }) => status === 'active');
  return {
    sops: sops.length,
    learnMs,
    system: {
      serve: (task, limit, sure = 0) =>
        judge(learned, task, sure < servingBar.confidence ? procedures : active, { limit, sure })?.map(
          ({ tools, confidence }) => ({ tools, confidence }),
        ) ??
        index.rank({ task, limit, minConfidence: sure }).map(({ sop }) => ({
          tools: toTools(sop),
          confidence: sop.confidence,
        })),
      bind: (task, steps, tool) =>
        new Map(
          [...bindArguments(learned, task, steps, tool)].map(([path, bound]) => [
            path
              .split('/')
              .filter((part) => part !== '*')
              .join('/'),
            bound,
          ]),
        ),
      next: (task, steps) =>
        foresee(
          learned,
          task,
          steps.map((step) => ({
            symbol: toSymbolName({ name: step.tool, tool: step.tool, args: step.args }),
            args: step.args,
            result: step.result,
            error: step.error,
          })),
          5,
        ).next,
    },
  };
}

/** What a procedure tells to call; what is repeated stands there twice. */
function toTools({ procedure }: ServedSop): string[] {
  return procedure.flatMap((step) => (step.repeated ? [step.tool, step.tool] : [step.tool]));
}
