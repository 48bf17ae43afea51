/**
 * What recurs inside procedures: runs of required steps that several different procedures go through become procedures of
 * their own, and the steps say so. A parent keeps its own steps. The book is brought up to date for the procedures that
 * changed alone; what it says is a function of the procedures that it knows, and of nothing that was there before.
 */
import type { LearnedSop, PartReference } from '../../../machines/words/sops.ts';
import type { Case } from '../case.ts';
import type { SequenceBook } from '../likeness.ts';
import { Few } from './few.ts';
import { cut, derivePart, toPartId, toPartName } from './cut.ts';
import type { LineStep, Parent } from './parent.ts';
import { partBounds } from './part-bounds.ts';

export interface PartBook {
  /** Notes a procedure by the number of its cluster; undefined where there is none (any more). */
  put(at: number, parent: Parent | undefined): void;
  /** Brings parts and references up to date, and says of which clusters the references changed. */
  refresh(shared: boolean): ReadonlySet<number>;
  /** The procedure with what its steps are parts of; the same object as long as that stays the same. */
  refer(at: number, sop: LearnedSop): LearnedSop;
  /** The parts that changed since the last call, by what they are; undefined where there is none any more. */
  takeChanged(): ReadonlyMap<string, LearnedSop | undefined>;
}

interface Reference {
  readonly run: Run;
  readonly from: number;
}

/** Distinct required steps, and the procedures that have them. */
interface Line {
  readonly key: string;
  readonly steps: readonly LineStep[];
  /** Where each of its runs begins for the first time. */
  readonly starts: ReadonlyMap<Run, number>;
  readonly parents: Map<number, Parent>;
  references: readonly Reference[];
}

/** Steps in a row that some line has. */
interface Run {
  readonly key: string;
  readonly steps: readonly LineStep[];
  readonly lines: Few<Line>;
  /** Lines that refer to it. */
  readonly users: Few<Line>;
  recurs: boolean;
  part: Made | undefined;
}

interface Made {
  readonly members: readonly Case[];
  readonly shared: boolean;
  readonly base: LearnedSop | undefined;
  readonly sop: LearnedSop | undefined;
}

/** An empty book. */
export function createPartBook(options: {
  readonly namespace: string;
  readonly book: SequenceBook;
}): PartBook {
  return new LivePartBook(options.namespace, options.book);
}

class LivePartBook implements PartBook {
  readonly #namespace: string;
  readonly #book: SequenceBook;
  readonly #parents = new Map<number, { readonly parent: Parent; readonly line: Line }>();
  readonly #lines = new Map<string, Line>();
  readonly #runs = new Map<string, Run>();
  /** Runs of which something changed, and lines whose references are to be chosen. */
  readonly #touched = new Set<Run>();
  readonly #open = new Set<Line>();
  #changed = new Map<string, LearnedSop | undefined>();
  readonly #referred = new WeakMap<LearnedSop, { references: Line['references']; sop: LearnedSop }>();

  constructor(namespace: string, book: SequenceBook) {
    this.#namespace = namespace;
    this.#book = book;
  }

  takeChanged(): ReadonlyMap<string, LearnedSop | undefined> {
    const taken = this.#changed;
    this.#changed = new Map();
    return taken;
  }

  put(at: number, parent: Parent | undefined): void {
    const before = this.#parents.get(at);
    if (before !== undefined) this.#take(at, before.line);
    if (parent === undefined) return;
    const key = toKey(parent.line);
    const line = this.#lines.get(key) ?? this.#begin(key, parent.line);
    line.parents.set(at, parent);
    this.#parents.set(at, { parent, line });
    for (const run of line.starts.keys()) this.#touched.add(run);
  }

  refresh(shared: boolean): ReadonlySet<number> {
    const changed = new Set<number>();
    for (const run of this.#touched) {
      const recurs = recursIn(run.lines);
      if (recurs === run.recurs) continue;
      run.recurs = recurs;
      for (const line of run.lines) this.#open.add(line);
    }
    for (const line of this.#open)
      if (line.parents.size > 0 && this.#choose(line)) for (const at of line.parents.keys()) changed.add(at);
    this.#open.clear();
    for (const run of this.#touched) {
      const before = run.part?.sop;
      this.#make(run, shared);
      if (run.part?.sop !== before) this.#changed.set(run.key, run.part?.sop);
    }
    this.#touched.clear();
    return changed;
  }

  refer(at: number, sop: LearnedSop): LearnedSop {
    const known = this.#parents.get(at);
    if (known === undefined || known.line.references.length === 0) return sop;
    const { references } = known.line;
    const made = this.#referred.get(sop);
    if (made?.references === references) return made.sop;
    const parts = new Map<number, PartReference>();
    for (const { run, from } of references) {
      const reference = { sop_id: toPartId(this.#namespace, run.steps), name: toPartName(run.steps) };
      run.steps.forEach((_, step) =>
        parts.set(known.parent.places[from + step] ?? -1, { ...reference, step }),
      );
    }
    const procedure = sop.procedure.map((step, place) => {
      const part = parts.get(place);
      return part === undefined ? step : { ...step, part };
    });
    const referring = { ...sop, procedure };
    this.#referred.set(sop, { references, sop: referring });
    return referring;
  }

  #begin(key: string, steps: readonly LineStep[]): Line {
    const starts = new Map<Run, number>();
    const line: Line = { key, steps, starts, parents: new Map(), references: [] };
    for (const [from, length] of toStretches(steps.length)) {
      const run = this.#toRun(steps.slice(from, from + length));
      if (!starts.has(run)) starts.set(run, from);
      run.lines.add(line);
    }
    this.#lines.set(key, line);
    this.#open.add(line);
    return line;
  }

  #toRun(steps: readonly LineStep[]): Run {
    const key = toKey(steps);
    const run = this.#runs.get(key) ?? {
      key,
      steps,
      lines: new Few(),
      users: new Few(),
      recurs: false,
      part: undefined,
    };
    this.#runs.set(key, run);
    return run;
  }

  #take(at: number, line: Line): void {
    this.#parents.delete(at);
    line.parents.delete(at);
    for (const run of line.starts.keys()) this.#touched.add(run);
    if (line.parents.size > 0) return;
    this.#lines.delete(line.key);
    for (const run of line.starts.keys()) {
      run.lines.delete(line);
      run.users.delete(line);
    }
  }

