/** The words for memories: their kinds, who sees them, what links them, and their maxima. */
import { z } from 'zod';

/**
 * What a memory is: `fact` (how something is), `preference` (how somebody wants it), `decision` (what was agreed),
 * `event` (what happened), `procedure` (how something is done, in words), `note` (anything else).
 */
export const MemoryKind = z.enum(['fact', 'preference', 'decision', 'event', 'procedure', 'note']);
export type MemoryKind = z.infer<typeof MemoryKind>;

/** Who sees it: everybody in its namespace, or only whoever stored it. */
export const MemoryVisibility = z.enum(['namespace', 'private']);
export type MemoryVisibility = z.infer<typeof MemoryVisibility>;

/** What the graph links. */
export const GraphKind = z.enum(['memory', 'sop', 'task', 'tool']);
export type GraphKind = z.infer<typeof GraphKind>;

/** One node of the memory graph; a task is its id, a tool the name by which clients call it. */
export interface GraphNode {
  readonly kind: GraphKind;
  readonly id: string;
}

/** A link of the graph; `weight` is what is left of it now. */
export interface GraphEdge {
  readonly from: GraphNode;
  readonly to: GraphNode;
  readonly relation: string;
  readonly weight: number;
  readonly updatedAt: string;
}

/** What was found out about a memory's subject, and by which version of the finding. */
export interface AutoTags {
  readonly acontext_version: number;
  readonly tags: readonly string[];
  /** How sure each tag is, 0 to 1. */
  readonly confidence: Readonly<Record<string, number>>;
  readonly discovered_at: string;
}

/** Relations that the house makes itself; others are free. */
export const relations = {
  contradicts: 'contradicts',
  similar: 'similar_to',
  usedWith: 'used_with',
  recalledIn: 'recalled_in',
} as const;

/** Maxima of memories. */
export const memoryLimits = {
  contentMax: 8_000,
  tagsMax: 20,
  tagMax: 60,
  relationMax: 60,
  metadataBytesMax: 8_192,
  foundMax: 50,
  neighboursMax: 100,
  pathStepsMax: 4,
  /** A time to live, in seconds: ten years. */
  ttlSecondsMax: 315_360_000,
} as const;
