/**
 * The wordings of one kind of task, as they may be served: what is particular to one task is replaced by a placeholder,
 * what all of them say stays. Wordings that are the same without their particulars are one.
 */
import { bounds } from './bounds.ts';
import type { Case, CaseText } from './case.ts';
import type { Particular } from './particulars.ts';
import { remember } from './remember.ts';
import { toComparable } from './texts.ts';
import { maskValues } from './terms.ts';

/** A word in the same place of this many wordings, each time another one, is a particular. */
const slotWordsMin = 3;
/** Words after which a particular may stand although nothing else says so. */
const leads = new Set(
  'a an the my our your his her their for in from of at with on by about named called'.split(' '),
);

const maskAll = remember((text) => maskValues(text), bounds.charsRemembered);

interface Wording {
  readonly task: string;
  readonly lower: string;
  readonly particulars: readonly Particular[];
  readonly times: number;
}

/** Distinct wordings, most frequent first, then oldest first. */
export function toWordings(stated: readonly Case[]): string[] {
  const told = stated.map(({ wordingKey, text }): Told => ({ wordingKey, text }));
  const wordings = toDistinct(told);
  const texts = new Map(told.map(({ text }) => [text.task, text]));
  const shared = new Map<string, number>();
  for (const one of texts.values())
    for (const value of one.values) shared.set(value, (shared.get(value) ?? 0) + 1);
  const kept = new Set(
    [...shared].flatMap(([value, times]) => (times === texts.size && !value.includes('@') ? [value] : [])),
  );
  const slots = findSlots(wordings);
  const mask = kept.size === 0 ? maskAll : (text: string) => maskValues(text, (value) => kept.has(value));
  const masked = wordings.map((wording) => mask(blank(wording, wordings, slots)));
  const byText = new Map<string, { readonly text: string; times: number }>();
  masked.forEach((text, at) => {
    const times = wordings[at]?.times ?? 1;
    const found = byText.get(text.toLowerCase());
    if (found === undefined) byText.set(text.toLowerCase(), { text, times });
    else found.times += times;
  });
  return [...byText.values()].sort((a, b) => b.times - a.times).map(({ text }) => text);
}

/** A case's wording, unpacked. */
interface Told {
  readonly wordingKey: number;
  readonly text: CaseText;
}

function toDistinct(told: readonly Told[]): Wording[] {
  const byKey = new Map<number, { readonly text: CaseText; times: number }>();
  for (const { wordingKey, text } of told) {
    const found = byKey.get(wordingKey);
    if (found === undefined) byKey.set(wordingKey, { text, times: 1 });
    else found.times += 1;
  }
  return [...byKey.values()]
    .sort((a, b) => b.times - a.times)
    .slice(0, bounds.wordingsMax)
    .map(({ text: { task, particulars }, times }) => ({
      task,
      lower: ` ${toWords(task).join(' ')} `,
      particulars,
      times,
    }));
}

const toWords = (text: string) => toComparable(text).match(/[\p{L}\p{N}]+/gu) ?? [];

/** The text with placeholders where its particulars were. */
function blank(wording: Wording, all: readonly Wording[], slots: ReadonlySet<string>): string {
  const { task, particulars } = wording;
  let text = '';
  let from = 0;
  for (const each of particulars) {
    if (!isParticular(task.slice(each.start, each.end), each.when, all)) continue;
    const { start, end, name } = narrow(task, each, all);
    text += `${fillSlots(task.slice(from, start), slots)}{${name}}`;
    from = end;
  }
  return (text + fillSlots(task.slice(from), slots)).replace(/(\{name\})(?: \{name\})+/g, '$1');
}

function isParticular(text: string, when: Particular['when'], all: readonly Wording[]): boolean {
  if (when === 'always') return true;
  const words = ` ${toWords(text).join(' ')} `;
  const having = all.filter(({ lower }) => lower.includes(words)).length;
  return when === 'shared' ? having < all.length : having * 2 <= all.length && all.length > 1;
}

/** A long value without the words at its ends that most wordings have: `works at {text}`. */
function narrow(task: string, one: Particular, all: readonly Wording[]): Particular {
  if (one.when === 'always' || all.length < 2) return one;
  const words = [...task.slice(one.start, one.end).matchAll(/[\p{L}\p{N}]+/gu)];
  const isCommon = (word: string) => {
    const having = all.filter(({ lower }) => lower.includes(` ${word.toLowerCase()} `));
    return having.length * 2 > all.length;
  };
  const first = words.findIndex(([word]) => !isCommon(word));
  const last = words.findLast(([word]) => !isCommon(word));
  const begin = words[first];
  if (begin === undefined || last === undefined || (first === 0 && last === words.at(-1))) return one;
  return {
    ...one,
    start: one.start + begin.index,
    end: one.start + last.index + last[0].length,
    name: 'text',
  };
}

/** `lead word next` of places that the wordings fill with many different words. */
function findSlots(wordings: readonly Wording[]): ReadonlySet<string> {
  const fillers = new Map<string, Map<string, number>>();
  for (const { task } of wordings) {
    for (const [key, word] of toPlaces(task)) {
      const words = fillers.get(key) ?? new Map<string, number>();
      fillers.set(key, words.set(word, (words.get(word) ?? 0) + 1));
    }
  }
  const slots = [...fillers].filter(([, words]) => {
    const sum = [...words.values()].reduce((total, times) => total + times, 0);
    return words.size >= slotWordsMin && sum * 2 > wordings.length && words.size * 2 > sum;
  });
  return new Set(slots.map(([key]) => key));
}

const place = /(?<=(?<lead>\p{Ll}+) )(?<word>\p{Ll}{3,})(?= (?<next>\p{Ll}+))/gu;

function toPlaces(text: string): [string, string][] {
  return [...text.matchAll(place)].flatMap((match): [string, string][] => {
    const { lead = '', word = '', next = '' } = match.groups ?? {};
    return leads.has(lead) && next.length > 2 ? [[`${lead} ${next}`, word]] : [];
  });
}

function fillSlots(text: string, slots: ReadonlySet<string>): string {
  if (slots.size === 0) return text;
  return text.replace(place, (...found: unknown[]) => {
    const { lead, word, next } = found.at(-1) as { lead: string; word: string; next: string };
    return slots.has(`${lead} ${next}`) ? '{text}' : word;
  });
}
