/**
 * Tags that a memory gets from being used: the tools with which it was recalled again and again. Pure; weights are handed
 * in as they are now. It must never take away a tag that was read off the text.
 */
import type { AutoTags } from '../../machines/words/memories.ts';
import { memoryLimits } from '../../machines/words/memories.ts';

/** A link is a tag from this weight on: four uses in a row. */
const weightMin = 0.5;
/** Tags that come from use; the text has the other places. */
const useTagsMax = 8;

/** The tags of a text together with those of its use, the surest first; what has faded is none any more. */
export function addUseTags(
  found: AutoTags,
  tools: readonly { readonly name: string; readonly weight: number }[],
): AutoTags {
  const confidence = new Map(Object.entries(found.confidence));
  const used = tools
    .map(({ name, weight }) => [name.toLowerCase(), Math.round(weight * 100) / 100] as const)
    .filter(([name, weight]) => weight >= weightMin && name.length <= memoryLimits.tagMax)
    .sort(bySureness)
    .slice(0, useTagsMax);
  const names = new Set(used.map(([name]) => name));
  const read = [...confidence].filter(([tag]) => !names.has(tag)).sort(bySureness);
  const kept = read.slice(0, memoryLimits.tagsMax - used.length);
  const all = [...kept, ...used].sort(bySureness);
  return { ...found, tags: all.map(([tag]) => tag), confidence: Object.fromEntries(all) };
}

function bySureness([one, a]: readonly [string, number], [other, b]: readonly [string, number]): number {
  return b - a || (one < other ? -1 : 1);
}
