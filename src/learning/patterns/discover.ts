/**
 * Which patterns counts bear out: what holds nearly wherever it could (support and share), and clearly more often there
 * than elsewhere (lift). What is simply always done is no pattern; a procedure says it already.
 */
import { toStableId } from '../../../machines/words/ids.ts';
import type { LearnedPattern, PatternContent } from '../../../machines/words/patterns.ts';
import type { FactCount } from './book.ts';

export const discoveryBounds = {
  /** Patterns of one namespace: those that explain most. */
  patternsMax: 200,
  /** Patterns with one condition. */
  sameConditionMax: 2,
  /** Words of one condition. */
  wordsMax: 3,
} as const;

/** As for procedures: three episodes, and two principals where a namespace is shared. */
const supportMin = 3;
const principalsMin = 2;
const least = {
  failure_recovery: { share: 0.5, lift: 1.2 },
  precondition: { share: 0.9, lift: 1.25 },
  proactive_search: { share: 0.8, lift: 1.5 },
  context_injection: { share: 0.6, lift: 1 },
} as const;
/** The prior: three of three are 0.73, two of two stay below the bar. */
const prior = { successes: 0.3, failures: 1.2 } as const;

export interface DiscoveryOptions {
  readonly namespace: string;
  readonly sharedNamespace?: boolean;
  readonly episodes: number;
}

/** What is found, before it is chosen from. */
interface Found {
  readonly content: PatternContent;
  readonly support: number;
  readonly chances: number;
  readonly principals: number;
  readonly lift: number;
}

/** The patterns that explain most, best first. */
export function discover(facts: ReadonlyMap<string, FactCount>, options: DiscoveryOptions): LearnedPattern[] {
  const found = [...findCalls(facts, options), ...findFlows(facts), ...findSearches(facts, options)].filter(
    (one) => isBorneOut(one, options),
  );
  const ranked = found
    .map((one) => toLearned(one, options.namespace))
    .sort((a, b) => toWorth(b) - toWorth(a) || (a.patternId < b.patternId ? -1 : 1));
  const times = new Map<string, number>();
  return ranked
    .filter(({ content }) => {
      const key = `${content.pattern_type} ${JSON.stringify(content.condition)}`;
      times.set(key, (times.get(key) ?? 0) + 1);
      return (times.get(key) ?? 0) <= discoveryBounds.sameConditionMax;
    })
    .slice(0, discoveryBounds.patternsMax);
}

const toWorth = ({ support, lift }: Pick<LearnedPattern, 'support' | 'lift'>) =>
  support * Math.log2(1 + lift);

function isBorneOut({ content, support, chances, principals, lift }: Found, options: DiscoveryOptions) {
  const { share, lift: liftMin } = least[content.pattern_type];
  return (
    support >= supportMin &&
    support / Math.max(1, chances) >= share &&
    lift >= liftMin &&
    (options.sharedNamespace !== true || principals >= principalsMin)
  );
}

function toLearned({ content, support, chances, lift }: Found, namespace: string): LearnedPattern {
  const { condition, action, pattern_type: type } = content;
  const mean = (support + prior.successes) / (chances + prior.successes + prior.failures);
  return {
    patternId: toStableId('pattern', namespace, type, JSON.stringify(condition), JSON.stringify(action)),
    content,
    confidence: Math.round(Math.min(0.99, mean) * 10_000) / 10_000,
    support,
    chances,
    lift: Math.round(lift * 100) / 100,
  };
}

/** Preconditions and recoveries: one call because of another. */
function* findCalls(facts: ReadonlyMap<string, FactCount>, { episodes }: DiscoveryOptions): Generator<Found> {
  const countOf = (...parts: readonly string[]) => facts.get(parts.join('\n'))?.episodes ?? 0;
  for (const [fact, { episodes: support, principals }] of facts) {
    const [kind, one = '', other = ''] = fact.split('\n');
    if (kind !== 'before' && kind !== 'recovered') continue;
    const chances = kind === 'before' ? countOf('has', one) : countOf('failed', one);
    const lift = toLift(support, chances, countOf('has', other), episodes);
    const content: PatternContent =
      kind === 'before'
        ? { pattern_type: 'precondition', condition: { next_tool: one }, action: { call_first: other } }
        : { pattern_type: 'failure_recovery', condition: { failed_tool: one }, action: { call: other } };
    yield { content, support, chances, principals, lift };
  }
}

function* findFlows(facts: ReadonlyMap<string, FactCount>): Generator<Found> {
  for (const [fact, { episodes: support, principals }] of facts) {
    const [kind, tool = '', argument = '', from = '', path = ''] = fact.split('\n');
    if (kind !== 'flow') continue;
    const chances = facts.get(`argument\n${tool}\n${argument}`)?.episodes ?? 0;
    // By chance two long values are never equal: how often it is so says all.
    yield {
      content: {
        pattern_type: 'context_injection',
        condition: { next_tool: tool, argument },
        action: { take_from: { tool: from, path } },
      },
      support,
      chances,
      principals,
      lift: 1 + support / Math.max(1, chances),
    };
  }
}

interface SearchWord {
  readonly word: string;
  readonly support: number;
  readonly chances: number;
  readonly principals: number;
  readonly lift: number;
}

/** For each tool that tasks begin to look things up with, the words that ask for it. */
function* findSearches(facts: ReadonlyMap<string, FactCount>, options: DiscoveryOptions): Generator<Found> {
  for (const [tool, words] of toSearchWords(facts, options)) {
    const ranked = words.sort((a, b) => toWorth(b) - toWorth(a) || (a.word < b.word ? -1 : 1));
    const [best] = ranked;
    if (best === undefined) continue;
    // Words that come with the best one make the condition narrower and cost nothing.
    const together = ranked
      .filter(({ support }) => support === best.support)
      .slice(0, discoveryBounds.wordsMax);
    const { word: _word, ...counts } = best;
    yield {
      content: {
        pattern_type: 'proactive_search',
        condition: { task_words: together.map(({ word }) => word) },
        action: { search_with: tool },
      },
      ...counts,
    };
  }
}

function toSearchWords(
  facts: ReadonlyMap<string, FactCount>,
  { episodes }: DiscoveryOptions,
): ReadonlyMap<string, SearchWord[]> {
  const { share, lift: liftMin } = least.proactive_search;
  const byTool = new Map<string, SearchWord[]>();
  for (const [fact, { episodes: support, principals }] of facts) {
    const [kind, tool = '', word = ''] = fact.split('\n');
    if (kind !== 'search') continue;
    const chances = facts.get(`word\n${word}`)?.episodes ?? 0;
    const lift = toLift(support, chances, facts.get(`first\n${tool}`)?.episodes ?? 0, episodes);
    if (support / Math.max(1, chances) < share || lift < liftMin) continue;
    byTool.set(tool, [...(byTool.get(tool) ?? []), { word, support, chances, principals, lift }]);
  }
  return byTool;
}

/** How many times more often something is so here than everywhere. */
function toLift(support: number, chances: number, everywhere: number, all: number): number {
  if (chances === 0 || everywhere === 0 || all === 0) return 0;
  return support / chances / (everywhere / all);
}
