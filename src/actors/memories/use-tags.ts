/**
 * A memory's automatic tags: what its text tells, and the tools with which it was used again and again. Made anew from both
 * each time, so that what has faded goes; it reads links and writes nothing.
 */
import type { AutoTags } from '../../../machines/words/memories.ts';
import { relations } from '../../../machines/words/memories.ts';
import { addUseTags, fade, findAutoTags } from '../../memory/memory.ts';
import type { StoredMemory, Trx } from '../../store/store.ts';
import { readEdges } from '../../store/store.ts';

/** Links of a memory that are looked at, the heaviest first. */
const linksMax = 50;

/** The tags that each of these memories has now, in the same order. */
export async function readAutoTags(
  trx: Trx,
  memories: readonly Pick<StoredMemory, 'memoryId' | 'content' | 'kind' | 'autoTags'>[],
  now: string,
): Promise<readonly AutoTags[]> {
  const nodes = memories.map(({ memoryId: id }) => ({ kind: 'memory', id }) as const);
  const links = await readEdges(trx, nodes, { relations: [relations.usedWith], limit: linksMax });
  return memories.map(({ memoryId, content, kind, autoTags }) => {
    const used = links
      .filter(({ from, to }) => from.id === memoryId && to.kind === 'tool')
      .map(({ to, weight, updatedAt }) => ({
        name: to.id,
        weight: fade(weight, Date.parse(updatedAt), Date.parse(now)),
      }));
    return addUseTags(findAutoTags(content, kind, autoTags.discovered_at), used);
  });
}
