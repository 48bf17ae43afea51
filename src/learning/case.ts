/**
 * What learning keeps of an episode: symbols, sources of arguments, terms and pitfalls. Results and long values are
 * dropped here, so that ten thousand episodes fit in memory and nothing of a result can reach a procedure.
 */
import type { Episode } from '../../machines/words/episodes.ts';
import type { Pitfall } from '../../machines/words/sops.ts';
import { bounds } from './bounds.ts';
import { clean, type Verdict } from './clean.ts';
import { hashText, hashWide } from './foresight/hashing.ts';
import { type Keys, noKeys } from './keys/choices.ts';
import type { ChosenCall } from './keys/key-counts.ts';
import { packTried, type Tried, unpackTried } from './keys/tried.ts';
import { type Interned, type SequenceBook } from './likeness.ts';
import { packCalls, packText, unpackCallIds, unpackCalls, unpackText } from './packed.ts';
import { findParticulars, type Particular, toPlainTask } from './particulars.ts';
import { withOrigins } from './origins.ts';
import { findPitfalls } from './pitfalls.ts';
import { type Line, toWholeLine } from './line.ts';
import type { Stock } from './stock.ts';
import { type Argument, findArguments } from './sources.ts';
import { squeeze } from './squeeze.ts';
import type { CallSymbol } from './symbol.ts';
import type { KnownTerm } from './term-numbers.ts';
import { findValues, type Term, toNameWords, toTerms, toWordingKey } from './terms.ts';

export interface CaseCall {
  readonly callId: string;
  readonly symbol: CallSymbol;
  readonly args: readonly Argument[];
  /** The paths in its result that later arguments may come from, each between line ends; no values. */
  readonly gave: string;
}

/** The task's text, and what in it was particular. */
export interface CaseText {
  /** The task as it was stated; '' where nobody did. */
  readonly task: string;
  /** What the task was about, in its words: replaced in triggers. */
  readonly particulars: readonly Particular[];
  /** E-mails, paths and numbers in the task. */
  readonly values: readonly string[];
}

/** An episode, digested. */
export interface Case {
  readonly episodeId: string;
  /** Its place in an order that has nothing to do with time: who is looked at where there are too many. */
  readonly lot: number;
  readonly principal: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly verdict: Verdict;
  /** True where the last call failed: what was tried is a beginning. */
  readonly broke: boolean;
  /** False while its episode may still grow. */
  readonly finished: boolean;
  /** True where somebody stated the task. */
  readonly stated: boolean;
  /** Equal for equal wordings; made of the calls where no task was stated. */
  readonly wordingKey: number;
  readonly terms: readonly KnownTerm[];
  /** What was done; of an episode that failed, what was tried. */
  readonly sequence: Interned;
  /** What was called and succeeded; its places stand for the places of the sequence. */
  readonly line: Line;
  readonly pitfalls: readonly Pitfall[];
  /** What was called, whatever became of it; undefined where its symbols never change. */
  readonly tried: Tried | undefined;
  /** Unpacked each time: for those who look at few cases. */
  readonly text: CaseText;
  /** Unpacked each time: for those who look at few cases. */
  readonly calls: readonly CaseCall[];
  /** The ids of the calls alone. */
  readonly callIds: readonly string[];
  /** The calls of the line by name alone, with the words they chose; unpacked each time. */
  readonly chosen: readonly ChosenCall[];
}

