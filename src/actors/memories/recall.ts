/**
 * Memories that bear on a task, unasked: only what clearly does. What the agent says it holds already helps to find more,
 * and is not told again. It never fails and never keeps an answer waiting: then there are simply none.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import { toGist } from '../../memory/memory.ts';
import type { Store, Viewer } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { within } from '../within.ts';
import { findMemories } from './memory-search.ts';
import type { RankedMemory } from './memory-search.ts';

/** What is recalled, and how well it fits, 0 to 1. */
export interface Recollection {
  readonly memoryId: string;
  readonly content: string;
  readonly relevance: number;
}

export interface RecallQuestion {
  readonly namespace: string;
  readonly task: string;
  readonly recentMemories: readonly string[];
  readonly limit: number;
}

/** What fits less than this is not told unasked. */
export const recalledRelevanceMin = 0.35;
/** An injection does not wait longer for memories. */
const waitMs = 200;
/** Characters of what the agent holds that are looked for. */
const recentMax = 1_500;
/** What fits only to what the agent holds counts less than what fits to the task. */
const recentPull = 0.6;
/** Found for each one that is told, since some are known already. */
const spare = 3;

/** The memories for a task, best first. */
export async function recall(
  { store, clock, log }: { readonly store: Store; readonly clock: Clock; readonly log: Log },
  viewer: Viewer,
  question: RecallQuestion,
): Promise<readonly Recollection[]> {
  const { namespace, task, recentMemories, limit } = question;
  const recent = recentMemories.join('\n').slice(0, recentMax);
  const foundMax = limit * spare;
  const finding = store.inNamespace(namespace, async (trx) => {
    const byTask = await findMemories(trx, viewer, { text: task, limit: foundMax });
    const byRecent = recent === '' ? [] : await findMemories(trx, viewer, { text: recent, limit: foundMax });
    return [...byTask, ...byRecent.map((one) => ({ ...one, relevance: one.relevance * recentPull }))];
  });
  try {
    return choose(await within(finding, waitMs, clock), recentMemories, limit);
  } catch (error) {
    log.warn({ namespace, err: toPlainError(error) }, 'no memories are told: the database is away or slow');
    return [];
  }
}

function choose(
  found: readonly RankedMemory[],
  recentMemories: readonly string[],
  limit: number,
): readonly Recollection[] {
  const known = new Set(recentMemories.map(toGist));
  const best = new Map<string, Recollection>();
  for (const { memory, relevance } of found) {
    const { memoryId, content } = memory;
    if (relevance < recalledRelevanceMin || known.has(toGist(content))) continue;
    if (relevance > (best.get(memoryId)?.relevance ?? 0))
      best.set(memoryId, { memoryId, content, relevance });
  }
  return [...best.values()].sort((a, b) => b.relevance - a.relevance).slice(0, limit);
}
