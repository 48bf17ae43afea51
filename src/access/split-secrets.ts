/**
 * Secrets that were cut in two and laid into neighbouring values: credentials with a beginning of their own, and the
 * groups of a card's number. Looked for among short neighbours only.
 */
import { credentialPatterns } from './credential-patterns.ts';
import { isCard } from './personal-patterns.ts';

const valueCharactersMax = 512;
const joinedCharactersMax = 4_096;
const valuesMax = 64;
/** A cheap look first. */
const beginnings =
  /A[KS]IA|gh[pousr]_|github_pat_|gl[a-z]{2,5}-|xox[a-z]-|xapp-|[sr]k_(?:live|test)_|whsec_|sk-|eyJ|AIza|ya29\.|GOCSPX-|npm_|pypi-|hf_|SG\.|do[opr]_v1_|-----BEGIN /;

/** An ordinary word, as no part of a credential looks. */
const isWord = /^[A-Za-z]?[a-z]{1,19}$/;

/** Places of the values that together hold a secret; undefined where there is none. */
export function findSplit(
  values: readonly unknown[],
  entries: readonly (readonly [string, unknown])[] | undefined,
): ReadonlySet<number> | undefined {
  if (values.length < 2 || values.length > valuesMax) return undefined;
  if (values.reduce<number>((count, value) => (isPart(value) ? count + 1 : count), 0) < 2) return undefined;
  let joined = '';
  const starts: number[] = [];
  for (const value of values) {
    starts.push(joined.length);
    // What can be no part of one keeps its neighbours apart.
    joined += isPart(value) ? value : '\n\n';
    if (joined.length > joinedCharactersMax) return undefined;
  }
  const found = new Set<number>();
  if (beginnings.test(joined)) addCredentials(joined, values, starts, found);
  addGroups(values, found);
  if (entries !== undefined) addHalves(entries, found);
  return found.size === 0 ? undefined : found;
}

/** A credential has no blanks; what is armoured has them in its frame. */
function isPart(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length >= 2 &&
    value.length <= valueCharactersMax &&
    (!value.includes(' ') || value.includes('-----'))
  );
}

function addCredentials(
  joined: string,
  values: readonly unknown[],
  starts: readonly number[],
  found: Set<number>,
): void {
  for (const { kind, hint, expression } of credentialPatterns) {
    if (!hint.test(joined)) continue;
    for (const match of joined.matchAll(expression)) {
      if (kind === 'pem' && !match[0].includes('-----END ')) continue;
      const touched = toTouched(values, starts, match.index, match.index + match[0].length);
      if (touched.length < 2) continue;
      // One that is whole by itself may only lie beside a word; its own half could still be the rest of a longer one.
      const isWhole = touched.some((index) => String(values[index]).search(expression) >= 0);
      for (const index of touched) if (!isWhole || !isWord.test(String(values[index]))) found.add(index);
    }
  }
}

/** Texts that lie between two places of the joined text. */
function toTouched(
  values: readonly unknown[],
  starts: readonly number[],
  from: number,
  to: number,
): number[] {
  return values.flatMap((value, index) => {
    const start = starts[index] ?? 0;
    const length = isPart(value) ? value.length : 0;
    return length > 0 && start < to && start + length > from ? [index] : [];
  });
}

/** Four groups of four digits. */
function addGroups(values: readonly unknown[], found: Set<number>): void {
  const isGroup = (value: unknown): value is string => typeof value === 'string' && /^\d{4}$/.test(value);
  for (let at = 0; at + 4 <= values.length; at += 1) {
    const groups = values.slice(at, at + 4);
    if (groups.every(isGroup) && isCard(groups.join('')))
      for (let of = 0; of < 4; of += 1) found.add(at + of);
  }
}

/** Two halves under names that speak of a card. */
function addHalves(entries: readonly (readonly [string, unknown])[], found: Set<number>): void {
  for (let at = 0; at + 2 <= entries.length; at += 1) {
    const [[oneName = '', one] = [], [otherName = '', other] = []] = [entries[at], entries[at + 1]];
    if (!/card|pan/i.test(`${oneName} ${otherName}`)) continue;
    if (typeof one !== 'string' || typeof other !== 'string') continue;
    if (/^\d{4,12}$/.test(one) && /^\d{4,12}$/.test(other) && isCard(one + other)) found.add(at).add(at + 1);
  }
}
