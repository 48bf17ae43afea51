/**
 * Procedures in the order in which they fit a task, each cut to it: what near tasks did and what the words ask for say so.
 * How sure that is, is not told here.
 */
import {
  type Chooser,
  type ChoosingSettings,
  firstChoosing,
  type Fit,
  type Question,
  toExpectedF1,
} from './choosing.ts';
import { toChooser } from './chooser.ts';
import { isFamiliar } from './familiar.ts';
import type { Interned } from '../likeness.ts';
import { type JudgedStep, type KeptStep, tailor, toLine } from './tailor.ts';
import { type Learned, trainingBounds } from './training.ts';
import { toFeatures } from './wording-features.ts';

/** A procedure as it is judged; one with steps may be cut to the task. */
export interface Judged {
  readonly tools: readonly string[];
  readonly steps?: readonly JudgedStep[];
}

/** A procedure cut to a task. */
export interface Arranged<Procedure extends Judged> {
  readonly procedure: Procedure;
  /** The tools it tells to call for this task, what is repeated twice. */
  readonly tools: readonly string[];
  /** Its steps for this task; undefined where all of them are as they stand. */
  readonly kept: readonly KeptStep[] | undefined;
  /** How well it may be expected to do: the order. */
  readonly expected: number;
}

/** Procedures that are looked at closely, for each question. */
const closelyMax = 80;
/** The best of these are cut to the task, and the heaviest votes say how: every change is tried against each. */
const tailoredMax = 4;
const tailoringVotesMax = 24;

/** What is expected to do worse than this share of the best is not told beside it. */
const nearBest = 0.7;

/**
 * Procedures that a task may ask for, in the order in which they fit it and cut to it, while too few tasks are known to say
 * how sure that is; undefined where nothing like the task is known, and where they can be judged.
 */
export function arrange<Procedure extends Judged>(
  learned: Learned,
  task: string,
  procedures: readonly Procedure[],
): Arranged<Procedure>[] | undefined {
  if (learned.choosing !== undefined || learned.tasks < trainingBounds.tasksMin) return undefined;
  const chooser = toChooser(learned);
  const features = toFeatures(task);
  const question = chooser.ask(features);
  const [nearest] = question.near;
  if (nearest === undefined || !isFamiliar(learned, features, nearest.likeness, 0)) return undefined;
  const votes = chooser.votes(question, firstChoosing);
  const fitted = fitAll(chooser, procedures, { question, votes, settings: firstChoosing });
  const least = nearBest * (fitted[0]?.fit.expected ?? 0);
  return fitted
    .filter(({ fit }) => fit.expected >= least)
    .map(({ procedure, tools, kept, fit }) => ({ procedure, tools, kept, expected: fit.expected }));
}

export interface Fitted<Procedure extends Judged> {
  readonly procedure: Procedure;
  readonly tools: readonly string[];
  readonly kept: readonly KeptStep[] | undefined;
  readonly fit: Fit;
}

/** Those that look best are looked at closely, and the best of these are cut to the task; best first. */
export function fitAll<Procedure extends Judged>(
  chooser: Chooser,
  procedures: readonly Procedure[],
  { question, votes, settings }: Asked,
): Fitted<Procedure>[] {
  const voted = new Map<string, number>();
  for (const [line, weight] of votes)
    for (const tool of new Set(line.symbols)) voted.set(tool, (voted.get(tool) ?? 0) + weight);
  const byVotes = {
    near: [],
    wanted: voted,
    wantedSum: [...voted.values()].reduce((sum, each) => sum + each, 0),
  };
  const fitted = procedures
    .map((procedure) => ({
      procedure,
      worth: toExpectedF1(question, procedure.tools) + toExpectedF1(byVotes, procedure.tools),
    }))
    .sort((a, b) => b.worth - a.worth)
    .slice(0, closelyMax)
    .map(({ procedure }) => ({
      procedure,
      tools: procedure.tools,
      fit: chooser.fit(question, votes, chooser.intern(procedure.tools), settings),
      kept: undefined,
    }))
    .sort((a, b) => b.fit.expected - a.fit.expected);
  const cut = fitted
    .slice(0, tailoredMax)
    .map((one) => ({ ...one, ...cutToTask(chooser, one.procedure, { question, votes, settings }) }))
    .sort((a, b) => b.fit.expected - a.fit.expected);
  return [...cut, ...fitted.slice(tailoredMax)];
}

/** A task with the lines that have a say, and how they are weighed. */
export interface Asked {
  readonly question: Question;
  readonly votes: ReadonlyMap<Interned, number>;
  readonly settings: ChoosingSettings;
}

/** Nothing where the procedure fits best as it stands. */
function cutToTask(chooser: Chooser, { steps }: Judged, { question, votes, settings }: Asked) {
  if (steps === undefined) return {};
  const heavy = [...votes].slice(0, tailoringVotesMax);
  const sum = heavy.reduce((total, [, weight]) => total + weight, 0) || 1;
  const few = new Map(heavy.map(([line, weight]) => [line, weight / sum]));
  const kept = tailor(steps, (line) => chooser.fitLine(question, few, line, settings).expected);
  const isWhole =
    kept.length === steps.length &&
    kept.every(({ at, tool, repeated }) => steps[at]?.tool === tool && steps[at]?.repeated === repeated);
  if (isWhole) return {};
  const tools = toLine(kept);
  return { kept, tools, fit: chooser.fitLine(question, votes, tools, settings) };
}