/** Digests an episode; the same episode and the same keys always give the same case. */
export function toCase(episode: Episode, book: SequenceBook, keys: Keys = noKeys): Case {
  const task = toPlainTask(episode.task.slice(0, 2_000));
  const { verdict, all, calls, broke, pitfalls } = clean(episode, keys);
  const teaches = isTeaching(verdict);
  const found = teaches ? findArguments(task, calls) : [];
  const terms = toTerms(task);
  const stated = task !== '' && terms.length > 0;
  const { stock } = book;
  const text: CaseText = {
    task: stated ? task : '',
    particulars: stated && teaches ? findParticulars(task, episode.calls) : [],
    values: stated ? [...new Set(findValues(task))] : [],
  };
  const done = toDone({ all, calls, teaches, pitfalls }, book);
  const digest = {
    episodeId: episode.episodeId,
    lot: hashText(episode.episodeId),
    principal: stock.text(episode.principal),
    startedAt: episode.startedAt,
    endedAt: episode.endedAt,
    verdict,
    broke,
    finished: episode.end !== 'open',
    stated,
    wordingKey: stated ? hashWide(toWordingKey(task)) : toCallsKey(done.sequence),
    terms: stock.terms(stated ? terms : toCallTerms(calls.map((each) => each.symbol))),
    ...done,
    tried: packTried(
      withOrigins(
        all,
        calls,
        found.map(({ args }) => args),
      ),
      done.line,
      stock,
    ),
  };
  const made = calls.map(({ call }, at) => ({
    callId: call.callId,
    args: found[at]?.args ?? [],
    gave: found[at]?.gave ?? '',
  }));
  return new PackedCase(digest, packText(text), packCalls(made, stock), stock);
}

/**
 * The case as its episode would give it by these keys. The terms of one that nobody stated a task for are its calls', so
 * that they are taken anew.
 */
export function remake(one: Case, book: SequenceBook, keys: Keys): Case {
  if (one.tried === undefined || !(one instanceof PackedCase)) return one;
  const { stock } = book;
  const all = unpackTried(one.tried).map(({ plain, choices, error, led }) => ({
    symbol: keys.tell(plain, choices),
    call: { error },
    led,
  }));
  const calls = all.filter(({ call, led }) => !call.error && !led);
  const done = toDone({ all, calls, teaches: isTeaching(one.verdict), pitfalls: findPitfalls(all) }, book);
  if (one.stated) return one.with(done);
  const terms = stock.terms(toCallTerms(calls.map(({ symbol }) => symbol)));
  return one.with({ ...done, terms, wordingKey: toCallsKey(done.sequence) });
}

interface Told {
  readonly all: readonly { readonly symbol: CallSymbol }[];
  readonly calls: readonly { readonly symbol: CallSymbol }[];
  readonly teaches: boolean;
  readonly pitfalls: readonly Pitfall[];
}

/** What of a case depends on the symbols of its calls. */
function toDone(
  { all, calls, teaches, pitfalls }: Told,
  book: SequenceBook,
): Pick<Case, 'sequence' | 'line' | 'pitfalls'> {
  const { stock } = book;
  const line = stock.line(calls.map(({ symbol }) => symbol));
  const symbols = teaches ? line.symbols.map(({ id }) => id) : all.map(({ symbol }) => stock.text(symbol.id));
  const places = teaches ? line.places : squeeze(symbols);
  return {
    sequence: book.intern(places.map((at) => symbols[at] ?? '')),
    line,
    pitfalls: pitfalls.length === 0 ? none : pitfalls,
  };
}

/** Says that nobody has this case any more: what no other one has is let go. */
export function release(one: Case, book: SequenceBook): void {
  book.stock.release(one.terms);
  releaseDone(one, book);
  if (one.tried !== undefined) book.stock.releaseLine(one.tried.line);
}

/** The same of a case of which `remade` was made. */
export function releaseRemade(one: Case, remade: Case, book: SequenceBook): void {
  if (one === remade) return;
  if (one.terms !== remade.terms) book.stock.release(one.terms);
  releaseDone(one, book);
}

/** What was done by it alone, without its words. */
export function releaseDone({ sequence, line }: Case, book: SequenceBook): void {
  book.release(sequence);
  book.stock.releaseLine(line);
}

const toCallsKey = ({ key }: Interned) => hashWide(`@ ${key}`);
const isTeaching = (verdict: Verdict) => verdict === 'told' || verdict === 'implied';

const none: readonly Pitfall[] = [];

