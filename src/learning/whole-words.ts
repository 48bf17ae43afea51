/**
 * Stems as people wrote them: what is compared is the beginning of a word, what is shown is a word that somebody used. It
 * never makes a word up: one that no text has is shown as the beginning that it is.
 */
import { toStem } from './terms.ts';

/** Characters of one text that are looked through, as many as terms are taken from. */
const textMax = 2_000;
const stemmedMax = 40;

/** The first word with this stem, text by text; the stem with three dots where there is none. */
export function toWholeWord(stem: string, texts: Iterable<string>): string {
  for (const text of texts) {
    const found = findWord(stem, text.slice(0, textMax));
    if (found !== undefined) return found;
  }
  return `${stem}…`;
}

function findWord(stem: string, text: string): string | undefined {
  for (const [word] of text.matchAll(/[\p{L}][\p{L}\p{M}'’]*/gu)) {
    const whole = word.replace(/['’]s$/u, '');
    if (toStem(whole.replaceAll(/['’]/gu, '').toLowerCase().slice(0, stemmedMax)) === stem) return whole;
  }
  // Scripts without spaces are compared by pairs of characters.
  return text.toLowerCase().includes(stem) && /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/u.test(stem)
    ? stem
    : undefined;
}
