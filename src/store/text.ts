/**
 * Text and JSON on their way into Postgres, which refuses NUL everywhere and lone surrogates in jsonb. Free text is
 * repaired with U+FFFD; names and ids are refused, because two of them must never become one.
 */
import { DreyError } from '../../machines/words/errors.ts';

const replacement = '\uFFFD';
/** Deeper JSON than this is refused; Postgres gives up at some thousands of levels, with a raw error. */
const depthMax = 500;

/** Free text as Postgres can keep it: NUL and lone surrogates become U+FFFD, the rest stays as given. */
export function toStorableText(text: string): string {
  return text.replaceAll('\u0000', replacement).toWellFormed();
}

/** Free text, repaired and cut to a maximum of code points (which is how Postgres counts). */
export function toBoundedText(text: string, charactersMax: number): string {
  const storable = toStorableText(text);
  if (storable.length <= charactersMax) return storable;
  return Array.from(storable).slice(0, charactersMax).join('');
}

/** Throws `argument_invalid` for a name that Postgres would refuse or change. */
export function assertName(what: string, name: string, charactersMax: number): string {
  const length = name.length <= charactersMax ? name.length : Array.from(name).length;
  if (name !== '' && length <= charactersMax && !name.includes('\u0000') && name.isWellFormed()) return name;
  throw new DreyError(
    'argument_invalid',
    `${what} must have 1 to ${charactersMax} characters and neither NUL nor a broken surrogate pair`,
    { details: { field: what, charactersMax } },
  );
}

/** A moment as the tables keep it: to the millisecond, in UTC. */
export function toMoment(iso: string): string {
  return new Date(iso).toISOString();
}

/** JSON text for a `jsonb` column, with the strings repaired where it is needed. */
export function toJsonb(value: unknown): string {
  const json = toJson(value);
  return /\\u(?:0000|[dD][89a-fA-F])/.test(json) ? toJson(repair(value, 0)) : json;
}

/** JSON text for a `json` column, which keeps it as it is: order of keys, NUL and surrogates included. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (error) {
    throw new DreyError(
      'argument_invalid',
      'a value to store is no JSON: it is circular or nested too deeply',
      {
        cause: error,
      },
    );
  }
}

/** JSON text that does not depend on the order of keys: what digests are made of. */
export function toCanonicalJson(value: unknown): string {
  return toJson(sortKeys(value, 0));
}

function repair(value: unknown, depth: number): unknown {
  assertDepth(depth);
  if (typeof value === 'string') return toStorableText(value);
  if (Array.isArray(value)) return value.map((item) => repair(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [toStorableText(key), repair(item, depth + 1)]),
  );
}

function sortKeys(value: unknown, depth: number): unknown {
  assertDepth(depth);
  if (Array.isArray(value)) return value.map((item) => sortKeys(item, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortKeys(item, depth + 1)]),
  );
}

function assertDepth(depth: number): void {
  if (depth <= depthMax) return;
  throw new DreyError('argument_invalid', `a value to store is nested deeper than ${depthMax} levels`, {
    details: { depthMax },
  });
}
