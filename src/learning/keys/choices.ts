/**
 * What a call chose: the words that stand in its arguments, as `action: close` does. Ids, numbers, paths, names, texts and
 * whatever an argument named like a secret holds are no choices, so that none of them can become part of a symbol.
 */
import { secretive } from '../foresight/binding-book.ts';
import { isPlainObject, type CallSymbol } from '../symbol.ts';
import { isIdLike } from '../terms.ts';

/** Where a chosen word may have come from: nowhere but the agent, an earlier result, the task. */
export type Origin = 'own' | 'result' | 'task';

/** A word in an argument of the first level. */
export type Choice = readonly [key: string, word: string, origin: Origin];

/** What gives calls their symbols. */
export interface Keys {
  /** The symbol of a call that chose these words. */
  tell(
    this: void,
    plain: CallSymbol,
    choices: readonly (readonly [key: string, word: string, ...rest: unknown[]])[],
  ): CallSymbol;
}

/** A key that tells the calls of a tool apart, and the words that stand in it. */
export interface ArgumentKey {
  readonly tool: string;
  readonly key: string;
  readonly words: readonly string[];
}

/** No tool has a key that tells its calls apart. */
export const noKeys: Keys = { tell: (plain) => plain };

/** Choices of one call, and keys of one call that are looked at. */
const choiceBounds = { choicesMax: 6, keysMax: 40 } as const;

/** One or a few small words, or one in capitals: `close`, `get_user`, `add-label`, `DELETE`. Names begin with a capital. */
const word = /^(?:[a-z]{2,}(?:[A-Z][a-z]+)*(?:[_-][a-z]+){0,3}|[A-Z]{2,}(?:_[A-Z]+){0,3})$/;
const wordMax = 32;
const name = /^[A-Za-z_$][\w$-]{0,40}$/;

/** The choices of a call, in the order of their keys; none for what runs a program, which says more. */
export function toChoices(
  args: unknown,
  { program, keys }: Pick<CallSymbol, 'program' | 'keys'>,
): readonly (readonly [string, string])[] {
  if (program !== '' || keys.length > choiceBounds.keysMax || !isPlainObject(args)) return none;
  const choices: (readonly [string, string])[] = [];
  for (const key of keys) {
    const value = args[key];
    if (typeof value !== 'string' || !isWord(value) || !name.test(key) || secretive.test(key)) continue;
    choices.push([key, value]);
    if (choices.length === choiceBounds.choicesMax) break;
  }
  return choices;
}

const none: readonly never[] = [];

const isWord = (value: string) => value.length <= wordMax && word.test(value) && !isIdLike(value);
