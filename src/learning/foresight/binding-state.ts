/**
 * Where an argument's value may come from when a call is made: the words of the task, earlier arguments, earlier results.
 * Learning and serving look at the same state, so what was counted is what is done.
 */
import { type Leaf, type Primitive, toLeaves } from '../leaves.ts';
import { isRedacted, toHiddenKind, toStem } from '../terms.ts';
import { type Mention, mentionBounds, toMentions, toNormal } from './mentions.ts';

export { toNormal } from './mentions.ts';

export const stateBounds = {
  argsMax: 30,
  resultMax: 160,
  callsMax: 30,
  textMax: 160,
} as const;

/** A value with its path; places in lists and keys that are values stand as `*`. */
export interface StateLeaf {
  readonly path: string;
  /** The last field's name: equal for arguments that mean the same, whatever holds them. */
  readonly name: string;
  readonly value: Primitive;
  /** The value as values are compared. */
  readonly normal: string;
  /** Equal for the leaves of one element of a list. */
  readonly element: string;
}

export interface StateCall {
  readonly tool: string;
  readonly args: readonly StateLeaf[];
  readonly results: readonly StateLeaf[];
}

/** What a task says; the same before each of its calls. */
export interface Told {
  readonly mentions: readonly Mention[];
  /** True for a value whose words stand in the task, whatever their endings: `skateboards` tells of a Skateboard. */
  says(value: Primitive): boolean;
}

export interface BindingState extends Told {
  readonly calls: readonly StateCall[];
  /** Every value that was an argument, as values are compared. */
  readonly used: ReadonlySet<string>;
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
    .map(({ path: parts, value }) => {
      const general = parts.map((part) => (isName(part) ? part : '*'));
      const last = general.lastIndexOf('*');
      const path = general.join('/');
      const element = last < 0 ? '' : parts.slice(0, last + 1).join('/');
      return { path, name: toLeafName(path), value, normal: toNormal(value), element };
    });
}

/** What was hidden whole is equal wherever it stands; of a text with a hole in it nobody can say. */
const isComparable = (text: string) => !isRedacted(text) || toHiddenKind(text) !== undefined;

/** The last part of a path that is a name. */
export function toLeafName(path: string): string {
  return path.split('/').findLast((part) => part !== '*') ?? '';
}

/** Keys that are ids or places name no field. */
function isName(part: string): boolean {
  return /^[A-Za-z_$][\w$.-]{0,60}$/.test(part) && !/\d{3,}/.test(part);
}

/** What a task says. */
export function toTold(task: string): Told {
  const text = toStems(task.slice(0, mentionBounds.textMax));
  const known = new Map<Primitive, boolean>();
  const says = (value: Primitive): boolean => {
    if (typeof value === 'boolean' || value === null) return false;
    const before = known.get(value);
    if (before !== undefined) return before;
    const words = toStems(String(value));
    const isSaid = words.length > 4 && words.length < 80 && text.includes(words);
    known.set(value, isSaid);
    return isSaid;
  };
  return { mentions: toMentions(task), says };
}

/** Stems between spaces. */
function toStems(text: string): string {
  const words = text.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  return ` ${words
    .filter((word) => word !== '')
    .map(toStem)
    .join(' ')} `;
}

/** What is there before a call is made. */
export function toState(told: Told, all: readonly StateCall[]): BindingState {
  const calls = all.slice(-stateBounds.callsMax);
  const used = new Set(calls.flatMap(({ args }) => args.map(({ normal }) => normal)));
  return { ...told, calls, used };
}
