/**
 * What an episode tried, kept small: its calls without values but for the words they chose, so that their symbols can be
 * told again once it is known which key tells a tool's calls apart. What is unpacked is what was packed.
 */
import type { Line } from '../line.ts';
import type { Stock } from '../stock.ts';
import type { CallSymbol } from '../symbol.ts';
import type { Choice } from './choices.ts';

/** A call as it was tried. */
export interface TriedCall {
  /** Its symbol by name alone. */
  readonly plain: CallSymbol;
  readonly choices: readonly Choice[];
  readonly error: boolean;
  /** True where a result asked for it. */
  readonly led: boolean;
}

export interface Tried {
  readonly line: Line;
  /** A letter for each call: what became of it. */
  readonly fates: string;
  readonly choices: string;
}

/** Undefined where no call chose a word: its symbols never change. `line` is what succeeded, as it is told. */
export function packTried(calls: readonly TriedCall[], line: Line, stock: Stock): Tried | undefined {
  if (calls.every(({ choices }) => choices.length === 0)) return undefined;
  const isLine =
    line.symbols.length === calls.length && calls.every(({ plain }, at) => line.symbols[at]?.id === plain.id);
  return {
    line: isLine ? stock.shareLine(line) : stock.line(calls.map(({ plain }) => plain)),
    fates: stock.text(calls.map(({ error, led }) => (error ? 'e' : led ? 'l' : 'd')).join('')),
    choices: stock.text(JSON.stringify(calls.map(({ choices }) => choices))),
  };
}

/** What `packTried` was given. */
export function unpackTried({ line, fates, choices }: Tried): TriedCall[] {
  const all = JSON.parse(choices) as Choice[][];
  return line.symbols.map((plain, at) => ({
    plain,
    choices: all[at] ?? [],
    error: fates[at] === 'e',
    led: fates[at] === 'l',
  }));
}
