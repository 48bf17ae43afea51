/**
 * The fingerprint of a tool's definition: everything the upstream says about it, whatever the order of keys. Two
 * definitions with one fingerprint mean the same to a client; nothing of a definition is left out.
 */
import { toDigest } from '../../machines/words/ids.ts';

/** Deeper definitions are not taken: no client reads them, and recursion must end. */
export const definitionDepthMax = 100;

const known = new WeakMap<object, string>();

/** sha-256 of the definition with its keys in order; throws for one that `isShallow` refuses. */
export function toFingerprint(definition: Readonly<Record<string, unknown>>): string {
  const found = known.get(definition);
  if (found !== undefined) return found;
  const made = toDigest(JSON.stringify(toOrdered(definition)));
  known.set(definition, made);
  return made;
}

const shallow = new WeakMap<object, boolean>();

/** Whether it nests no deeper than we go. */
export function isShallow(definition: Readonly<Record<string, unknown>>): boolean {
  const found = shallow.get(definition) ?? isWithin(definition, 0);
  shallow.set(definition, found);
  return found;
}

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth < definitionDepthMax && Object.values(value).every((item) => isWithin(item, depth + 1));
}

function toOrdered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toOrdered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  // Pairs, not an object: keys that are numbers would be put in another order, and `__proto__` would be lost.
  return ['{', ...entries.map(([key, item]) => [key, toOrdered(item)])];
}
