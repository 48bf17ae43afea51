/**
 * A part as a procedure of its own: tasks are cut down to the calls of the part and derived from as if these were all that
 * had been done. So its bindings, constants and confidence obey the rules of every procedure. Where a value came from
 * outside of the part is forgotten: it has to be given.
 */
import { toStableId } from '../../../machines/words/ids.ts';
import { toLines, toProgramOf } from '../../../machines/words/step-lines.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { type Case, compareCases, releaseDone, toCutCase } from '../case.ts';
import { deriveSop, type DeriveOptions } from '../derive.ts';
import type { Argument, Source } from '../sources.ts';
import { toCallNames } from '../trigger.ts';
import type { Done, LineStep } from './parent.ts';
import { partBounds } from './part-bounds.ts';

/** The id of a part: it is what its steps are, whoever goes through them. */
export function toPartId(namespace: string, run: readonly LineStep[]): string {
  const symbols = run.map(({ symbol, repeated }) => (repeated ? `* ${symbol}` : symbol));
  return toStableId('sop', namespace, 'part', ...symbols);
}

/** What a part is called: the words of its tools. */
export function toPartName(run: readonly LineStep[]): string {
  return (toCallNames(run).join(', ') || 'calls').slice(0, partBounds.nameMax).toWellFormed();
}

const cuts = new WeakMap<Case, Map<string, Case>>();

/** A task as far as it belongs to a part; the same task and part always give the same object. */
export function cut(
  { one, calls }: Done,
  from: number,
  run: readonly LineStep[],
  book: DeriveOptions['book'],
): Case {
  const taken = calls.slice(from, from + run.length);
  const symbols = run.map(({ symbol }) => symbol);
  const known = cuts.get(one) ?? new Map<string, Case>();
  cuts.set(one, known);
  const key = `${taken.join(' ')} ${symbols.join('\n')}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const places = new Map(taken.map((call, at) => [call, at]));
  const tools = new Set(run.map(({ tool }) => tool));
  const all = one.calls;
  const own = taken.flatMap((call) => {
    const each = all[call];
    return each === undefined ? [] : [{ ...each, args: each.args.map((arg) => reseat(arg, places)) }];
  });
  const pitfalls = one.pitfalls.filter(({ tool }) => tools.has(tool));
  const made = toCutCase(one, { calls: own, sequence: book.intern(symbols), pitfalls }, book);
  known.set(key, made);
  return made;
}

/** Says that nobody has a task any more: nor has anybody what was cut out of it. */
export function releaseCuts(one: Case, book: DeriveOptions['book']): void {
  for (const made of cuts.get(one)?.values() ?? []) releaseDone(made, book);
  cuts.delete(one);
}

function reseat(argument: Argument, places: ReadonlyMap<number, number>): Argument {
  const sources = argument.sources.flatMap((source): Source[] => {
    if (source.from === 'task') return [source];
    const call = places.get(source.call);
    return call === undefined ? [] : [{ ...source, call }];
  });
  return { ...argument, sources };
}

/** The procedure of a part, without those that refer to it. */
export function derivePart(
  members: readonly Case[],
  run: readonly LineStep[],
  options: DeriveOptions,
): LearnedSop | undefined {
  const cluster = {
    at: -1,
    members: members.toSorted(compareCases),
    failures: [],
    asked: [],
    slot: -1,
    terms: [],
    sequences: undefined,
  };
  const sop = deriveSop(cluster, options)?.sop;
  if (sop === undefined) return undefined;
  // Only whole tasks tell what is required of what.
  const procedure = sop.procedure.map(({ requires: _requires, ...step }, at) => ({
    ...step,
    repeated: run[at]?.repeated === true,
  }));
  const programs = sop.steps.map(toProgramOf);
  return { ...sop, sopId: toPartId(options.namespace, run), procedure, steps: toLines(procedure, programs) };
}
