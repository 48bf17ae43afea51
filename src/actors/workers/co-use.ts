/**
 * The graph worker: links memories with the tools and procedures they were used with. What was recalled for a task is
 * linked with that task; each call of the task then strengthens the memory's link with its tool, and a strong link is a tag
 * of the memory. It reads no arguments.
 */
import type { AnyEvent, DreyEvent } from '../../../machines/words/events.ts';
import type { AutoTags, GraphNode } from '../../../machines/words/memories.ts';
import { relations } from '../../../machines/words/memories.ts';
import { strengthen } from '../../memory/memory.ts';
import type { Store, StoredEdge, Trx } from '../../store/store.ts';
import {
  ensureNamespace,
  getMemories,
  holdLearning,
  lockEdges,
  lockMemories,
  readEdges,
  readLearningRules,
  saveEdges,
  tagMemory,
  takeInbox,
  touchMemories,
} from '../../store/store.ts';
import type { Delivery, Following, Wire } from '../../wire/wire.ts';
import { readAutoTags } from '../memories/use-tags.ts';
import { createSieve, toExcludableIds } from './learnable.ts';

/** The durable under which the bus remembers what was taken, and the name in the inbox. */
export const coUseDurable = 'memory-graph';
const types = ['memory.recalled', 'call.finished'] as const;
const batchMax = 500;
const waitMs = 100;
/** Memories of one task that a call is linked with, and links made in one batch of a namespace. */
const recalledMax = 50;
const linksMax = 5_000;

export interface CoUseOptions {
  readonly wire: Pick<Wire, 'follow'>;
  readonly store: Store;
  /** Resolves while it may go on. */
  readonly gate: () => Promise<void>;
}

/** Starts taking; resolves once the consumer stands. */
export async function startCoUse({ wire, store, gate }: CoUseOptions): Promise<Following> {
  return wire.follow({
    durable: coUseDurable,
    filters: { types },
    from: 'all',
    batchMax,
    waitMs,
    gate,
    onBatch: async (deliveries) => {
      for (const [namespace, events] of byNamespace(deliveries))
        await store.inNamespace(namespace, (trx) => take(trx, events));
    },
  });
}

/** One use of two things together. */
interface Use {
  readonly from: GraphNode;
  readonly to: GraphNode;
  readonly relation: string;
  readonly at: string;
}

async function take(trx: Trx, events: readonly AnyEvent[]): Promise<void> {
  await ensureNamespace(trx);
  const ids = events.map(({ id }) => id);
  const fresh = await takeInbox(trx, coUseDurable, ids);
  const once = new Map(events.filter(({ id }) => fresh.has(id)).map((event) => [event.id, event]));
  // Forgetting waits for this, and this for forgetting: no link outlives its memory.
  await holdLearning(trx);
  const places = [...once.values()].map(toPlace);
  const rules = await readLearningRules(trx, [...toExcludableIds([...once.values()]), ...places]);
  const sieve = createSieve(rules);
  const out = new Set(rules.exclusions.filter(({ until }) => until === null).map(({ id }) => id));
  const learnable = [...once.values()].filter(
    (event) => sieve.isLearnable(event) && !out.has(toPlace(event)),
  );
  // What was recalled in this batch is there when its calls are looked at.
  for (const event of learnable)
    if (event.type === 'memory.recalled') await use(trx, await toRecalls(trx, event));
  const calls = learnable
    .filter((event) => event.type === 'call.finished')
    .filter(({ data }) => !data.isError);
  const uses = await toCallUses(trx, calls);
  await use(trx, uses);
  await retag(trx, uses);
}

