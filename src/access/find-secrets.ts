/**
 * Finds secrets in a text and puts tokens in their place. It reads a skeleton of the text (look-alikes and escapes
 * undone), looks into what is wrapped, and writes into the original: what is no secret stays as it is, to the character.
 */
import { credentialPatterns } from './credential-patterns.ts';
import { findWrapped } from './encoded.ts';
import { isRandom, randomCharactersMin } from './entropy.ts';
import { personalPatterns } from './personal-patterns.ts';
import { createContextPatterns } from './secret-patterns.ts';
import type { SecretPattern } from './secret-patterns.ts';
import { toSkeleton } from './skeleton.ts';
import { everyToken } from './redaction-tokens.ts';

export interface FinderOptions {
  /** Further names of secrets. */
  readonly names: readonly string[];
  /** Further forms of secrets; they are tried first. */
  readonly patterns: readonly SecretPattern[];
  /** Whether what belongs to a person counts. */
  readonly personal: boolean;
}

/** How one text is looked at. */
export interface Look {
  /** How many wrappings were taken off already. */
  readonly nested: number;
  /** Only credentials count: the value's name is on the list of those that are kept. */
  readonly kept: boolean;
  readonly token: (kind: string, secret: string) => string;
  /** Whether what was unwrapped holds a secret itself. */
  readonly isHiding: (text: string, nested: number) => boolean;
}

export interface Finder {
  /** The text with a token for every secret. */
  replace(text: string, look: Look): string;
}

interface Interval {
  readonly start: number;
  readonly end: number;
}

interface Found extends Interval {
  readonly kind: string;
  readonly secret: string;
}

type Search = (piece: string, look: Look) => Found[];

interface Step {
  /** Without it in the text, the search finds nothing. */
  readonly hint: RegExp;
  readonly search: Search;
  /** Whether it only counts where nobody says that the value is to be kept. */
  readonly isGuess: boolean;
}

/** One look for all of them: most texts hold none, and asking each of thirty costs more than what is searched. */
const anyCredential = new RegExp(credentialPatterns.map(({ hint }) => hint.source).join('|'));

/** What was found splits the rest; more rounds than this are never needed. */
const roundsMax = 8;
const wrappingsMax = 4;
/** UUIDs, as every id of ours ends with one. */
const everyId = /(?<![A-Za-z0-9])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![A-Za-z0-9])/g;
const longRun = new RegExp(`[A-Za-z0-9_+/-]{${randomCharactersMin},}={0,2}`, 'g');

/** Creates a finder of these rules. */
export function createFinder({ names, patterns, personal }: FinderOptions): Finder {
  const toSure = (pattern: SecretPattern): Step => ({
    hint: pattern.hint,
    search: toSearch(pattern),
    isGuess: false,
  });
  const own = patterns.map(toSure);
  const credentials = credentialPatterns.map(toSure);
  const others: readonly Step[] = [
    ...createContextPatterns(names).map(toSure),
    { hint: /[A-Za-z0-9+/_-]{16}/, search: searchWrapped, isGuess: false },
    ...(personal ? personalPatterns : []).map((pattern) => ({
      hint: pattern.hint,
      search: outsideIds(toSearch(pattern)),
      isGuess: true,
    })),
    { hint: /[A-Za-z0-9+/_-]{32}/, search: searchRandom, isGuess: true },
  ];
  const all = [...own, ...credentials, ...others];
  const withoutCredentials = [...own, ...others];
  return {
    replace(text, look) {
      const skeleton = toSkeleton(text);
      const plain = skeleton?.text ?? text;
      const found: Found[] = [];
      let asked: RegExp | undefined;
      let isThere = false;
      const steps = anyCredential.test(plain) ? all : withoutCredentials;
      const chosen = steps.filter(({ hint, isGuess }) => {
        // Neighbours share a hint, which is asked for once.
        if (hint !== asked) isThere = hint.test(plain);
        asked = hint;
        return isThere && !(isGuess && look.kept);
      });
      if (chosen.length === 0) return text;
      let open = toGaps(plain);
      for (let round = 0; round < roundsMax; round += 1) {
        const before = found.length;
        for (const { search } of chosen)
          open = open.flatMap((gap) => split(gap, search, { plain, look, found }));
        if (found.length === before) break;
      }
      return found.length === 0 ? text : rewrite(text, found, look, skeleton?.toStart ?? ((at) => at));
    },
  };
}

/** Tokens stand like walls: no pattern looks into one or across one. */
function toGaps(plain: string): Interval[] {
  const gaps: Interval[] = [];
  let at = 0;
  for (const match of plain.matchAll(everyToken)) {
    gaps.push({ start: at, end: match.index });
    at = match.index + match[0].length;
  }
  gaps.push({ start: at, end: plain.length });
  return gaps.filter(({ start, end }) => end > start);
}

/** Searches one gap; what was found goes to the list, what is left are smaller gaps. */
function split(
  gap: Interval,
  search: Search,
  { plain, look, found }: { readonly plain: string; readonly look: Look; readonly found: Found[] },
): Interval[] {
  const hits = search(plain.slice(gap.start, gap.end), look);
  if (hits.length === 0) return [gap];
  const left: Interval[] = [];
  let at = gap.start;
  for (const hit of hits) {
    const placed = { ...hit, start: hit.start + gap.start, end: hit.end + gap.start };
    found.push(placed);
    left.push({ start: at, end: placed.start });
    at = placed.end;
  }
  left.push({ start: at, end: gap.end });
  return left.filter(({ start, end }) => end > start);
}

function toSearch({ kind, expression, check, canonical }: SecretPattern): Search {
  return (piece) => {
    const hits: Found[] = [];
    for (const match of piece.matchAll(expression)) {
      const secret = match[2] ?? match[0];
      const before = match[2] === undefined ? '' : (match[1] ?? '');
      if (secret === '' || check?.(secret, before) === false) continue;
      const start = match.index + before.length;
      hits.push({ start, end: start + secret.length, kind, secret: canonical?.(secret) ?? secret });
    }
    return hits;
  };
}

/** The digits of an id look like an account's now and then. */
function outsideIds(search: Search): Search {
  return (piece, look) => {
    const hits = search(piece, look);
    if (hits.length === 0) return hits;
    const ids = Array.from(piece.matchAll(everyId), ({ index, 0: id }) => ({
      start: index,
      end: index + id.length,
    }));
    return hits.filter((hit) => !ids.some((id) => hit.start < id.end && id.start < hit.end));
  };
}

function searchWrapped(piece: string, { nested, isHiding }: Look): Found[] {
  if (nested >= wrappingsMax) return [];
  return findWrapped(piece).flatMap(({ start, end, text }) =>
    isHiding(text, nested + 1) ? [{ start, end, kind: 'encoded', secret: piece.slice(start, end) }] : [],
  );
}

function searchRandom(piece: string): Found[] {
  const hits: Found[] = [];
  for (const match of piece.matchAll(longRun)) {
    if (!isRandom(match[0])) continue;
    hits.push({ start: match.index, end: match.index + match[0].length, kind: 'random', secret: match[0] });
  }
  return hits;
}

function rewrite(text: string, found: Found[], { token }: Look, toStart: (at: number) => number): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, kind, secret } of found.sort((one, other) => one.start - other.start)) {
    parts.push(text.slice(at, toStart(start)), token(kind, secret));
    at = toStart(end);
  }
  return parts.join('') + text.slice(at);
}
