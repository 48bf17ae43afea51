/**
 * Which element of a list is meant: the one place that knows, for learning, which finds selectors, and for runs, which
 * fill by them. It gives no value where more than one could be meant.
 */
import { type Leaf, type Primitive, toPointer } from './leaves.ts';
import { isPlainObject } from './symbol.ts';
import { holds, toComparable } from './texts.ts';

/** What is known when an element is chosen, as texts are compared. */
export interface Known {
  readonly task: string;
  /** Values that earlier calls were given. */
  readonly used: ReadonlySet<string>;
}

/**
 * The value that a selector gives out of all leaves at one path, in order. `unused` is the first one that no earlier call
 * was given; `mentioned` stands in an element that the task names, `joined` in one of which an earlier call was given
 * another value.
 */
export function select(
  selector: string,
  leaves: readonly Leaf[],
  { task, used }: Known,
): Primitive | undefined {
  switch (selector) {
    case '':
    case 'first':
      return leaves[0]?.value;
    case 'last':
      return leaves.at(-1)?.value;
    case 'only':
      return leaves.length === 1 ? leaves[0]?.value : undefined;
    case 'mentioned':
      return toOne(leaves.filter(({ place }) => isMentioned(place?.element, task)));
    case 'joined':
      return used.size === 0 ? undefined : toOne(leaves.filter((leaf) => isJoined(leaf, used)));
    case 'unused': {
      const first = leaves.find(({ value }) => !(isTelling(value) && used.has(toComparable(String(value)))));
      // Of what matches by chance nobody can say whether it was used.
      return first !== undefined && isTelling(first.value) ? first.value : undefined;
    }
    default:
      return undefined;
  }
}

/** Where leaves of one list are alike: places in lists are named as 0. */
export function toPlace({ path }: Leaf): string {
  return toPointer(path.map((part) => (/^\d+$/.test(part) ? '0' : part)));
}

function toOne(leaves: readonly Leaf[]): Primitive | undefined {
  const values = new Set(leaves.map(({ value }) => value));
  return values.size === 1 ? leaves[0]?.value : undefined;
}

/** Booleans, nothing and very short values match by chance. */
export function isTelling(value: unknown): value is string | number {
  if (typeof value === 'number') return Number.isFinite(value) && Math.abs(value) >= 10;
  return typeof value === 'string' && value.trim().length >= 2;
}

/** Members of one element that are looked at. */
const membersMax = 40;

/** True where the task names one of an element's values. */
function isMentioned(element: unknown, task: string): boolean {
  return toMembers(element).some((value) => {
    if (typeof value !== 'string' && typeof value !== 'number') return false;
    const comparable = toComparable(String(value).slice(0, 200));
    return comparable.length >= 3 && holds(task, comparable);
  });
}

function isJoined({ value, place }: Leaf, used: ReadonlySet<string>): boolean {
  const own = toComparable(String(value));
  return toMembers(place?.element).some((member) => {
    if (!isTelling(member) || String(member).length > 200) return false;
    const comparable = toComparable(String(member));
    return comparable !== own && used.has(comparable);
  });
}

function toMembers(element: unknown): readonly unknown[] {
  return isPlainObject(element) ? Object.values(element).slice(0, membersMax) : [element];
}
