/**
 * What a procedure's steps are, read off some of its cases: who takes which step, where arguments come from, what calls
 * for it, which calls prove it. It is the same for the same cases, so that it need not be read again while those stay.
 */
import type { LearnedSop, ProcedureStep } from '../../machines/words/sops.ts';
import { toLines } from '../../machines/words/step-lines.ts';
import type { Alignment } from './align.ts';
import { bind } from './bind.ts';
import { bounds } from './bounds.ts';
import { type Case, compareCases } from './case.ts';
import { toTrigger } from './trigger.ts';

/** What is read; what a step requires is not, since that changes with every failure. */
export type Reading = Pick<
  LearnedSop,
  'trigger' | 'triggerFrom' | 'wordings' | 'steps' | 'procedure' | 'evidence'
>;

/** Reads the steps off these members. `shared` asks for two principals behind a constant. */
export function read(members: readonly Case[], alignment: Alignment, shared: boolean): Reading {
  const symbols = toSymbols(members);
  const toolOf = (symbol: string) => symbols.get(symbol)?.tool ?? symbol;
  const tools = alignment.steps.map((step) => toolOf(step.symbol));
  const bindings = bind(members, alignment, tools, shared);
  const procedure = alignment.steps.map((step, at): ProcedureStep => ({
    tool: tools[at] ?? step.symbol,
    optional: step.optional,
    repeated: step.repeated,
    alternatives: [...new Set(step.alternatives.map(toolOf))].filter((tool) => tool !== tools[at]),
    support: step.support,
    args: bindings[at] ?? {},
  }));
  const programs = alignment.steps.map((step) => symbols.get(step.symbol)?.program ?? '');
  return {
    ...toTrigger(members, alignment.steps, toolOf),
    steps: toLines(procedure, programs),
    procedure,
    evidence: toEvidence(members, alignment),
  };
}

/** The members that steps are read off. */
export function toRead(members: readonly Case[]): readonly Case[] {
  return takeFew(members.slice(0, countRead(members.length)), bounds.membersMax);
}

/** Whether the same is read off these members as off those. */
export function readsAlike(before: readonly Case[], now: readonly Case[]): boolean {
  const count = countRead(now.length);
  if (count !== countRead(before.length)) return false;
  for (let at = count - 1; at >= 0; at -= 1) if (before[at] !== now[at]) return false;
  return true;
}

/**
 * How many of so many members are looked at. Of few every one; of many one more says little, and reading all of them again
 * for it would cost the more the longer a namespace lives: then a sixteenth of them is waited for, at most.
 */
function countRead(members: number): number {
  let step = 1;
  while (step < bounds.readStepMax && members >= step * 2 * bounds.readShare) step *= 2;
  return members - (members % step);
}

/**
 * At most so many cases, in order of time: of each wording of each principal the newest, since a job that runs every hour
 * must not drown what people asked for; where those are too many, by lot; where too few, the newest of the rest.
 */
export function takeFew(cases: readonly Case[], max: number): readonly Case[] {
  if (cases.length <= max) return cases;
  const newest = new Map<string, Case>();
  for (const one of cases) newest.set(`${one.principal}\n${one.wordingKey}`, one);
  const first = [...newest.values()].sort((a, b) => a.lot - b.lot || compareCases(a, b)).slice(0, max);
  const taken = new Set(first);
  for (const one of cases.toReversed()) {
    if (taken.size >= max) break;
    taken.add(one);
  }
  return [...taken].sort(compareCases);
}

function toSymbols(
  members: readonly Case[],
): Map<string, { readonly tool: string; readonly program: string }> {
  const symbols = new Map<string, { readonly tool: string; readonly program: string }>();
  for (const one of members) {
    for (const symbol of one.line.symbols) if (!symbols.has(symbol.id)) symbols.set(symbol.id, symbol);
  }
  return symbols;
}

/** The calls behind the steps, of the newest episodes, newest last. */
function toEvidence(members: readonly Case[], alignment: Alignment): string[] {
  const ids: string[] = [];
  for (const one of members.toReversed()) {
    const { callIds, line } = one;
    const calls = alignment
      .placesOf(one.sequence)
      .flatMap((place) => callIds[line.places[place] ?? -1] ?? []);
    ids.push(...calls.toReversed());
    if (ids.length >= bounds.evidenceMax) break;
  }
  return ids.slice(0, bounds.evidenceMax).toReversed();
}
