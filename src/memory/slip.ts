/** Slips of the pen: whether one word is another one misspelt. Near meaning is none of its business. */

/** Words of fewer letters have too many neighbours. */
export const slipLettersMin = 4;
/** Longer words are names or keys, not words. */
export const slipLettersMax = 40;
/** From this length on a word may have two slips. */
const twoSlipsFrom = 8;

/** True for words whose slips can be told. */
export function isSpellable(word: string): boolean {
  return word.length >= slipLettersMin && word.length <= slipLettersMax && /^\p{L}+$/u.test(word);
}

/** One slip, or two in a long word: a letter too many, missing, wrong, or two that changed places. */
export function isSlip(asked: string, word: string): boolean {
  const allowed = Math.min(asked.length, word.length) >= twoSlipsFrom ? 2 : 1;
  if (asked === word || Math.abs(asked.length - word.length) > allowed) return false;
  return countSlips(asked, word) <= allowed;
}

/** The restricted edit distance with transpositions. */
function countSlips(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const steps = [at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + same];
      row.push(Math.min(...steps, swapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY));
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
