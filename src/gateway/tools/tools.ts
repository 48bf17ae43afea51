/**
 * The gateway's own tools, one line each, in sets that can be switched on and off. They stay few, since every tool costs
 * the model attention; their calls are not learned from.
 */
import { context } from './context.ts';
import { getSops } from './get-sops.ts';
import { injectContext } from './inject-context.ts';
import { learningStatus } from './learning-status.ts';
import { memory } from './memory.ts';
import { recordFeedback } from './record-feedback.ts';
import { callTool, findTools } from './search-tools.ts';
import { sop } from './sop.ts';
import { task } from './task.ts';
import type { OwnTool } from './tool.ts';

export { callTool, callToolName, findTools } from './search-tools.ts';

/** Sets of own tools, in the order in which they are listed. A map, so that no name finds a prototype's member. */
export const ownToolSets: ReadonlyMap<string, readonly OwnTool[]> = new Map([
  ['acontext', [injectContext, getSops, recordFeedback, learningStatus]],
  ['task', [task]],
  ['context', [context]],
  ['memory', [memory]],
  ['sop', [sop]],
]);

/** Names that no upstream's tool may take, where these sets are on and tools may be searched. */
export function toOwnToolNames(sets: readonly string[], isSearched: boolean): readonly string[] {
  const own = sets.flatMap((name) => ownToolSets.get(name) ?? []);
  return [...own, ...(isSearched ? [findTools, callTool] : [])].map((tool) => tool.name);
}
