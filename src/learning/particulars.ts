/**
 * The particulars of a task's text: words that say whom or what this one task was about, not what kind of task it is.
 * Found as values of the episode's own arguments, as names, ids and quoted texts. What is found is replaced by a
 * placeholder named after the argument or the class; no particular may reach a trigger.
 */
import type { EpisodeCall } from '../../machines/words/episodes.ts';
import { bounds } from './bounds.ts';
import { toLeaves } from './leaves.ts';
import { findAllWhole, toComparable, toValueClass } from './texts.ts';
import { findValueSpans, isIdLike, type Span } from './terms.ts';

/** A span of a task's text that may be a particular. */
export interface Particular extends Span {
  /** What stands in its place: the argument's name, or a class. */
  readonly name: string;
  /** `always` one; `shared` unless every wording has it; `varied` only where most wordings do not have it. */
  readonly when: 'always' | 'shared' | 'varied';
}

/** Arguments that are about somebody: their values are particulars however often they recur. */
const personalKey =
  /(?:^|_)(?:user|username|password|passcode|passphrase|pin|secret|token|identification|ssn|email|phone|zip|iban|birth|dob|first_name|last_name|full_name|customer|person|contact|recipient|attendee|participant)(?:_|$)/;
const calendarWord =
  /^(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec|january|february|march|april|august|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)day)$/i;
const toldSecret = /\b(?:password|passcode|passphrase|secret|token)(?: is|:|=)\s*["'“]?([^\s"'”,;]{4,})/giu;
const quoted = /(?<![\p{L}\p{N}])(?:"([^"\n]{2,120})"|“([^”\n]{2,120})”|'([^'\n]{2,120})'(?![\p{L}\p{N}]))/gu;
const word = /[\p{L}\p{N}][\p{L}\p{M}\p{N}_'’-]*/gu;

/** What nobody sees and a model reads all the same: marks of direction, tags, zero width. */
const unseen =
  /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]|(?<=^|[\p{ASCII}\p{Script=Latin}])[\u200c\u200d]+|[\u200c\u200d]+(?=$|[\p{ASCII}\p{Script=Latin}])/gu;

/** The text in which particulars are found: what can be seen of it, one space between words. */
export function toPlainTask(task: string): string {
  return task.replace(unseen, '').replace(/\s+/g, ' ').trim();
}

/** Every particular of a text, without overlaps, in order. */
export function findParticulars(text: string, calls: readonly Pick<EpisodeCall, 'args'>[]): Particular[] {
  if (text === '') return [];
  const comparable = toComparable(text);
  const leaves = calls
    .slice(0, bounds.callsMax)
    .flatMap((call) => toLeaves(call.args, bounds.argumentLeavesMax));
  const values = new Map<string, string>();
  for (const { path, value } of leaves) {
    if (typeof value !== 'string' || value.length < 2 || values.size >= bounds.particularValuesMax) continue;
    if (!values.has(value)) values.set(value, toPlaceholder(path));
  }
  // Lower case may change lengths in some scripts; then places in the one text say nothing about the other.
  const isAligned = comparable.length === text.length;
  const told = isAligned ? findArgumentValues(text, comparable, values) : [];
  const others = [...findSecrets(text), ...findQuoted(text), ...findNames(text, values)];
  return withoutOverlaps([...told, ...others], findValueSpans(text));
}

function findArgumentValues(
  text: string,
  comparable: string,
  values: ReadonlyMap<string, string>,
): Particular[] {
  const found: Particular[] = [];
  for (const [value, name] of values) {
    const parts: [string, string][] = [[toComparable(value), name]];
    if (toValueClass(value) === 'email') {
      for (const part of value.slice(0, value.indexOf('@')).split(/[._+-]/))
        if (part.length > 2) parts.push([part.toLowerCase(), 'name']);
    }
    for (const [part, placeholder] of parts) {
      if (part.length < 2 || part.length > 200) continue;
      for (const start of findAllWhole(comparable, part)) {
        const end = start + part.length;
        found.push({ start, end, name: placeholder, when: toWhen(text.slice(start, end), placeholder) });
      }
    }
  }
  return found;
}

function toWhen(text: string, name: string): Particular['when'] {
  if (personalKey.test(name) || isIdLike(text)) return 'always';
  return /^\p{Lu}/u.test(text) || /\s/.test(text) ? 'shared' : 'varied';
}

function findSecrets(text: string): Particular[] {
  return [...text.matchAll(toldSecret)].map((match) => {
    const end = match.index + match[0].length;
    return { start: end - (match[1] ?? '').length, end, name: 'secret', when: 'always' };
  });
}

function findQuoted(text: string): Particular[] {
  return [...text.matchAll(quoted)].map((match) => {
    const inner = match[1] ?? match[2] ?? match[3] ?? '';
    return { start: match.index + 1, end: match.index + 1 + inner.length, name: 'text', when: 'varied' };
  });
}

/** Runs of capitalised words that do not merely begin a sentence, and of ids. */
function findNames(text: string, values: ReadonlyMap<string, string>): Particular[] {
  const found: Particular[] = [];
  for (const match of text.matchAll(word)) {
    const raw = match[0].replace(/['’](?:s|m|d|ll|ve|re)?$/u, '');
    const before = text.slice(0, match.index);
    const id = isIdLike(raw);
    const begins = /(?:^|[.!?:;\n"“(*-])\s*$/u.test(before);
    if (!id && (!/^\p{Lu}/u.test(raw) || begins || raw.length < 2 || /^I['’]/.test(match[0]))) continue;
    const span = { start: match.index, end: match.index + raw.length };
    const last = found.at(-1);
    const isDate = calendarWord.test(raw);
    if (!id && !isDate && last?.name === 'name' && last.end === span.start - 1) {
      found[found.length - 1] = { ...last, end: span.end };
    } else
      found.push({ ...span, name: id ? 'id' : isDate ? 'date' : 'name', when: id ? 'always' : 'varied' });
  }
  return found.map((each) => (each.name === 'name' ? toPartOfValue(text, each, values) : each));
}

/** A name inside a longer value is somebody's or something's: it is no part of the kind of task. */
function toPartOfValue(text: string, one: Particular, values: ReadonlyMap<string, string>): Particular {
  const name = text.slice(one.start, one.end);
  const within = [...values.keys()].some((value) => value.length > name.length && value.includes(name));
  return within ? { ...one, name: 'text', when: 'shared' } : one;
}

/** Longer ones first; what lies in an e-mail, path or number is left to its class. */
function withoutOverlaps(found: readonly Particular[], classed: readonly Span[]): Particular[] {
  const rank = { always: 0, shared: 1, varied: 2 } as const;
  const kept: Particular[] = [];
  const ordered = found.toSorted(
    (a, b) => b.end - b.start - (a.end - a.start) || rank[a.when] - rank[b.when] || a.start - b.start,
  );
  for (const one of ordered) {
    const crosses = (other: Span) => other.start < one.end && one.start < other.end;
    if (kept.some(crosses)) continue;
    if (classed.some((other) => crosses(other) && (other.start < one.start || other.end >= one.end)))
      continue;
    kept.push(one);
    if (kept.length >= bounds.particularsMax) break;
  }
  return kept.sort((a, b) => a.start - b.start);
}

/** `observations/0/contents/1` gives contents; what is no plain name gives text. */
function toPlaceholder(path: readonly string[]): string {
  const key = path.findLast((part) => !/^\d+$/.test(part)) ?? '';
  const name = key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z_]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return name === '' || name.length > 40 ? 'text' : name;
}
