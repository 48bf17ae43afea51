/** What differs between two definitions of a tool, leaf by leaf, as a person reads it. Pure, bounded. */
import { showHidden } from './hidden-characters.ts';

export interface Difference {
  /** RFC 6901; '' is the definition itself. */
  readonly path: string;
  /** JSON text with hidden characters written out; null where there was, or is, nothing. */
  readonly was: string | null;
  readonly now: string | null;
}

/** Differences that are told of one tool, and characters of each side. */
const differencesMax = 200;
const charactersMax = 4_000;

/** The differences from one to the other, in the order of the newer one's keys. */
export function diffDefinitions(was: unknown, now: unknown): readonly Difference[] {
  const found: Difference[] = [];
  const compare = (before: unknown, after: unknown, path: string): void => {
    if (found.length >= differencesMax) return;
    const [old, young] = [toMembers(before), toMembers(after)];
    if (old === undefined || young === undefined || Array.isArray(before) !== Array.isArray(after)) {
      const [left, right] = [toText(before), toText(after)];
      if (left !== right) found.push({ path: showHidden(path), was: left, now: right });
      return;
    }
    for (const key of new Set([...young.keys(), ...old.keys()])) {
      const escaped = key.replaceAll('~', '~0').replaceAll('/', '~1');
      compare(old.get(key), young.get(key), `${path}/${escaped}`);
    }
  };
  compare(was, now, '');
  return found;
}

function toMembers(value: unknown): ReadonlyMap<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined;
}

function toText(value: unknown): string | null {
  if (value === undefined) return null;
  const json = JSON.stringify(value);
  const cut =
    json.length <= charactersMax ? json : `${json.slice(0, charactersMax)}… (${json.length} characters)`;
  return showHidden(cut);
}
