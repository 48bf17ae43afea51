/**
 * Where an argument's value may come from when a call is made: the words of the task, earlier arguments, earlier results.
 * Learning and serving look at the same state, so what was counted is what is done.
 */
import { type Leaf, type Primitive, toLeaves } from '../leaves.ts';
import { isRedacted, toHiddenKind } from '../terms.ts';
import { toComparable, toValueClass } from '../texts.ts';

export const stateBounds = {
  argsMax: 30,
  resultMax: 160,
  mentionsMax: 160,
  callsMax: 30,
  textMax: 160,
} as const;

/** A word or phrase of the task with what stands before it. */
export interface Mention {
  readonly value: string;
  readonly kind: string;
  /** The word before, and the two before. */
  readonly after: string;
  readonly afterTwo: string;
}

/** A value with its path; places in lists and keys that are values stand as `*`. */
export interface StateLeaf {
  readonly path: string;
  readonly value: Primitive;
  /** Equal for the leaves of one element of a list. */
  readonly element: string;
}

export interface StateCall {
  readonly tool: string;
  readonly args: readonly StateLeaf[];
  readonly results: readonly StateLeaf[];
}

export interface BindingState {
  readonly text: string;
  readonly mentions: readonly Mention[];
  readonly calls: readonly StateCall[];
}

/** How values are compared: lower case, numbers as numbers. */
export function toNormal(value: Primitive): string {
  const text = toComparable(String(value));
  const number = Number(text);
  return text !== '' && Number.isFinite(number) ? String(number) : text;
}

/** A call with its arguments and what it brought. */
export function toStateCall(tool: string, args: unknown, result: unknown): StateCall {
  return {
    tool,
    args: toStateLeaves(toLeaves(args, stateBounds.argsMax)),
    results: toStateLeaves(toLeaves(result, stateBounds.resultMax)),
  };
}

function toStateLeaves(leaves: readonly Leaf[]): StateLeaf[] {
  return leaves
    .filter(
      ({ value }) =>
        typeof value !== 'string' || (value.length <= stateBounds.textMax && isComparable(value)),
    )
    .map(({ path, value }) => {
      const general = path.map((part) => (isName(part) ? part : '*'));
      const last = general.lastIndexOf('*');
      return { path: general.join('/'), value, element: last < 0 ? '' : path.slice(0, last + 1).join('/') };
    });
}

/** What was hidden whole is equal wherever it stands; of a text with a hole in it nobody can say. */
const isComparable = (text: string) => !isRedacted(text) || toHiddenKind(text) !== undefined;

/** Keys that are ids or places name no field. */
function isName(part: string): boolean {
  return /^[A-Za-z_$][\w$.-]{0,60}$/.test(part) && !/\d{3,}/.test(part);
}

const tokens =
  /"([^"\n]{1,80})"|'([^'\n]{2,80})'(?!\w)|\[redacted:[a-z0-9]{1,20}:[0-9a-f]{8,16}\]|(?:(?!\[redacted:)[^\s"()“”,;])+/gu;

/** The words of a task, and what stands in quotes. */
export function toMentions(task: string): Mention[] {
  const mentions: Mention[] = [];
  let after = '';
  let before = '';
  for (const match of task.slice(0, 2_000).matchAll(tokens)) {
    const quoted = match[1] ?? match[2];
    const said = quoted ?? match[0];
    const value = toHiddenKind(said) === undefined ? said.replace(/^['{[(]+|[.:!?'\]})]+$/g, '') : said;
    if (value === '') continue;
    const kind = quoted === undefined ? toValueClass(value) : 'quoted';
    mentions.push({ value, kind, after, afterTwo: `${before} ${after}` });
    if (mentions.length >= stateBounds.mentionsMax) break;
    before = after;
    after = quoted === undefined && kind === 'word' ? value.toLowerCase() : kind;
  }
  return mentions;
}

/** What is there before a call is made. */
export function toState(task: string, calls: readonly StateCall[]): BindingState {
  return { text: task, mentions: toMentions(task), calls: calls.slice(-stateBounds.callsMax) };
}
