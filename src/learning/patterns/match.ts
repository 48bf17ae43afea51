/** Which patterns bear on a task at this moment, and what they say, in one sentence each. Better silent than wrong. */
import { type PatternContent, toSentence } from '../../../machines/words/patterns.ts';
import { toTerms } from '../terms.ts';
import { toWholeWord } from '../whole-words.ts';

/** A pattern that may be offered. */
export interface OfferedPattern {
  readonly patternId: string;
  readonly content: PatternContent;
  readonly confidence: number;
  readonly appliedCount: number;
  readonly effectiveness: number;
}

/** Where an agent stands. */
export interface Moment {
  readonly task: string;
  /** Calls made for the task so far, oldest first. */
  readonly calls: readonly { readonly tool: string; readonly failed: boolean }[];
  /** Tools that are likely to be called soon. */
  readonly likely: readonly string[];
  readonly limit: number;
}

export interface MatchedPattern {
  readonly patternId: string;
  readonly sentence: string;
  /** How far it may be believed, what came of it taken into account. */
  readonly relevance: number;
}

/** What is believed less is not told unasked. */
const relevanceMin = 0.6;
/** So many applications weigh as much as what the pattern was found by. */
const priorApplications = 5;

/** What bears on what just happened goes before what fits a task at large, where both are believed as much. */
const nearest: readonly PatternContent['pattern_type'][] = [
  'failure_recovery',
  'context_injection',
  'precondition',
  'proactive_search',
];

/** The patterns that fit, best first. */
export function matchPatterns(patterns: Iterable<OfferedPattern>, moment: Moment): MatchedPattern[] {
  const place = toPlace(moment);
  return [...patterns]
    .filter(({ content }) => isMet(content, place))
    .map((pattern) => ({ ...pattern, relevance: toRelevance(pattern), rank: toRank(pattern) }))
    .filter(({ relevance }) => relevance >= relevanceMin)
    .sort((a, b) => b.relevance - a.relevance || a.rank - b.rank || (a.patternId < b.patternId ? -1 : 1))
    .slice(0, moment.limit)
    .map(({ patternId, content, relevance }) => {
      const sentence = toSentence(content, (stem) => toWholeWord(stem, [moment.task]));
      return { patternId, sentence, relevance };
    });
}

function toRank({ content }: OfferedPattern): number {
  return nearest.indexOf(content.pattern_type);
}

interface Place {
  readonly words: ReadonlySet<string>;
  /** Whether anything was called yet, well or not. */
  readonly isBegun: boolean;
  readonly done: ReadonlySet<string>;
  readonly likely: ReadonlySet<string>;
  readonly lastFailed: string | undefined;
}

function toPlace({ task, calls, likely }: Moment): Place {
  const last = calls.at(-1);
  return {
    words: new Set(toTerms(task).map(({ term }) => term)),
    isBegun: calls.length > 0,
    done: new Set(calls.filter(({ failed }) => !failed).map(({ tool }) => tool)),
    likely: new Set(likely),
    lastFailed: last?.failed === true ? last.tool : undefined,
  };
}

function isMet(content: PatternContent, { words, isBegun, done, likely, lastFailed }: Place): boolean {
  switch (content.pattern_type) {
    case 'failure_recovery':
      return content.condition.failed_tool === lastFailed;
    case 'precondition':
      return likely.has(content.condition.next_tool) && !done.has(content.action.call_first);
    case 'proactive_search':
      return !isBegun && content.condition.task_words.every((word) => words.has(word));
    default:
      return likely.has(content.condition.next_tool) && done.has(content.action.take_from.tool);
  }
}

/** What helped whoever followed it counts more with every application. */
function toRelevance({ confidence, appliedCount, effectiveness }: OfferedPattern): number {
  const weight = appliedCount / (appliedCount + priorApplications);
  return Math.round(((1 - weight) * confidence + weight * effectiveness) * 10_000) / 10_000;
}