/** What a memory was recalled for, and the procedures it was served with. */
async function toRecalls(trx: Trx, { at, data }: DreyEvent<'memory.recalled'>): Promise<readonly Use[]> {
  const there = await getMemories(trx, { principal: data.principal, now: at }, data.memories);
  const ids = there.map(({ memoryId }) => memoryId);
  if (ids.length > 0) await touchMemories(trx, ids, at);
  return ids.flatMap((id) => {
    const from = { kind: 'memory', id } as const;
    const recalled = {
      from,
      to: { kind: 'task', id: data.place } as const,
      relation: relations.recalledIn,
      at,
    };
    const served = data.sops.map((sop) => ({
      from,
      to: { kind: 'sop', id: sop } as const,
      relation: relations.usedWith,
      at,
    }));
    return [recalled, ...served];
  });
}

/** Calls of tasks for which memories were recalled. */
async function toCallUses(trx: Trx, calls: readonly DreyEvent<'call.finished'>[]): Promise<readonly Use[]> {
  const nodes = [...new Set(calls.map(toPlace))].map((id) => ({ kind: 'task', id }) as const);
  const recalled = await readEdges(trx, nodes, { relations: [relations.recalledIn], limit: recalledMax });
  const byPlace = new Map<string, StoredEdge[]>();
  for (const edge of recalled) byPlace.set(edge.to.id, [...(byPlace.get(edge.to.id) ?? []), edge]);
  return calls.flatMap((call) =>
    (byPlace.get(toPlace(call)) ?? []).map(({ from }) => ({
      from,
      to: { kind: 'tool', id: call.data.name } as const,
      relation: relations.usedWith,
      at: call.at,
    })),
  );
}

/** Strengthens links, each once a use, in the order of the uses. */
async function use(trx: Trx, uses: readonly Use[]): Promise<void> {
  const some = uses.slice(0, linksMax);
  const edges = new Map<string, StoredEdge>();
  for (const edge of await lockEdges(trx, some)) edges.set(toKey(edge), edge);
  for (const { at, ...link } of some) {
    const before = edges.get(toKey(link));
    const weight = strengthen(before?.weight ?? 0, Date.parse(before?.updatedAt ?? at), Date.parse(at));
    const updatedAt = before !== undefined && before.updatedAt > at ? before.updatedAt : at;
    edges.set(toKey(link), { ...link, weight, updatedAt });
  }
  await saveEdges(trx, [...edges.values()]);
}

/** Gives the memories that tools were used with the tags that come of it. */
async function retag(trx: Trx, uses: readonly Use[]): Promise<void> {
  const now = uses
    .map(({ at }) => at)
    .toSorted()
    .at(-1);
  if (now === undefined) return;
  const memories = await lockMemories(trx, [...new Set(uses.map(({ from }) => from.id))]);
  for (const [at, autoTags] of (await readAutoTags(trx, memories, now)).entries()) {
    const memory = memories[at];
    if (memory !== undefined && !areSame(memory.autoTags, autoTags))
      await tagMemory(trx, memory.memoryId, autoTags);
  }
}

function areSame(one: AutoTags, other: AutoTags): boolean {
  const show = ({ confidence }: AutoTags): string =>
    JSON.stringify(
      Object.entries(confidence)
        .map(([tag, sure]) => `${tag} ${sure}`)
        .toSorted(),
    );
  return show(one) === show(other);
}

function toKey({ from, to, relation }: Pick<StoredEdge, 'from' | 'to' | 'relation'>): string {
  return JSON.stringify([from.kind, from.id, to.kind, to.id, relation]);
}

/** The task of an event, or its session where no task was stated. */
function toPlace(event: AnyEvent): string {
  if (event.type === 'memory.recalled') return event.data.place;
  const taskId = 'taskId' in event.data ? event.data.taskId : null;
  return taskId ?? event.actor.id;
}

function byNamespace(deliveries: readonly Delivery[]): Map<string, AnyEvent[]> {
  const groups = new Map<string, AnyEvent[]>();
  for (const { event } of deliveries) {
    const group = groups.get(event.namespace) ?? [];
    groups.set(event.namespace, group);
    group.push(event);
  }
  return groups;
}