/** A case as far as it belongs to a part. The task was more than that: its words say nothing of when the part is called for. */
export function toCutCase(
  one: Case,
  { calls, sequence, pitfalls }: Pick<Case, 'calls' | 'sequence' | 'pitfalls'>,
  { stock }: SequenceBook,
): Case {
  // Each of its calls is a step.
  const line = toWholeLine(calls.map(({ symbol }) => symbol));
  const digest = { ...one, tried: undefined, stated: false, terms: [], sequence, line, pitfalls };
  return new PackedCase(digest, '', packCalls(calls, stock), stock);
}

type Digest = Omit<Case, 'text' | 'calls' | 'callIds' | 'chosen'>;

/** Most of an episode is needed only while a procedure is read off it: that is kept as text, which takes a fifth of the room. */
class PackedCase implements Case {
  readonly episodeId: string;
  readonly lot: number;
  readonly principal: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly verdict: Verdict;
  readonly broke: boolean;
  readonly finished: boolean;
  readonly stated: boolean;
  readonly wordingKey: number;
  readonly terms: readonly KnownTerm[];
  readonly sequence: Interned;
  readonly line: Line;
  readonly pitfalls: readonly Pitfall[];
  readonly tried: Tried | undefined;
  readonly #text: string;
  readonly #calls: string;
  readonly #stock: Stock;

  constructor(digest: Digest, text: string, calls: string, stock: Stock) {
    this.episodeId = digest.episodeId;
    this.lot = digest.lot;
    this.principal = digest.principal;
    this.startedAt = digest.startedAt;
    this.endedAt = digest.endedAt === digest.startedAt ? digest.startedAt : digest.endedAt;
    this.verdict = digest.verdict;
    this.broke = digest.broke;
    this.finished = digest.finished;
    this.stated = digest.stated;
    this.wordingKey = digest.wordingKey;
    this.terms = digest.terms;
    this.sequence = digest.sequence;
    this.line = digest.line;
    this.pitfalls = digest.pitfalls;
    this.tried = digest.tried;
    this.#text = text;
    this.#calls = calls;
    this.#stock = stock;
  }

  get text(): CaseText {
    return unpackText(this.#text);
  }

  get calls(): readonly CaseCall[] {
    return unpackCalls(this.#calls, this.line, this.#stock);
  }

  get callIds(): readonly string[] {
    return unpackCallIds(this.#calls);
  }

  get chosen(): readonly ChosenCall[] {
    if (this.tried === undefined) return this.line.symbols.map((symbol) => ({ symbol, choices: [] }));
    return unpackTried(this.tried)
      .filter(({ error, led }) => !error && !led)
      .map(({ plain, choices }) => ({ symbol: plain, choices }));
  }

  /** Another one of which this was done. */
  with(done: Partial<Digest>): PackedCase {
    return new PackedCase(Object.assign({}, this, done), this.#text, this.#calls, this.#stock);
  }
}

/** Terms for an episode whose task nobody stated; the mark keeps them apart from words of tasks. */
function toCallTerms(symbols: readonly CallSymbol[]): Term[] {
  const terms = new Map<string, number>();
  for (const { id, tool, program, keys } of symbols) {
    for (const word of [...toNameWords(tool), ...toNameWords(program)]) terms.set(`@${word}`, 2);
    for (const key of keys.slice(0, 20)) terms.set(`@:${key.slice(0, 60)}`, 1);
    terms.set(`@=${id}`, 4);
    if (terms.size >= bounds.termsMax) break;
  }
  return [...terms].map(([term, weight]) => ({ term, weight }));
}

/** The order in which cases are told, whatever the order of their arrival. */
export function compareCases(a: Case, b: Case): number {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? -1 : 1;
  if (a.episodeId === b.episodeId) return 0;
  return a.episodeId < b.episodeId ? -1 : 1;
}

/** Whether a case may teach steps. */
export function teachesSteps(one: Case): boolean {
  return (one.verdict === 'told' || one.verdict === 'implied') && one.sequence.symbols.length > 0;
}
