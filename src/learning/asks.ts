/** What of a step's arguments has to be asked for, in the words that a step has for it; values themselves are never told. */
import type { Binding } from '../../machines/words/sops.ts';
import type { Primitive } from './leaves.ts';
import { toValueClass } from './texts.ts';

/** An argument as one episode filled it. */
interface Asked {
  readonly argument: { readonly value: Primitive | undefined };
}

/**
 * What the program of a step says of what has to be asked for: of each argument of a shell-like tool what it is for; of a
 * key that tells the calls of a tool apart its word, and nothing of the others.
 */
export function toHints(
  fillings: ReadonlyMap<string, readonly Asked[]>,
  symbol: string,
): (own: readonly Asked[]) => string {
  const program = symbol.includes(' ') ? symbol.slice(symbol.indexOf(' ') + 1) : '';
  const isWord = (own: readonly Asked[]) => own.every(({ argument }) => argument.value === program);
  if (program === '' || ![...fillings.values()].some(isWord)) return () => program;
  return (own) => (isWord(own) ? program : '');
}

/** What has to be asked for: what the program says, else the class of value, if all agree. */
export function toAsk(fillings: readonly Asked[], hint: string): Binding {
  const classes = new Set(
    fillings.map(({ argument: { value } }) => (value === undefined ? 'text' : toKind(value))),
  );
  const selector = hint === '' ? (classes.size === 1 ? [...classes][0] : undefined) : hint;
  return { from: 'ask', ...(selector === undefined ? {} : { selector }), support: 1 };
}

function toKind(value: Primitive): string {
  if (typeof value === 'string') return toValueClass(value);
  return value === null ? 'nothing' : typeof value;
}
