/**
 * How a value can be found in a task's text: by its class, and by the words before it. A place named by words counts
 * only where looking there really gives the value.
 */
import { isRedacted } from './terms.ts';
import { findWhole, holds, toComparable, toValueClass } from './texts.ts';

const monthNames =
  'january february march april may june july august september october november december'.split(' ');
/** Words that say nothing alone: the word before them is named as well. */
const weak = /^(?:is|are|was|be|as)$/;

/** Selectors that find a value in a task, the most exact first. */
export function findInTask(value: string, comparable: string, task: string, text: string): string[] {
  if (!holds(text, comparable)) return isDateIn(value, text) ? ['date'] : [];
  const valueClass = toValueClass(value);
  const before = text.slice(0, findWhole(text, comparable));
  const [, further = '', last = ''] =
    /(?:(\p{L}+)[^\p{L}\p{N}]+)?(\p{L}+)[^\p{L}\p{N}]*$/u.exec(before) ?? [];
  const words = weak.test(last) && further !== '' ? `${further} ${last}` : last;
  const finds = (selector: string) => {
    const read = readTask(task, selector);
    return read === undefined || toComparable(read) === comparable;
  };
  const selectors = finds(valueClass) ? [valueClass] : [];
  if (words === '' || words.length > 30 || isRedacted(before.slice(-80))) return selectors;
  // Names and ids take each other's place: behind the same words either is meant.
  const selector = `${valueClass === 'id' ? 'word' : valueClass} after "${words}"`;
  return finds(selector) ? [selector, ...selectors] : selectors;
}

/** What a selector finds in a task; undefined where it names no single word. */
export function readTask(task: string, selector: string): string | undefined {
  const [, wanted = '', after] = /^(\w+)(?: after "(.+)")?$/.exec(selector) ?? [];
  if (wanted === 'text' || (wanted === 'word' && after === undefined)) return undefined;
  const place = after === undefined ? 0 : findPhrase(task, after);
  if (place < 0) return undefined;
  for (const match of task.slice(place).matchAll(/[^\s"'()“”]+/gu)) {
    const token = match[0].replace(/[.,;:!?]+$/, '');
    if (token === '') continue;
    const isWanted = wanted === 'word' ? /^(?:word|id)$/ : new RegExp(`^${wanted}$`);
    if (isWanted.test(toValueClass(token))) return token;
  }
  return undefined;
}

/** The place behind words that may have signs between them: `username: is`. */
function findPhrase(task: string, phrase: string): number {
  const words = phrase.split(' ');
  const text = toComparable(task);
  for (let at = findWhole(text, words[0] ?? ''); at >= 0; at = findWhole(text, words[0] ?? '', at + 1)) {
    let end = at + (words[0] ?? '').length;
    const fits = words.slice(1).every((word) => {
      const next = /^[^\p{L}\p{N}]+(\p{L}+)/u.exec(text.slice(end, end + 60));
      end += next?.[0].length ?? 0;
      return next?.[1] === word;
    });
    if (fits) return end;
  }
  return -1;
}

/** True where a text names an ISO date's month and day in words: `September 20th`. */
function isDateIn(value: string, text: string): boolean {
  const date = /^\d{4}-(\d\d)-(\d\d)/.exec(value);
  const month = monthNames[Number(date?.[1]) - 1];
  if (date === null || month === undefined) return false;
  const day = String(Number(date[2]));
  const isMonth = holds(text, month) || holds(text, month.slice(0, 3));
  return isMonth && ['', 'st', 'nd', 'rd', 'th'].some((ending) => holds(text, day + ending));
}
