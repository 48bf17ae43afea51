/**
 * The words of a text as the search knows them besides Postgres' own English stems: whole names, their parts
 * (`billingService_v2` is also billing, service and v2), pairs of signs where a script has no spaces, and other forms of
 * words of other scripts.
 */
import { toForms, toPairs } from './word-forms.ts';

/** Characters of one word; longer runs are nobody's word. */
const wordMax = 64;
/** Words kept of one text. */
export const wordsMax = 1_500;

/** English words that say nothing alone; negations are not among them, since they turn a sentence round. */
const empty = new Set(
  (
    'a about after all also am an and any are as at be because been before being but by can could did do does doing done for ' +
    'from had has have having he her here hers him his how i if in into is it its just me my of off on once or other our out ' +
    'over own please s she should so some such t than that the their them then there these they this those through to too ' +
    'under until up us very was we were what when where which while who whom why will with would you your'
  ).split(' '),
);

/** True for a word that tells texts apart no more than a comma does. */
export function isEmptyWord(word: string): boolean {
  return empty.has(word);
}

/** The text in one form: compatibility forms, full width and case do not count. */
export function toPlain(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

const run = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu;
/** A name made of several: dots, dashes, slashes, colons and underscores hold it together. */
const name = /[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}]|[._\-/:@](?=[\p{L}\p{N}]))*/gu;
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Khmer}\p{sc=Lao}\p{sc=Myanmar}]/u;
const turns = /(?<=\p{Ll})(?=\p{Lu})|(?<=\p{L})(?=\p{N})|(?<=\p{N})(?=\p{L})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu;

/** Every word once, in the order of its first place; at most `wordsMax`. */
export function toWords(text: string): readonly string[] {
  const words = new Set<string>();
  const add = (word: string): void => {
    if (word.length <= wordMax && words.size < wordsMax && !empty.has(word)) words.add(word);
  };
  for (const [whole] of text.normalize('NFKC').matchAll(name)) {
    const runs = [...whole.matchAll(run)].map(([piece]) => piece);
    if (runs.length > 1) add(whole.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]+/gu, '_'));
    for (const piece of runs) addRun(piece, add);
  }
  return [...words];
}

function addRun(piece: string, add: (word: string) => void): void {
  if (unspaced.test(piece)) {
    const pairs = toPairs(piece);
    for (const pair of pairs.length === 0 ? [piece] : pairs) add(pair);
    return;
  }
  const word = piece.toLowerCase();
  add(word);
  for (const form of toForms(word)) add(form);
  const parts = piece.split(turns);
  if (parts.length > 1) for (const part of parts) if (part.length > 1) add(part.toLowerCase());
}

/**
 * A plain English ending of number or tense taken off, so that wordings of one thing meet; not a dictionary's stem, and never
 * shown. Endings that make another word ("hardly") stay.
 */
export function toStem(word: string): string {
  if (word.length < 4 || /[^a-z]/.test(word) || word.endsWith('ss')) return word;
  const copied = /^(.{2,})(?:ies|ied)$/.exec(word)?.[1];
  if (copied !== undefined) return `${copied}y`;
  const before = /^(.{3,}?)(?:ing|ed|es|s)$/.exec(word)?.[1] ?? word;
  const single = before === word ? before : before.replace(/([bgmnprt])\1$/, '$1');
  return single.length > 3 ? single.replace(/e$/, '') : single;
}
