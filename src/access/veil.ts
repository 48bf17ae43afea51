/**
 * A question in the words of what was kept: its secrets hidden as in the history, so that learning compares like with like; and
 * what a token stood for given back to the one who said it. A veil lives for one question and is never kept or told.
 */
import type { Redactor } from './redaction.ts';
import { everyToken, wholeToken } from './redaction-tokens.ts';

export interface Veil {
  hideText(text: string): string;
  /** A copy with tokens for secrets; the value itself where it has none. */
  hide(value: unknown): unknown;
  /** What a token stood for, any other value as it is; undefined for a token that hides nothing of this question. */
  lift(value: unknown): unknown;
}

/** Secrets that one question may have. */
const secretsMax = 2_000;

/** Begins a question. */
export function createVeil(redactor: Redactor): Veil {
  const secrets = new Map<string, unknown>();
  const note = (token: string, secret: unknown): void => {
    if (secrets.size < secretsMax && !secrets.has(token)) secrets.set(token, secret);
  };
  return {
    hideText(text) {
      const hidden = redactor.redactText(text);
      compare(text, hidden, note);
      return hidden;
    },
    hide(value) {
      const json = JSON.stringify(value);
      if (json === undefined || redactor.isHarmless(json)) return value;
      const { shown, found } = redactor.inspect(value);
      if (!found) return value;
      compare(value, shown, note);
      return shown;
    },
    lift: (value) => (typeof value === 'string' && wholeToken.test(value) ? secrets.get(value) : value),
  };
}

type Note = (token: string, secret: unknown) => void;

/** Walks both at once: a copy has the shape of what it was made of. */
function compare(original: unknown, hidden: unknown, note: Note): void {
  if (typeof hidden === 'string') {
    if (hidden === original) return;
    if (wholeToken.test(hidden)) note(hidden, original);
    else if (typeof original === 'string') compareTexts(original, hidden, note);
    return;
  }
  if (typeof original !== 'object' || original === null || typeof hidden !== 'object' || hidden === null)
    return;
  const copies: unknown[] = Object.values(hidden);
  Object.values(original).forEach((value: unknown, at) => compare(value, copies[at], note));
}

/** What stands between tokens stands in the original, too; JSON is written anew, so it is read instead. */
function compareTexts(original: string, hidden: string, note: Note): void {
  const [one, other] = [read(original), read(hidden)];
  if (one !== undefined && other !== undefined) return compare(one, other, note);
  const tokens = hidden.match(everyToken) ?? [];
  const [first = '', ...rest] = hidden.split(everyToken);
  if (!original.startsWith(first)) return;
  let from = first.length;
  for (const [at, between] of rest.entries()) {
    const isLast = at === rest.length - 1;
    const to = isLast ? original.length - between.length : original.indexOf(between, from + 1);
    // Tokens without anything in between could be cut apart anywhere.
    if (to <= from || (between === '' && !isLast) || !original.startsWith(between, to)) return;
    note(tokens[at] ?? '', original.slice(from, to));
    from = to + between.length;
  }
}

function read(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