  /** The longest first, none inside another one; what is the whole line is no part of it. Says whether they changed. */
  #choose(line: Line): boolean {
    const taken = line.steps.map(() => false);
    const references: Reference[] = [];
    const stretches = toStretches(line.steps.length).sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    for (const [from, length] of stretches) {
      if (length === line.steps.length || taken.slice(from, from + length).includes(true)) continue;
      const run = this.#runs.get(toKey(line.steps.slice(from, from + length)));
      if (run?.recurs !== true) continue;
      taken.fill(true, from, from + length);
      references.push({ run, from });
    }
    const before = line.references;
    if (isSameList(before, references, (a, b) => a.run === b.run && a.from === b.from)) return false;
    for (const { run } of before) {
      run.users.delete(line);
      this.#touched.add(run);
    }
    for (const { run } of references) {
      run.users.add(line);
      this.#touched.add(run);
    }
    line.references = references;
    return true;
  }

  #make(run: Run, shared: boolean): void {
    if (run.lines.size === 0) this.#runs.delete(run.key);
    if (run.users.size === 0) {
      run.part = undefined;
      return;
    }
    const members = this.#toMembers(run);
    const before = run.part;
    const isSame = before?.shared === shared && isSameList(before.members, members, (a, b) => a === b);
    const options = { namespace: this.#namespace, shared, book: this.#book };
    const base = isSame ? before.base : derivePart(members, run.steps, options);
    const partOf = toUsers(run);
    const next = base === undefined ? undefined : { ...base, ...toBorne(base, run), partOf };
    const isKept = isSame && isSamePart(before.sop, next);
    run.part = { members, shared, base, sop: isKept ? before.sop : next };
  }

  /** Of each distinct task the calls that belong to the part. */
  #toMembers(run: Run): readonly Case[] {
    const all = [...run.lines].flatMap((line) =>
      [...line.parents.values()].map((parent) => ({ parent, from: line.starts.get(run) ?? 0 })),
    );
    all.sort((a, b) => a.parent.lot - b.parent.lot || (a.parent.sop.sopId < b.parent.sop.sopId ? -1 : 1));
    const tasks = new Map<number, Case>();
    all.forEach(({ parent, from }, at) => {
      if (at >= partBounds.parentsReadMax && tasks.size >= partBounds.tasksMin) return;
      for (const done of parent.tasks) {
        const { wordingKey } = done.one;
        if (!tasks.has(wordingKey)) tasks.set(wordingKey, cut(done, from, run.steps, this.#book));
      }
    });
    return [...tasks.values()];
  }
}

/** Where runs begin, and their lengths. */
function toStretches(length: number): (readonly [from: number, length: number])[] {
  const { stepsMin, stepsMax } = partBounds;
  const stretches: (readonly [number, number])[] = [];
  for (let from = 0; from + stepsMin <= length; from += 1)
    for (let steps = stepsMin; steps <= stepsMax && from + steps <= length; steps += 1)
      stretches.push([from, steps]);
  return stretches;
}

function toKey(steps: readonly LineStep[]): string {
  return steps.map(({ symbol, repeated }) => (repeated ? `* ${symbol}` : symbol)).join('\n');
}

/** Whether enough different procedures were done that way, in enough distinct tasks. */
function recursIn(lines: Few<Line>): boolean {
  if (lines.size < partBounds.proceduresMin) return false;
  const tasks = new Set<number>();
  for (const { parents } of lines) {
    for (const parent of parents.values()) {
      for (const { one } of parent.tasks) tasks.add(one.wordingKey);
      if (tasks.size >= partBounds.tasksMin) return true;
    }
  }
  return false;
}

function toUsers(run: Run): readonly string[] {
  const ids = [...run.users].flatMap(({ parents }) => [...parents.values()].map(({ sop }) => sop.sopId));
  return ids.sort().slice(0, partBounds.partOfMax);
}

/** It failed wherever its procedures did, which is counted there: it is no surer than the surest of them, nor in use without one. */
function toBorne({ confidence, status }: LearnedSop, run: Run): Pick<LearnedSop, 'confidence' | 'status'> {
  const parents = [...run.users].flatMap((line) => [...line.parents.values()].map(({ sop }) => sop));
  const isBorne = status !== 'active' || parents.some((parent) => parent.status === 'active');
  return {
    confidence: Math.min(confidence, Math.max(...parents.map((parent) => parent.confidence))),
    status: isBorne ? status : 'shadow',
  };
}

function isSamePart(one: LearnedSop | undefined, other: LearnedSop | undefined): boolean {
  return (
    one?.confidence === other?.confidence &&
    one?.status === other?.status &&
    isSameList(one?.partOf ?? [], other?.partOf ?? [], (a, b) => a === b)
  );
}

function isSameList<One>(a: readonly One[], b: readonly One[], same: (a: One, b: One) => boolean): boolean {
  return (
    a.length === b.length &&
    a.every((one, at) => {
      const other = b[at];
      return other !== undefined && same(one, other);
    })
  );
}
