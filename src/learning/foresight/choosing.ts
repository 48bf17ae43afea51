/**
 * Which procedure fits a task: the one with the least expected loss. What near tasks did votes by likeness, what the
 * task's words ask for has a say as well; a procedure is worth what it may expect to have in common with both.
 */
import { createSequenceBook, type Interned, likeness, type SequenceBook } from '../likeness.ts';
import type { Near, Run } from './documents.ts';
import type { Knowledge } from './knowledge.ts';
import type { Presence } from './presence.ts';
import type { Features } from './wording-features.ts';

/** How neighbours and words are weighed; chosen by backtest. */
export interface ChoosingSettings {
  /** Sharpness: (likeness / best) ^ (power x best). Where even the nearest task is far, many have a say. */
  readonly power: number;
  readonly words: number;
}

export const firstChoosing: ChoosingSettings = { power: 4, words: 0.4 };
export const choosingBounds = { nearMax: 30, runsMax: 120, candidatesMax: 60 } as const;

/** A task as choosing sees it. */
export interface Question {
  readonly near: readonly Near[];
  readonly wanted: ReadonlyMap<string, number>;
  readonly wantedSum: number;
}

/** What is known about a fit, for calibrating it. */
export interface Fit {
  /** The score that the procedure may expect, 0 to 1. */
  readonly expected: number;
  /** The same from neighbours alone, and from words alone. */
  readonly byNear: number;
  readonly byWords: number;
  /** Likeness of the nearest task. */
  readonly nearest: number;
}

/** The tool of a symbol. */
export const toTool = (symbol: string) => symbol.slice(0, symbol.lastIndexOf('\n'));

export class Chooser {
  readonly #book: SequenceBook = createSequenceBook();
  readonly #lines = new WeakMap<Run, Interned>();
  readonly #knowledge: Knowledge;
  readonly #presence: Presence;

  constructor(knowledge: Knowledge, presence: Presence) {
    this.#knowledge = knowledge;
    this.#presence = presence;
  }

  /** Looks at a task. */
  ask(features: Features): Question {
    const near = this.#knowledge.documents.near(features, choosingBounds.nearMax);
    const wanted = this.#presence.ask(features);
    let wantedSum = 0;
    for (const chance of wanted.values()) wantedSum += chance;
    return { near, wanted, wantedSum };
  }

  /** Tools as a line that can be compared. */
  intern(tools: readonly string[]): Interned {
    return this.#book.intern(tools);
  }

  lineOf(run: Run): Interned {
    const known = this.#lines.get(run);
    if (known !== undefined) return known;
    const line = this.#book.intern(run.symbols.map((at) => toTool(this.#knowledge.symbols[at] ?? '\n')));
    this.#lines.set(run, line);
    return line;
  }

  /** What every neighbour's line weighs. */
  votes({ near }: Question, { power }: ChoosingSettings): Map<Interned, number> {
    const best = near[0]?.likeness ?? 0;
    const votes = new Map<Interned, number>();
    let total = 0;
    for (const { document, likeness: own } of near) {
      const weight = (own / best) ** (power * best);
      const sum = document.runs.reduce((all, run) => all + run.weight, 0) || 1;
      for (const run of document.runs) {
        const line = this.lineOf(run);
        votes.set(line, (votes.get(line) ?? 0) + (weight * run.weight) / sum);
      }
      total += weight;
    }
    const kept = [...votes].sort((a, b) => b[1] - a[1]).slice(0, choosingBounds.runsMax);
    return new Map(kept.map(([line, weight]) => [line, weight / Math.max(1e-9, total)]));
  }

  /** How well a line fits. */
  fit(
    question: Question,
    votes: ReadonlyMap<Interned, number>,
    line: Interned,
    settings: ChoosingSettings,
  ): Fit {
    let byNear = 0;
    for (const [other, weight] of votes) byNear += weight * this.#book.likeness(line, other);
    return toFit(question, line.symbols, byNear, settings);
  }

  /** The same for a line that is only tried: it is not remembered. */
  fitLine(
    question: Question,
    votes: ReadonlyMap<Interned, number>,
    line: readonly string[],
    settings: ChoosingSettings,
  ): Fit {
    let byNear = 0;
    for (const [other, weight] of votes) byNear += weight * likeness(line, other.symbols);
    return toFit(question, line, byNear, settings);
  }
}

function toFit(
  question: Question,
  line: readonly string[],
  byNear: number,
  { words }: ChoosingSettings,
): Fit {
  const byWords = toExpectedF1(question, line);
  const nearest = question.near[0]?.likeness ?? 0;
  return { expected: (1 - words) * byNear + words * byWords, byNear, byWords, nearest };
}

/** Expected overlap of a line's tools with those that the words ask for. */
export function toExpectedF1({ wanted, wantedSum }: Question, tools: readonly string[]): number {
  const own = new Set(tools);
  let shared = 0;
  for (const tool of own) shared += wanted.get(tool) ?? 0;
  return own.size + wantedSum === 0 ? 0 : Math.min(1, (2 * shared) / (own.size + wantedSum));
}
