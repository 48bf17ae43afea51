/**
 * What learning keeps of an episode: symbols, sources of arguments, terms and pitfalls. Results and long values are
 * dropped here, so that ten thousand episodes fit in memory and nothing of a result can reach a procedure.
 */
import type { Episode } from '../../machines/words/episodes.ts';
import type { Pitfall } from '../../machines/words/sops.ts';
import { bounds } from './bounds.ts';
import { clean, type Verdict } from './clean.ts';
import { type Interned, type SequenceBook, squeeze } from './likeness.ts';
import { findParticulars, type Particular, toPlainTask } from './particulars.ts';
import { type Argument, findArguments } from './sources.ts';
import type { CallSymbol } from './symbol.ts';
import { findValues, type Term, toNameWords, toTerms, toWordingKey } from './terms.ts';

export interface CaseCall {
  readonly callId: string;
  readonly symbol: CallSymbol;
  readonly args: readonly Argument[];
}

/** An episode, digested. */
export interface Case {
  readonly episodeId: string;
  readonly principal: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly verdict: Verdict;
  /** The task as it was stated; '' where nobody did. */
  readonly task: string;
  /** Equal for equal wordings; made of the calls where no task was stated. */
  readonly wordingKey: string;
  readonly terms: readonly Term[];
  /** What the task was about, in its words: replaced in triggers. */
  readonly particulars: readonly Particular[];
  /** E-mails, paths and numbers in the task. */
  readonly values: readonly string[];
  readonly calls: readonly CaseCall[];
  /** What was done; of an episode that failed, what was tried. */
  readonly sequence: Interned;
  /** For each place of the sequence, the call it stands for. */
  readonly places: readonly number[];
  readonly pitfalls: readonly Pitfall[];
}

/** Digests an episode; the same episode always gives the same case. */
export function toCase(episode: Episode, book: SequenceBook): Case {
  const task = toPlainTask(episode.task.slice(0, 2_000));
  const { verdict, calls, tried, pitfalls } = clean(episode);
  const teaches = verdict === 'told' || verdict === 'implied';
  const symbols = teaches ? calls.map((each) => each.symbol.id) : tried;
  const places = squeeze(symbols);
  const sequence = book.intern(places.map((at) => symbols[at] ?? ''));
  const found = teaches ? findArguments(task, calls) : [];
  const stated = task !== '' && toTerms(task).length > 0;
  return {
    episodeId: episode.episodeId,
    principal: episode.principal,
    startedAt: episode.startedAt,
    endedAt: episode.endedAt,
    verdict,
    task: stated ? task : '',
    wordingKey: stated ? toWordingKey(task) : `@ ${sequence.key}`,
    terms: stated ? toTerms(task) : toCallTerms(calls.map((each) => each.symbol)),
    particulars: stated && teaches ? findParticulars(task, episode.calls) : [],
    values: stated ? [...new Set(findValues(task))] : [],
    calls: calls.map(({ call, symbol }, at) => ({ callId: call.callId, symbol, args: found[at] ?? [] })),
    sequence,
    places,
    pitfalls,
  };
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
