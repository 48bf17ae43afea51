/**
 * What one episode says about patterns, as a few facts that can be counted and taken back. A failed episode says nothing,
 * and neither does a call that an earlier result asked for.
 */
import type { Episode } from '../../../machines/words/episodes.ts';
import { bounds } from '../bounds.ts';
import { type CleanCall, clean } from '../clean.ts';
import { hasEffects } from '../effects.ts';
import { findLed } from '../led.ts';
import { isNamedPath, type Leaf, toLeaves } from '../leaves.ts';
import { toTerms } from '../terms.ts';
import { holds, toComparable } from '../texts.ts';

export const factBounds = {
  /** Different tools of one episode that are looked at, in order of their first use. */
  toolsMax: 16,
  wordsMax: 24,
  flowsMax: 24,
  /** A shorter value is found in any result. */
  valueMin: 4,
  /** Leaves of one result whose values later arguments are looked for in. */
  resultLeavesMax: 200,
} as const;

/** Facts, each once; the parts of a fact are joined by line breaks, which no name holds. */
export function toFacts(episode: Episode): ReadonlySet<string> {
  const { verdict, calls } = clean(episode);
  const facts = new Set<string>();
  if (verdict === 'failed' || verdict === 'stuck' || calls.length === 0) return facts;
  const tools = [...new Set(calls.map(({ symbol }) => symbol.tool))].slice(0, factBounds.toolsMax);
  tools.forEach((tool, at) => {
    facts.add(toFact('has', tool));
    for (const before of tools.slice(0, at)) facts.add(toFact('before', tool, before));
  });
  addRecoveries(episode, facts);
  addFirst(episode, calls, facts);
  addFlows(episode, calls, facts);
  return facts;
}

/** A fact's text. */
export const toFact = (...parts: readonly string[]) => parts.join('\n');

/** What was called between a failure of a tool and its next success, or in its stead. */
function addRecoveries(episode: Episode, facts: Set<string>): void {
  const led = findLed(episode);
  const calls = episode.calls.slice(0, bounds.callsMax).filter((call) => !led.has(call));
  calls.forEach((failed, at) => {
    if (!failed.error) return;
    const next = calls.slice(at + 1).find(({ error }) => !error);
    facts.add(toFact('failed', failed.name));
    if (next !== undefined && next.name !== failed.name)
      facts.add(toFact('recovered', failed.name, next.name));
  });
}

/** Which words a task has that began by looking something up. */
function addFirst(episode: Episode, calls: readonly CleanCall[], facts: Set<string>): void {
  const first = calls[0]?.symbol.tool ?? '';
  const words = toTerms(episode.task)
    .filter(({ term }) => /^\p{L}{3,}$/u.test(term))
    .slice(0, factBounds.wordsMax);
  for (const { term } of words) {
    facts.add(toFact('word', term));
    if (!hasEffects(first)) facts.add(toFact('search', first, term));
  }
  if (!hasEffects(first)) facts.add(toFact('first', first));
}

/** Which argument had its value from which field of an earlier result, where the task does not say it. */
function addFlows(episode: Episode, calls: readonly CleanCall[], facts: Set<string>): void {
  const task = toComparable(episode.task);
  /** Values of results so far, the newest one of each. */
  const seen = new Map<string, { readonly tool: string; readonly path: string }>();
  let flows = 0;
  for (const { call, symbol } of calls) {
    for (const leaf of toLeaves(call.args, bounds.argumentLeavesMax)) {
      const value = toValue(leaf);
      if (value === undefined || !isNamedPath(leaf.path) || holds(task, value)) continue;
      facts.add(toFact('argument', symbol.tool, toPath(leaf)));
      const source = seen.get(value);
      if (source === undefined || source.tool === symbol.tool || flows >= factBounds.flowsMax) continue;
      flows += 1;
      facts.add(toFact('flow', symbol.tool, toPath(leaf), source.tool, source.path));
    }
    for (const leaf of toLeaves(call.result, factBounds.resultLeavesMax)) {
      const value = toValue(leaf);
      if (value !== undefined && isNamedPath(leaf.path))
        seen.set(value, { tool: symbol.tool, path: toPath(leaf) });
    }
  }
}

function toValue({ value }: Leaf): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = toComparable(String(value));
  return text.length >= factBounds.valueMin && text.length <= 200 ? text : undefined;
}

const toPath = ({ path }: Leaf) => path.map((part) => `/${/^\d+$/.test(part) ? '*' : part}`).join('');
