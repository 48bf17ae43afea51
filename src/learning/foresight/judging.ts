/**
 * Judging procedures for a task: each gets the probability that it is right, by what backtests showed. Nothing is judged
 * before enough tasks are known; then whoever asks falls back on what the procedure says of itself (`arranging.ts`).
 */
import { type Arranged, fitAll, type Judged } from './arranging.ts';
import { calibrate } from './calibration.ts';
import { toChooser } from './chooser.ts';
import { isFamiliar } from './familiar.ts';
import type { Interned } from '../likeness.ts';
import type { Learned } from './training.ts';
import { toFeatures } from './wording-features.ts';

export interface Judgement<Procedure extends Judged> extends Arranged<Procedure> {
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

/** From this likeness on a known task resembles another. */
export const alikeMin = 0.2;

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
  return fitAll(chooser, procedures, { question, votes, settings: choosing.settings })
    .slice(0, limit)
    .map(({ procedure, tools, kept, fit }) => ({
      procedure,
      tools,
      kept,
      expected: fit.expected,
      ...toCertainty({
        tools,
        promised: calibrate(choosing.curve, fit),
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
