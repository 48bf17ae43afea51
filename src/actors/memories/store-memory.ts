/**
 * Storing a memory within a transaction: what was said before is said once more and not kept twice, and what looks like
 * the opposite of something is linked with it. Nothing is ever overwritten by something that merely resembles it.
 */
import type { DreyEvent, EventData, EventType } from '../../../machines/words/events.ts';
import { eventVersion } from '../../../machines/words/events.ts';
import { toStableId, toToken } from '../../../machines/words/ids.ts';
import { relations } from '../../../machines/words/memories.ts';
import { findContradiction, findLikeness } from '../../memory/memory.ts';
import type { MemoryFacts, StoredEdge, StoredMemory, Trx, Viewer } from '../../store/store.ts';
import {
  addMemory,
  changeMemory,
  lockMemoryByDigest,
  removeFindings,
  removeMemory,
  saveEdges,
} from '../../store/store.ts';
import { isAsBefore, toMergedFacts } from './memory-facts.ts';
import { findMemories } from './memory-search.ts';
import { readAutoTags } from './use-tags.ts';

export interface Stored {
  readonly memory: StoredMemory;
  /** It was there already. */
  readonly merged: boolean;
  /** Ids of memories that seem to say the opposite. */
  readonly contradicts: readonly string[];
  readonly events: readonly DreyEvent[];
}

/** Memories that a new one is compared with. */
const comparedMax = 12;
/** From this likeness on two memories are linked as similar. */
const likenessMin = 0.6;
/** Kinds of which two that differ cannot both hold; events and procedures differ without harm. */
const exclusive: ReadonlySet<string> = new Set(['fact', 'preference', 'decision', 'note']);

/** Adds it, or joins it with the one of its owner that says the same. */
export async function storeMemory(
  trx: Trx,
  viewer: Viewer,
  memoryId: string,
  facts: MemoryFacts,
): Promise<Stored> {
  const added = await addMemory(trx, memoryId, viewer, facts);
  if (added !== undefined) return withFindings(trx, viewer, added, 'memory.stored');
  const before = await lockMemoryByDigest(trx, viewer, facts);
  // Past its end, or forgotten between the two questions: then the new one begins a life of its own.
  if (before === undefined || isOver(before, viewer)) {
    if (before !== undefined) await removeMemory(trx, viewer.principal, before.memoryId);
    return storeMemory(trx, viewer, memoryId, facts);
  }
  const merged = await withUse(trx, before.memoryId, toMergedFacts(facts, before), viewer.now);
  const same = isAsBefore(merged, before);
  const { memoryId: id, version } = before;
  const memory =
    (await changeMemory(trx, viewer, { memoryId: id, version, facts: merged, restated: true, same })) ??
    before;
  const events = same ? [] : [toEvent(memory, 'memory.updated', { version: memory.version }, viewer.now)];
  return { memory, merged: true, contradicts: [], events };
}

/** Puts new facts in place of a version's, and finds out anew what they resemble; undefined when it has another one. */
export async function reviseMemory(
  trx: Trx,
  viewer: Viewer,
  o: { readonly memoryId: string; readonly version: number; readonly facts: MemoryFacts },
): Promise<Stored | undefined> {
  const facts = await withUse(trx, o.memoryId, o.facts, viewer.now);
  const memory = await changeMemory(trx, viewer, { ...o, facts });
  if (memory === undefined) return undefined;
  await removeFindings(trx, memory.memoryId, [relations.contradicts, relations.similar]);
  return withFindings(trx, viewer, memory, 'memory.updated');
}

/** What it was used with stays with it, whatever it says now. */
async function withUse(trx: Trx, memoryId: string, facts: MemoryFacts, now: string): Promise<MemoryFacts> {
  const [autoTags = facts.autoTags] = await readAutoTags(trx, [{ ...facts, memoryId }], now);
  return { ...facts, autoTags };
}

async function withFindings(
  trx: Trx,
  viewer: Viewer,
  memory: StoredMemory,
  type: 'memory.stored' | 'memory.updated',
): Promise<Stored> {
  const edges = await findEdges(trx, viewer, memory);
  await saveEdges(trx, edges);
  const opposed = edges.filter(({ relation }) => relation === relations.contradicts);
  const told = opposed.map(({ to, relation }) =>
    toEvent(memory, 'memory.linked', { to: toToken(to.id), relation }, viewer.now, to.id),
  );
  return {
    memory,
    merged: false,
    contradicts: opposed.map(({ to }) => to.id),
    events: [toEvent(memory, type, { version: memory.version }, viewer.now), ...told],
  };
}

async function findEdges(trx: Trx, viewer: Viewer, memory: StoredMemory): Promise<readonly StoredEdge[]> {
  const near = await findMemories(trx, viewer, { text: memory.content, limit: comparedMax });
  return near.flatMap(({ memory: other }) => {
    if (other.memoryId === memory.memoryId) return [];
    const canClash = exclusive.has(memory.kind) && exclusive.has(other.kind);
    const clash = canClash ? findContradiction(memory.content, other.content) : undefined;
    const likeness = clash === undefined ? findLikeness(memory.content, other.content) : 0;
    if (clash === undefined && likeness < likenessMin) return [];
    return [
      {
        from: { kind: 'memory', id: memory.memoryId },
        to: { kind: 'memory', id: other.memoryId },
        relation: clash === undefined ? relations.similar : relations.contradicts,
        weight: clash?.confidence ?? likeness,
        updatedAt: viewer.now,
      },
    ];
  });
}

function isOver({ expiresAt }: StoredMemory, { now }: Viewer): boolean {
  return expiresAt !== null && expiresAt <= now;
}

/** An event of a memory; the same fact has the same id, however often it is told. */
export function toEvent<T extends EventType>(
  { memoryId, namespace, version }: Pick<StoredMemory, 'memoryId' | 'namespace' | 'version'>,
  type: T,
  data: EventData<T>,
  at: string,
  ...natural: readonly string[]
): DreyEvent<T> {
  return {
    id: toStableId('event', namespace, memoryId, type, String(version), ...natural),
    type,
    at,
    namespace,
    actor: { kind: 'memory', id: memoryId },
    version: eventVersion,
    data,
  };
}
