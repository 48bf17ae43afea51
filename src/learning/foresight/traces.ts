/**
 * What foresight keeps of an episode: the words of its task and, for each call, its symbol and marks of arguments and
 * result, all as numbers that cannot be read back. Errors stay in: what follows a failure is worth knowing.
 */
import type { Episode, EpisodeCall } from '../../../machines/words/episodes.ts';
import { bounds } from '../bounds.ts';
import { toLeaves } from '../leaves.ts';
import { findLed } from '../led.ts';
import { toSymbol } from '../symbol.ts';
import { toWordingKey } from '../terms.ts';
import type { BindingCase } from './binding-book.ts';
import { hashText } from './hashing.ts';
import { toMarks, toTelling } from './marks.ts';
import { toCallsWording, toChoiceMarks, toSymbolText } from './naming.ts';
import { type Features, toFeatures } from './wording-features.ts';

export const traceBounds = {
  stepsMax: 60,
  marksMax: 14,
  listValuesMax: 200,
  leavesMax: 120,
  subjectsMax: 3,
} as const;

/** A call as foresight sees it. */
export interface TraceStep {
  readonly symbol: string;
  /** The result's shape first, then its telling fields and those of the arguments. */
  readonly marks: readonly number[];
  /** How many values of lists in earlier results no call has used yet, in steps of a few; and whether this call used one. */
  readonly unused: number;
}

/** A step by the name of its tool alone, and the words that it chose, so that it can be named anew (see naming.ts). */
export interface KeptStep extends TraceStep {
  readonly choices: readonly number[];
}

/** How far a trace is believed, by how its episode ended; of a failure little more than what agents do next. */
export const beliefs = { success: 1, unknown: 0.9, failure: 0.1 } as const;

/** False for what went wrong: it is no example of how a task is done. */
export const wentWell = ({ weight }: Pick<Trace, 'weight'>): boolean => weight > beliefs.failure;

export interface Trace {
  readonly id: string;
  /** Its place in an order that has nothing to do with time: who is kept where there are too many. */
  readonly lot: number;
  /** Equal for equal wordings. */
  readonly wording: number;
  /** Shared where the same case was worked on, be it in other words. */
  readonly subjects: readonly number[];
  readonly features: Features;
  readonly steps: readonly TraceStep[];
  /** How far it is believed. */
  readonly weight: number;
  /** Where its arguments may have come from; of a sample only, and never stored. */
  readonly cases: readonly BindingCase[];
}

/** A trace as it is kept, whatever keys are known. */
export interface KeptTrace extends Trace {
  readonly steps: readonly KeptStep[];
  /** False where its wording is made of its calls. */
  readonly stated: boolean;
}

/** A call with what it brought, as it comes from an episode or from an agent. */
export interface SeenStep {
  readonly symbol: string;
  readonly args: unknown;
  readonly result: unknown;
  readonly error: boolean;
}

/** The symbol of a call: its tool and the program of shell-like ones. */
export function toSymbolName(call: Pick<EpisodeCall, 'name' | 'tool' | 'args'>): string {
  const { tool, program } = toSymbol(call);
  return toSymbolText(tool, program);
}

/** The trace of an episode; undefined for one without calls. */
export function toTrace(episode: Episode): KeptTrace | undefined {
  const led = findLed(episode);
  const calls = episode.calls.slice(0, bounds.callsMax).filter((call) => !led.has(call));
  if (calls.length === 0) return undefined;
  const isDoubtful = episode.outcome === 'unknown' && calls.at(-1)?.error === true;
  const seen = calls.slice(0, traceBounds.stepsMax).map((call): SeenStep => ({
    symbol: toSymbolName(call),
    args: call.args,
    result: call.result,
    error: call.error,
  }));
  const wording = toWordingKey(episode.task);
  return {
    id: episode.episodeId,
    lot: hashText(episode.episodeId),
    wording: wording === '' ? toCallsWording(seen) : hashText(wording),
    stated: wording !== '',
    subjects: toSubjects(seen),
    features: toFeatures(episode.task),
    steps: toTraceSteps(seen),
    weight: beliefs[isDoubtful ? 'failure' : episode.outcome],
    cases: [],
  };
}

/** The steps with their marks. */
export function toTraceSteps(seen: readonly SeenStep[]): KeptStep[] {
  const open = new Set<number>();
  return seen.map((step) => {
    const given = toLeaves(step.args, bounds.argumentLeavesMax);
    const brought = toLeaves(step.result, traceBounds.leavesMax);
    let used = 0;
    for (const value of toTelling(given, false)) if (open.delete(value)) used = 1;
    if (!step.error && open.size < traceBounds.listValuesMax)
      for (const value of toTelling(brought, true)) open.add(value);
    const unused = Math.min(4, open.size) * 2 + used;
    const marks = toMarks(step, brought, given).slice(0, traceBounds.marksMax);
    return { symbol: step.symbol, marks, unused, choices: toChoiceMarks(step.symbol, step.args) };
  });
}

/** Who calls the same tools with the same arguments at first, as a customer's name or number, is about the same case. */
function toSubjects(seen: readonly SeenStep[]): number[] {
  return seen
    .slice(0, traceBounds.subjectsMax)
    .filter(({ args }) => toTelling(toLeaves(args, 20), false).length > 0)
    .map(({ symbol, args }) => hashText(`${symbol}\n${JSON.stringify(args).slice(0, 2_000)}`));
}
