/**
 * Judging procedures for a task: each gets the probability that it is right, by what backtests showed. Nothing is judged
 * before enough tasks are known; then whoever asks falls back on what the procedure says of itself.
 */
import { calibrate } from './calibration.ts';
import { Chooser, toExpectedF1 } from './choosing.ts';
import type { Learned } from './training.ts';
import { type Features, toFeatures } from './wording-features.ts';

/** A procedure as it is judged. */
export interface Judged {
  readonly tools: readonly string[];
}

export interface Judgement<Procedure extends Judged> {
  readonly procedure: Procedure;
  /** How well it may be expected to do: the order. */
  readonly expected: number;
  /** The probability that it is right for this task. */
  readonly confidence: number;
  /** Known runs of tasks that resemble this one. */
  readonly alike: number;
}

export interface JudgingOptions {
  readonly limit: number;
  /** How sure the asker wants to be, 0 to 1: the surer, the more of the task must be known. */
  readonly sure: number;
}

/** The share of the task's words that must be known, and the likeness of the nearest task: at least, and more for the sure. */
const familiar = { known: 0.1, knownMore: 0.36, near: 0.04, nearMore: 0.25 } as const;

/** From this likeness on a known task resembles another. */
export const alikeMin = 0.2;

/** Procedures that are looked at closely, for each question. */
const closelyMax = 80;

const choosers = new WeakMap<Learned, Chooser>();

/** The procedures that fit best, best first; undefined where too little is known to judge. */
export function judge<Procedure extends Judged>(
  learned: Learned,
  task: string,
  procedures: readonly Procedure[],
  { limit, sure }: JudgingOptions,
): Judgement<Procedure>[] | undefined {
  const { choosing } = learned;
  if (choosing === undefined) return undefined;
  const chooser = choosers.get(learned) ?? new Chooser(learned.knowledge, learned.presence);
  choosers.set(learned, chooser);
  const features = toFeatures(task);
  const question = chooser.ask(features);
  if (!isFamiliar(learned, features, question.near[0]?.likeness ?? 0, sure)) return [];
  const votes = chooser.votes(question, choosing.settings);
  const alike = question.near
    .filter(({ likeness }) => likeness >= alikeMin)
    .reduce((sum, { document }) => sum + document.runs.length, 0);
  const voted = new Map<string, number>();
  for (const [line, weight] of votes)
    for (const tool of new Set(line.symbols)) voted.set(tool, (voted.get(tool) ?? 0) + weight);
  const byVotes = {
    near: [],
    wanted: voted,
    wantedSum: [...voted.values()].reduce((sum, each) => sum + each, 0),
  };
  const rough = procedures
    .map((procedure) => ({
      procedure,
      worth: toExpectedF1(question, procedure.tools) + toExpectedF1(byVotes, procedure.tools),
    }))
    .sort((a, b) => b.worth - a.worth)
    .slice(0, closelyMax);
  return rough
    .map(({ procedure }) => {
      const fit = chooser.fit(question, votes, chooser.intern(procedure.tools), choosing.settings);
      return { procedure, expected: fit.expected, confidence: calibrate(choosing.curve, fit), alike };
    })
    .sort((a, b) => b.expected - a.expected)
    .slice(0, limit);
}

/** False where a task speaks of things nobody spoke of before: then an answer would be a guess. */
function isFamiliar({ knowledge }: Learned, features: Features, nearest: number, sure: number): boolean {
  const { ids, weights, words } = features;
  let all = 0;
  let known = 0;
  for (let at = 0; at < words; at += 1) {
    const weight = weights[at] ?? 0;
    all += weight * knowledge.documents.weightOf(ids[at] ?? 0);
    known += weight * knowledge.documents.weightOf(ids[at] ?? 0, 0);
  }
  const share = all === 0 ? 0 : known / all;
  return (
    nearest >= familiar.near + sure * familiar.nearMore && share >= familiar.known + sure * familiar.knownMore
  );
}
