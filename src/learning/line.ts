/** Lines of calls as cases share them: what was called, in order, without its values. Nothing of a line ever changes. */
import { bounds } from './bounds.ts';
import { Held } from './held.ts';
import { squeeze } from './squeeze.ts';
import type { CallSymbol } from './symbol.ts';

/** A symbol that lines share. */
export class StockSymbol extends Held implements CallSymbol {
  readonly id: string;
  readonly tool: string;
  readonly program: string;
  readonly keys: readonly string[];

  constructor(id: string, tool: string, program: string, keys: readonly string[]) {
    super();
    this.id = id;
    this.tool = tool;
    this.program = program;
    this.keys = keys;
  }
}

/** What was called, in order; equal lines of one learner are one. */
export class Line extends Held {
  readonly symbols: readonly CallSymbol[];
  /** The places that count: those of the sequence. */
  readonly places: readonly number[];
  #tools: readonly string[] | undefined;

  constructor(symbols: readonly CallSymbol[], places = toPlaces(symbols)) {
    super();
    this.symbols = symbols;
    this.places = places;
  }

  /** One list for all who ask; made for the first one, since nobody asks most lines. */
  get tools(): readonly string[] {
    return (this.#tools ??= this.symbols.map(({ tool }) => tool));
  }
}

/** A line of which every place counts, also where the same call comes many times in a row. */
export function toWholeLine(symbols: readonly CallSymbol[]): Line {
  return new Line(symbols, toAll(symbols.length));
}

/** Whether these are the same calls. */
export function areSame(some: readonly CallSymbol[], others: readonly CallSymbol[]): boolean {
  return some.length === others.length && some.every((one, at) => isSame(one, others[at]));
}

function isSame(one: CallSymbol, other: CallSymbol | undefined): boolean {
  if (one === other) return true;
  return (
    one.id === other?.id &&
    one.tool === other.tool &&
    one.program === other.program &&
    one.keys.length === other.keys.length &&
    one.keys.every((key, at) => key === other.keys[at])
  );
}

function toPlaces(symbols: readonly CallSymbol[]): readonly number[] {
  const places = squeeze(symbols.map(({ id }) => id));
  return places.length === symbols.length ? toAll(places.length) : places;
}

/** All places of so many: one list for all lines of that length. */
function toAll(length: number): readonly number[] {
  const known = all[length];
  if (known !== undefined) return known;
  const made = Array.from({ length }, (_, at) => at);
  if (length <= bounds.callsMax) all[length] = made;
  return made;
}

const all: (readonly number[])[] = [];
