/** Looking memories and nodes up for somebody, and what that one may not do with them. */
import { DreyError } from '../../../machines/words/errors.ts';
import type { GraphNode } from '../../../machines/words/memories.ts';
import type { ShownMemory, StoredMemory, Trx, Viewer } from '../../store/store.ts';
import { getMemories, getSop } from '../../store/store.ts';
import type { MemoryInput } from './memory-facts.ts';

export interface FoundMemoryView extends ShownMemory {
  readonly relevance: number;
}

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
