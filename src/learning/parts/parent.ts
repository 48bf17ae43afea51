/**
 * A proven procedure as one in which parts are looked for: its required steps, and a few tasks of which each was done that
 * way. It is made once for each derivation and must never change.
 */
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { type Case, compareCases } from '../case.ts';
import type { Derivation } from '../derive.ts';
import { hashText } from '../foresight/hashing.ts';
import { createCounting } from '../score.ts';
import { partBounds } from './part-bounds.ts';

/** One required step. */
export interface LineStep {
  readonly symbol: string;
  readonly tool: string;
  readonly repeated: boolean;
}

/** A task that was done by all of the required steps. */
export interface Done {
  readonly one: Case;
  /** For each required step, the call that took it. */
  readonly calls: readonly number[];
}

export interface Parent {
  readonly sop: LearnedSop;
  /** Its place in an order that has nothing to do with time. */
  readonly lot: number;
  readonly line: readonly LineStep[];
  /** For each step of the line, its place in the procedure. */
  readonly places: readonly number[];
  /** Of each wording one. */
  readonly tasks: readonly Done[];
}

/** The procedure with its required steps; undefined where it is not proven or too short to have a part. */
export function toParent({ sop, alignment, members }: Derivation): Parent | undefined {
  if (sop.status !== 'active' && sop.status !== 'shadow') return undefined;
  const places = sop.procedure.flatMap(({ optional }, at) => (optional ? [] : [at]));
  if (places.length < partBounds.stepsMin) return undefined;
  const required = places.slice(0, partBounds.lineMax);
  const line = required.map((at) => ({
    symbol: alignment.steps[at]?.symbol ?? '',
    tool: sop.procedure[at]?.tool ?? '',
    repeated: sop.procedure[at]?.repeated === true,
  }));
  const tasks = new Map<number, Done>();
  const counts = createCounting(members, alignment);
  for (const one of members.toSorted((a, b) => a.lot - b.lot || compareCases(a, b))) {
    if (tasks.size >= partBounds.tasksOfOneMax) break;
    if (tasks.has(one.wordingKey) || !counts(one)) continue;
    const taken = alignment.placesOf(one.sequence);
    const calls = required.map((at) => one.line.places[taken[at] ?? -1] ?? -1);
    if (calls.every((call) => call >= 0)) tasks.set(one.wordingKey, { one, calls });
  }
  return { sop, lot: hashText(sop.sopId), line, places: required, tasks: [...tasks.values()] };
}
