/** Looking memories and nodes up for somebody, and what that one may not do with them. */
import { DreyError } from '../../../machines/words/errors.ts';
import type { GraphNode } from '../../../machines/words/memories.ts';
import { relations } from '../../../machines/words/memories.ts';
import type { StoredMemory, Trx, Viewer } from '../../store/store.ts';
import { getMemories, getSop, readEdges } from '../../store/store.ts';
import type { MemoryInput } from './memory-facts.ts';
import type { RankedMemory } from './memory-search.ts';

export interface FoundMemoryView extends StoredMemory {
  readonly relevance: number;
  readonly contradicts: readonly string[];
}

/** Contradictions told with one memory. */
const contradictionsMax = 10;

/** Somebody else's private memory and none at all are the same to a caller. */
export async function findOne(trx: Trx, viewer: Viewer, memoryId: string): Promise<StoredMemory> {
  const [memory] = await getMemories(trx, viewer, [memoryId]);
  if (memory !== undefined) return memory;
  throw new DreyError('memory_unknown', 'no memory has this id in this namespace');
}

/** A node of the graph under its full id; memories and procedures must be there, tasks and tools are only names. */
export async function findNode(trx: Trx, viewer: Viewer, node: GraphNode): Promise<GraphNode> {
  if (node.kind === 'memory') return { kind: 'memory', id: (await findOne(trx, viewer, node.id)).memoryId };
  if (node.kind !== 'sop') return node;
  const sop = await getSop(trx, node.id);
  if (sop !== undefined) return { kind: 'sop', id: sop.sopId };
  throw new DreyError('sop_unknown', 'no SOP has this id in this namespace');
}

/** What was found, each with those that seem to say the opposite. */
export async function withContradictions(
  trx: Trx,
  viewer: Viewer,
  found: readonly RankedMemory[],
): Promise<readonly FoundMemoryView[]> {
  const nodes = found.map(({ memory }) => ({ kind: 'memory' as const, id: memory.memoryId }));
  const edges = await readEdges(trx, nodes, { relations: [relations.contradicts], limit: contradictionsMax });
  const ends = edges.flatMap(({ from, to }) => [from.id, to.id]);
  const there = new Set((await getMemories(trx, viewer, ends)).map(({ memoryId }) => memoryId));
  return found.map(({ memory, relevance }) => {
    const id = memory.memoryId;
    const others = edges.flatMap(({ from, to }) =>
      from.id === id ? [to.id] : to.id === id ? [from.id] : [],
    );
    return { ...memory, relevance, contradicts: [...new Set(others)].filter((other) => there.has(other)) };
  });
}

/** Throws for what is blank once it is trimmed. */
export function assertSaysSomething(content: string): void {
  if (content !== '') return;
  throw new DreyError(
    'argument_invalid',
    'content must be what is to be remembered: text that is not blank',
    {
      details: { field: 'content' },
    },
  );
}

/** Hiding what a namespace knows, or showing what was private, is for whoever stored it. */
export function assertMayChange(
  before: StoredMemory,
  { principal }: Viewer,
  { visibility }: MemoryInput,
): void {
  if (visibility === undefined || visibility === before.visibility || before.principal === principal) return;
  throw new DreyError('permission_denied', 'only who stored a memory may change who sees it', {
    details: { field: 'visibility' },
  });
}
