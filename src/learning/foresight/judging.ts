/**
 * Judging procedures for a task: each gets the probability that it is right, by what backtests showed. Nothing is judged
 * before enough tasks are known; then whoever asks falls back on what the procedure says of itself.
 */
import { calibrate } from './calibration.ts';
import { Chooser, type ChoosingSettings, type Question, toExpectedF1 } from './choosing.ts';
import type { Interned } from '../likeness.ts';
import { type JudgedStep, type KeptStep, tailor, toLine } from './tailor.ts';
import type { Learned } from './training.ts';
import { type Features, toFeatures } from './wording-features.ts';

/** A procedure as it is judged; one with steps may be cut to the task. */
export interface Judged {
  readonly tools: readonly string[];
  readonly steps?: readonly JudgedStep[];
}

export interface Judgement<Procedure extends Judged> {
  readonly procedure: Procedure;
  /** The tools it tells to call for this task, what is repeated twice. */
  readonly tools: readonly string[];
  /** Its steps for this task; undefined where all of them are as they stand. */
  readonly kept: readonly KeptStep[] | undefined;
  /** How well it may be expected to do: the order. */
  readonly expected: number;
  /** The probability that it is right for this task. */
  readonly confidence: number;
  /** Known runs of tasks that resemble this one and used a tool of it. */
  readonly alike: number;
  /** Whether backtests alone would have promised more than any known run can stand for. */
  readonly isCapped: boolean;
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
/** The best of these are cut to the task, and the heaviest votes say how: every change is tried against each. */
const tailoredMax = 4;
const tailoringVotesMax = 24;

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
  const chooser = toChooser(learned);
  const features = toFeatures(task);
  const question = chooser.ask(features);
  if (!isFamiliar(learned, features, question.near[0]?.likeness ?? 0, sure)) return [];
  const votes = chooser.votes(question, choosing.settings);
  const resembling = countLines(
    question.near
      .filter(({ likeness }) => likeness >= alikeMin)
      .flatMap(({ document }) => document.runs.map((run) => chooser.lineOf(run))),
  );
  const lines = Array.from(votes.keys(), ({ symbols }) => new Set(symbols));
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
  const { settings, curve } = choosing;
  const fitted = rough
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
  return [...cut, ...fitted.slice(tailoredMax)].slice(0, limit).map(({ procedure, tools, kept, fit }) => ({
    procedure,
    tools,
    kept,
    expected: fit.expected,
    ...toCertainty({
      tools,
      promised: calibrate(curve, fit),
      byWords: fit.byWords,
      voted: lines,
      resembling,
    }),
  }));
}

interface Evidence {
  readonly tools: readonly string[];
  /** What the curve says: it knows only lines that were run, and any other may lie far outside of them. */
  readonly promised: number;
  readonly byWords: number;
  /** The tools of lines that have a say, each once. */
  readonly voted: readonly ReadonlySet<string>[];
  /** The tools of resembling tasks' lines, and in how many runs. */
  readonly resembling: readonly (readonly [ReadonlySet<string>, number])[];
}

/** A procedure is no surer than it resembles what was run, or what the task's words ask for: others' runs do not speak for it. */
function toCertainty({ tools, promised, byWords, voted, resembling }: Evidence) {
  const own = [...new Set(tools)];
  const share = (line: ReadonlySet<string>) => own.reduce((sum, tool) => sum + (line.has(tool) ? 1 : 0), 0);
  let known = byWords;
  for (const line of voted) {
    if (known >= promised) break;
    known = Math.max(known, (2 * share(line)) / Math.max(1, line.size + own.length));
  }
  let alike = 0;
  for (const [line, runs] of resembling) if (own.some((tool) => line.has(tool))) alike += runs;
  return { confidence: Math.min(promised, known), alike, isCapped: known < promised };
}

/** How often each line stands there, by its tools. */
function countLines(lines: readonly Interned[]): (readonly [ReadonlySet<string>, number])[] {
  const counts = new Map<Interned, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return [...counts].map(([{ symbols }, runs]) => [new Set(symbols), runs]);
}

interface Asked {
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

/**
 * True where a text speaks of things that were not among what was learned: a kind of task that came later, or so seldom
 * that no trace of it was kept. Then nothing is judged, and that says nothing against a procedure that is as strange.
 */
export function isStrange(learned: Learned, text: string, sure: number): boolean {
  const features = toFeatures(text);
  const chooser = toChooser(learned);
  return !isFamiliar(learned, features, chooser.ask(features).near[0]?.likeness ?? 0, sure);
}

function toChooser(learned: Learned): Chooser {
  const chooser = choosers.get(learned) ?? new Chooser(learned.knowledge, learned.presence);
  choosers.set(learned, chooser);
  return chooser;
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
