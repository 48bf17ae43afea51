/**
 * Memories: what agents want remembered, shared in their namespace unless it is private. What was told to be stored is
 * committed with its events before the answer; a memory's text never leaves the database but to whom it was shared with,
 * and to the embedding endpoint where one is configured.
 */
import { DreyError, isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { createId, toToken } from '../../../machines/words/ids.ts';
import type { GraphEdge, GraphNode, MemoryKind } from '../../../machines/words/memories.ts';
import type { Redactor } from '../../access/access.ts';
import type { Behind, Store, StoredMemory, Trx, Viewer } from '../../store/store.ts';
import {
  addToOutbox,
  ensureNamespace,
  getMemories,
  listMemories,
  lockMemoryByDigest,
  removeMemory,
  saveEdges,
  showMemories,
  stopLearning,
} from '../../store/store.ts';
import type { Announcer } from '../announcer.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import { toFacts } from './memory-facts.ts';
import type { MemoryInput } from './memory-facts.ts';
import { readNeighbours, readWay, toGraphEdge } from './memory-graph.ts';
import { assertMayChange, assertSaysSomething, findNode, findOne } from './memory-lookups.ts';
import type { FoundMemoryView } from './memory-lookups.ts';
import { findMemoriesAs } from './memory-search.ts';
import type { Meaning } from './memory-search.ts';
import { recall } from './recall.ts';
import type { RecallQuestion, Recollection } from './recall.ts';
import { reviseMemory, storeMemory, toEvent } from './store-memory.ts';
import type { Stored } from './store-memory.ts';

export interface MemoriesOptions {
  readonly store: Store;
  readonly redactor: Redactor;
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly log: Log;
  /** Hears that events were committed. */
  readonly committed: () => void;
  /** Who knows what texts mean; without it memories are found by their words. */
  readonly meanings?: Meanings | undefined;
}

/** Who finds out what texts mean, besides everything else: nothing waits for long, nothing fails for it. */
export interface Meanings {
  /** What a question means, if that can be had at once. */
  find(namespace: string, question: string): Promise<Meaning | undefined>;
  /** This memory was stored or changed, and is committed. */
  note(namespace: string, memoryId: string): void;
}

/** Who asks, and for which namespace. */
export interface Asker {
  readonly namespace: string;
  readonly principal: { readonly id: string };
  readonly traceparent?: string | undefined;
}

export type StoredView = Omit<Stored, 'events'>;

/** The memories of a node. */
export class Memories {
  readonly #options: MemoriesOptions;

  constructor(options: MemoriesOptions) {
    this.#options = options;
  }

  async store(
    o: Asker & { readonly memory: MemoryInput & { readonly content: string } },
  ): Promise<StoredView> {
    const { clock } = this.#options;
    const facts = toFacts(o.memory, undefined, this.#making());
    assertSaysSomething(facts.content);
    const kept = await this.#commit(o, async (trx, viewer) => {
      await ensureNamespace(trx);
      const { events, ...stored } = await storeMemory(trx, viewer, createId('memory', clock), facts);
      return { answer: stored, events };
    });
    return this.#note(kept);
  }

  async search(
    o: Asker & {
      readonly query: string;
      readonly kinds?: readonly MemoryKind[] | undefined;
      readonly limit: number;
    },
  ): Promise<readonly FoundMemoryView[]> {
    const text = this.#options.redactor.redactText(o.query);
    // Asked before a connection is taken: an endpoint that is slow must not hold any.
    const meaning = await this.#options.meanings?.find(o.namespace, text);
    const find = (known: Meaning | undefined): Promise<readonly FoundMemoryView[]> => {
      const question = { text, kinds: o.kinds, limit: o.limit, spelling: true, meaning: known };
      return this.#read(o, async (trx, viewer) => {
        const found = await findMemoriesAs(trx, viewer, question, showMemories);
        return found.map(({ memory, relevance }) => ({ ...memory, relevance }));
      });
    };
    return find(meaning).catch((error: unknown) => {
      if (meaning === undefined || (isDreyError(error) && error.code === 'database_unavailable')) throw error;
      this.#options.log.warn({ err: toPlainError(error) }, 'memories are searched by words alone');
      return find(undefined);
    });
  }

  async list(
    o: Asker & {
      readonly kind?: MemoryKind | undefined;
      readonly tag?: string | undefined;
      readonly limit: number;
      readonly after?: Behind | undefined;
    },
  ): Promise<readonly StoredMemory[]> {
    return this.#read(o, (trx, viewer) => listMemories(trx, viewer, o));
  }

  async get(o: Asker & { readonly memoryId: string }): Promise<StoredMemory | undefined> {
    return this.#read(o, async (trx, viewer) => (await getMemories(trx, viewer, [o.memoryId]))[0]);
  }

  async update(
    o: Asker & { readonly memoryId: string; readonly version: number; readonly changes: MemoryInput },
  ): Promise<StoredView> {
    const kept = await this.#commit(o, async (trx, viewer) => {
      const before = await findOne(trx, viewer, o.memoryId);
      assertMayChange(before, viewer, o.changes);
      const facts = toFacts(o.changes, before, this.#making());
      assertSaysSomething(facts.content);
      const other = await lockMemoryByDigest(trx, viewer, facts);
      if (other !== undefined && other.memoryId !== before.memoryId) {
        throw new DreyError(
          'argument_invalid',
          `${other.memoryId} says this already; forget one of the two, or update that one`,
          { details: { field: 'content' } },
        );
      }
      const revised = await reviseMemory(trx, viewer, {
        memoryId: before.memoryId,
        version: o.version,
        facts,
      });
      if (revised === undefined) {
        throw new DreyError(
          'revision_conflict',
          `this memory has version ${before.version} by now, not ${o.version}; read it again and decide anew`,
          { details: { version: before.version } },
        );
      }
      const { events, ...stored } = revised;
      return { answer: stored, events };
    });
    return this.#note(kept);
  }

  async link(
    o: Asker & {
      readonly memoryId: string;
      readonly to: GraphNode;
      readonly relation: string;
      readonly weight: number;
    },
  ): Promise<GraphEdge> {
    return this.#commit(o, async (trx, viewer) => {
      const memory = await findOne(trx, viewer, o.memoryId);
      const to = await findNode(trx, viewer, o.to);
      const edge = {
        from: { kind: 'memory' as const, id: memory.memoryId },
        to,
        relation: o.relation,
        weight: o.weight,
        updatedAt: viewer.now,
      };
      await saveEdges(trx, [edge]);
      const data = { to: toToken(to.id), relation: o.relation };
      return {
        answer: toGraphEdge(edge, viewer),
        events: [toEvent(memory, 'memory.linked', data, viewer.now, o.relation, to.id, String(o.weight))],
      };
    });
  }

  async forget(
    o: Asker & { readonly memoryId: string; readonly reason?: string | undefined },
  ): Promise<boolean> {
    const reason = o.reason === undefined ? {} : { reason: this.#options.redactor.redactText(o.reason) };
    return this.#commit(o, async (trx, viewer) => {
      // Nothing links it meanwhile.
      await stopLearning(trx);
      const [memory] = await getMemories(trx, viewer, [o.memoryId]);
      if (memory === undefined || !(await removeMemory(trx, viewer.principal, o.memoryId)))
        return { answer: false, events: [] };
      return { answer: true, events: [toEvent(memory, 'memory.forgotten', reason, viewer.now)] };
    });
  }

  async neighbours(
    o: Asker & {
      readonly node: GraphNode;
      readonly relations?: readonly string[] | undefined;
      readonly limit: number;
    },
  ): Promise<readonly GraphEdge[]> {
    return this.#read(o, async (trx, viewer) =>
      readNeighbours(trx, viewer, { ...o, node: await findNode(trx, viewer, o.node) }),
    );
  }

  async path(
    o: Asker & { readonly from: GraphNode; readonly to: GraphNode; readonly stepsMax: number },
  ): Promise<readonly GraphNode[] | undefined> {
    return this.#read(o, async (trx, viewer) =>
      readWay(trx, viewer, {
        ...o,
        from: await findNode(trx, viewer, o.from),
        to: await findNode(trx, viewer, o.to),
      }),
    );
  }

  /** Memories that bear on a task; none where the database is away. */
  recall(o: Asker & RecallQuestion): Promise<readonly Recollection[]> {
    const task = this.#options.redactor.redactText(o.task);
    return recall(this.#options, this.#viewer(o), { ...o, task });
  }

  noteRecall(
    o: Asker & {
      readonly place: string;
      readonly memoryIds: readonly string[];
      readonly sopIds: readonly string[];
    },
  ): void {
    const [first] = o.memoryIds;
    if (first === undefined) return;
    const { announcer } = this.#options;
    announcer.announce(
      'memory.recalled',
      { namespace: o.namespace, kind: 'memory', id: first },
      { memories: [...o.memoryIds], sops: [...o.sopIds], place: o.place, principal: o.principal.id },
      { traceparent: o.traceparent },
    );
  }

  /** What it means is found out afterwards. */
  #note(kept: StoredView): StoredView {
    this.#options.meanings?.note(kept.memory.namespace, kept.memory.memoryId);
    return kept;
  }

  #making(): { readonly redactor: Redactor; readonly nowMs: number } {
    return { redactor: this.#options.redactor, nowMs: this.#options.clock.now() };
  }

  #viewer({ principal }: Asker): Viewer {
    return { principal: principal.id, now: toIso(this.#options.clock.now()) };
  }

  #read<T>(asker: Asker, work: (trx: Trx, viewer: Viewer) => Promise<T>): Promise<T> {
    return this.#options.store.inNamespace(asker.namespace, (trx) => work(trx, this.#viewer(asker)));
  }

  /** The deed and its events are one transaction, committed before the answer. */
  async #commit<T>(
    asker: Asker,
    work: (
      trx: Trx,
      viewer: Viewer,
    ) => Promise<{ readonly answer: T; readonly events: readonly DreyEvent[] }>,
  ): Promise<T> {
    const { answer, told } = await this.#read(asker, async (trx, viewer) => {
      const done = await work(trx, viewer);
      const trace = asker.traceparent === undefined ? {} : { traceparent: asker.traceparent };
      if (done.events.length > 0)
        await addToOutbox(
          trx,
          done.events.map((event) => ({ ...event, ...trace })),
        );
      return { answer: done.answer, told: done.events.length };
    });
    if (told > 0) this.#options.committed();
    return answer;
  }
}
