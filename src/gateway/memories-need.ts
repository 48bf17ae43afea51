/** What the front door needs for memories: one interface for the tool, the REST resources and what is injected. */
import type { Behind } from './knowledge-needs.ts';
import type {
  AutoTags,
  GraphEdge,
  GraphNode,
  MemoryKind,
  MemoryVisibility,
} from '../../machines/words/memories.ts';
import type { Principal } from './needs.ts';

/** A memory as it is shown. */
export interface MemoryView {
  readonly memoryId: string;
  readonly namespace: string;
  readonly principal: string;
  readonly content: string;
  readonly kind: MemoryKind;
  readonly visibility: MemoryVisibility;
  readonly importance: number;
  readonly tags: readonly string[];
  readonly autoTags: AutoTags;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly version: number;
  /** How often it was said. */
  readonly stated: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lastUsedAt: string | null;
  readonly expiresAt: string | null;
}

/** A memory that was found; `relevance` is 0 to 1. */
export interface FoundMemoryView extends MemoryView {
  readonly relevance: number;
  /** Ids of memories that seem to say the opposite. */
  readonly contradicts: readonly string[];
}

/** What may be said of a memory; what is left out keeps its value or gets the default. */
export interface MemoryInput {
  readonly content?: string | undefined;
  readonly kind?: MemoryKind | undefined;
  readonly visibility?: MemoryVisibility | undefined;
  readonly importance?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Seconds from now; null is for ever. */
  readonly ttlSeconds?: number | null | undefined;
}

/** Who asks, and for which namespace. */
export interface MemoryAsker {
  readonly namespace: string;
  readonly principal: Principal;
  readonly traceparent?: string | undefined;
}

export interface StoredMemoryView {
  readonly memory: MemoryView;
  /** It was there already, in these or other words. */
  readonly merged: boolean;
  readonly contradicts: readonly string[];
}

export interface MemoriesNeed {
  store(
    o: MemoryAsker & { readonly memory: MemoryInput & { readonly content: string } },
  ): Promise<StoredMemoryView>;
  /** Best first; throws nothing for words that nobody wrote. */
  search(
    o: MemoryAsker & {
      readonly query: string;
      readonly kinds?: readonly MemoryKind[] | undefined;
      readonly limit: number;
    },
  ): Promise<readonly FoundMemoryView[]>;
  list(
    o: MemoryAsker & {
      readonly kind?: MemoryKind | undefined;
      readonly tag?: string | undefined;
      readonly limit: number;
      /** Goes on behind this one. */
      readonly after?: Behind | undefined;
    },
  ): Promise<readonly MemoryView[]>;
  get(o: MemoryAsker & { readonly memoryId: string }): Promise<MemoryView | undefined>;
  /** Throws `revision_conflict` when it has another version by now. */
  update(
    o: MemoryAsker & { readonly memoryId: string; readonly version: number; readonly changes: MemoryInput },
  ): Promise<StoredMemoryView>;
  link(
    o: MemoryAsker & {
      readonly memoryId: string;
      readonly to: GraphNode;
      readonly relation: string;
      readonly weight: number;
    },
  ): Promise<GraphEdge>;
  /** False when it is not there. */
  forget(
    o: MemoryAsker & { readonly memoryId: string; readonly reason?: string | undefined },
  ): Promise<boolean>;
  neighbours(
    o: MemoryAsker & {
      readonly node: GraphNode;
      readonly relations?: readonly string[] | undefined;
      readonly limit: number;
    },
  ): Promise<readonly GraphEdge[]>;
  /** The strongest way between two nodes, both included; undefined where there is none within the bounds. */
  path(
    o: MemoryAsker & { readonly from: GraphNode; readonly to: GraphNode; readonly stepsMax: number },
  ): Promise<readonly GraphNode[] | undefined>;
  /** Tells that memories (and procedures with them) were given to somebody at work. Never throws. */
  noteRecall(
    o: MemoryAsker & {
      /** The task, or the session where no task was stated. */
      readonly place: string;
      readonly memoryIds: readonly string[];
      readonly sopIds: readonly string[];
    },
  ): void;
}
