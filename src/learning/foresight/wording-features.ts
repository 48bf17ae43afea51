/** A task's words as numbers: stems, pairs of words, beginnings, and runs of four letters, values masked by class. */
import { maskValues, toTerms } from '../terms.ts';
import { hashText } from './hashing.ts';

/** The features of a text, each once; they weigh what they weigh before anybody counted them. */
export interface Features {
  readonly ids: Uint32Array;
  readonly weights: Float32Array;
  /** So many of the first are whole words and pairs: what predictors look at. The rest only compares texts. */
  readonly words: number;
}

/** Those of no text. */
export const noFeatures: Features = { ids: new Uint32Array(), weights: new Float32Array(), words: 0 };

const lettersMax = 160;
const letterWeight = 0.25;
/** Terms of a text have integer weights; a whole word has this one. */
const wordWeight = 4;

/** The features of a task's text. */
export function toFeatures(task: string): Features {
  const features = new Map<number, number>();
  const terms = toTerms(task, true);
  for (const { term, weight } of terms)
    if (!term.startsWith('~')) features.set(hashText(term), weight / wordWeight);
  const words = features.size;
  const put = (term: string, weight: number) => {
    const id = hashText(term);
    if (!features.has(id)) features.set(id, weight);
  };
  for (const { term, weight } of terms) if (term.startsWith('~')) put(term, weight / wordWeight);
  const letters = maskValues(task)
    .toLowerCase()
    .replace(/\{[a-z]+\}/g, ' ')
    .replace(/[^\p{L}]+/gu, ' ')
    .slice(0, 2_000);
  const most = features.size + lettersMax;
  for (let at = 0; at + 4 <= letters.length && features.size < most; at += 1)
    put(`4 ${letters.slice(at, at + 4)}`, letterWeight);
  return { ids: Uint32Array.from(features.keys()), weights: Float32Array.from(features.values()), words };
}
