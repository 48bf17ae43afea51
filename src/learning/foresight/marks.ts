/** Marks of a call: what its result looks like, and the few fields that have few values. Numbers only. */
import type { Leaf, Primitive } from '../leaves.ts';
import { isIdLike } from '../terms.ts';
import { toComparable } from '../texts.ts';
import { hashText } from './hashing.ts';
import type { SeenStep } from './traces.ts';

const leavesMax = 40;
const fieldsMax = 9;
const argumentsMax = 4;

/** The marks of a call: shape, fields of its result, keys and choices of its arguments. */
export function toMarks(
  { symbol, result, error }: SeenStep,
  all: readonly Leaf[],
  given: readonly Leaf[],
): number[] {
  const leaves = all.slice(0, leavesMax);
  const shape = hashText(`shape ${symbol} ${error ? 'error' : toShape(result, leaves)}`);
  const fields = leaves.filter(isSettled).flatMap((leaf) => toField(leaf, symbol, 'gave'));
  const keys = hashText(`keys ${symbol} ${given.map(({ path }) => path[0] ?? '').join(' ')}`);
  const choices = given.flatMap((leaf) => toField(leaf, symbol, 'took'));
  return [shape, keys, ...fields.slice(0, fieldsMax), ...choices.slice(0, argumentsMax)];
}

/** Leaves of long lists are each other's like; only what stands alone is a state of something. */
const isSettled = ({ place }: Leaf) => place === undefined || place.length <= 4;

function toField({ path, value }: Leaf, symbol: string, how: string): number[] {
  const kind = toKind(value);
  return kind === undefined ? [] : [hashText(`${how} ${symbol} ${path.join('/')} ${kind}`)];
}

/** A value that many may have; undefined for one that belongs to somebody. */
function toKind(value: Primitive): string | undefined {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return value <= 0 ? '0' : `1e${Math.floor(Math.log10(value) * 2)}`;
  return value.length <= 24 && !/\d|@/.test(value) && value.split(/\s+/).length <= 3
    ? value.toLowerCase()
    : undefined;
}

function toShape(result: unknown, leaves: readonly Leaf[]): string {
  const [first] = leaves;
  if (first === undefined) return result === undefined ? 'unknown' : 'empty';
  const length = first.place?.length ?? 0;
  if (leaves.length === 1 || (leaves.length === 2 && length === 2)) return toShapeOf(leaves);
  const outer = leaves.reduce((most, { place }) => Math.max(most, place?.length ?? 0), 0);
  return `${typeof first.value === 'boolean' ? String(first.value) : 'many'} ${outer > 4 ? 'long' : outer > 1 ? 'some' : outer}`;
}

function toShapeOf(leaves: readonly Leaf[]): string {
  return leaves
    .map(({ value }) => {
      if (value === null || typeof value === 'boolean') return String(value);
      if (typeof value === 'number') return value === 0 ? 'zero' : 'number';
      if (/^\s*(?:error|no |not |none|invalid|unknown|failed)/i.test(value))
        return `no ${value.slice(0, 12)}`;
      return value.trim() === '' ? 'nothing' : 'text';
    })
    .join(' ');
}

/** Values that point at one thing, as numbers; of a result those that stand in lists or are keys of a map. */
export function toTelling(leaves: readonly Leaf[], inLists: boolean): number[] {
  const found: number[] = [];
  for (const leaf of leaves) {
    if (inLists && leaf.place === undefined) continue;
    if (typeof leaf.value !== 'string' || leaf.value.length > 40 || leaf.value.length < 3) continue;
    if (!/\d/.test(leaf.value) && !isIdLike(leaf.value) && !/[@_]/.test(leaf.value)) continue;
    if (/^\d{4}-\d\d/.test(leaf.value)) continue;
    found.push(hashText(toComparable(leaf.value)));
    if (found.length >= 60) break;
  }
  return found;
}
