/** Memories and links as they are answered, by the tool and by REST: one schema, so that both say the same. */
import { z } from 'zod';
import { KeptObject } from '../../../machines/words/json.ts';
import type { GraphEdge } from '../../../machines/words/memories.ts';
import { GraphKind, MemoryKind, MemoryVisibility, memoryLimits } from '../../../machines/words/memories.ts';
import type { FoundMemoryView, MemoryInput, MemoryView } from '../memories-need.ts';
import { count, fraction, text } from './tool.ts';

export const MemoryAnswer = z.object({
  memory_id: z.string(),
  content: z.string(),
  kind: z.enum(MemoryKind.options),
  visibility: z.enum(MemoryVisibility.options),
  importance: z.number(),
  tags: z.array(z.string()),
  auto_tags: z.record(z.string(), z.unknown()),
  metadata: z.record(z.string(), z.unknown()),
  author: z.string(),
  version: z.number().int().describe('Name it when you update the memory.'),
  stated: z.number().int().describe('How often it was said.'),
  created_at: z.string(),
  updated_at: z.string(),
  expires_at: z.string().nullable(),
});
export type MemoryAnswer = z.infer<typeof MemoryAnswer>;

export const FoundMemoryAnswer = MemoryAnswer.extend({
  relevance: z.number().min(0).max(1),
  contradicts: z
    .array(z.string())
    .describe('Memories that seem to say the opposite; look before you rely on either.'),
});
export type FoundMemoryAnswer = z.infer<typeof FoundMemoryAnswer>;

export const GraphNodeAnswer = z.object({ kind: z.enum(GraphKind.options), id: z.string() });

export const GraphEdgeAnswer = z.object({
  from: GraphNodeAnswer,
  to: GraphNodeAnswer,
  relation: z.string(),
  weight: z.number().describe('What is left of it: links made by use fade by half in 30 days.'),
  updated_at: z.string(),
});
export type GraphEdgeAnswer = z.infer<typeof GraphEdgeAnswer>;

const kindError = `must be one of ${MemoryKind.options.join(', ')}`;
const visibilityError = 'must be "namespace" or "private"';

/** What may be said of a memory. */
export const memoryFields = {
  kind: z.enum(MemoryKind.options, { error: kindError }).optional(),
  visibility: z
    .enum(MemoryVisibility.options, { error: visibilityError })
    .optional()
    .describe('namespace: every agent of your namespace finds it (the default); private: only you.'),
  importance: fraction().optional().describe('0 to 1; 0.5 unless stated.'),
  tags: z
    .array(text('a tag', memoryLimits.tagMax), { error: 'must be a list of texts' })
    .max(memoryLimits.tagsMax, { error: `must have at most ${memoryLimits.tagsMax} entries` })
    .optional(),
  metadata: KeptObject.optional().describe('Anything else worth keeping with it.'),
  ttl_seconds: count(1, memoryLimits.ttlSecondsMax)
    .nullable()
    .optional()
    .describe('Forget it by itself after so many seconds; null or nothing keeps it.'),
};

export const contentField = text('what is to be remembered', memoryLimits.contentMax);
export const relationField = text('a relation', memoryLimits.relationMax).regex(/^[a-z][a-z0-9_]*$/, {
  error: 'must be a relation: lower-case words joined by _, for instance depends_on',
});
export const nodeField = z.object(
  {
    kind: z.enum(GraphKind.options, { error: `must be one of ${GraphKind.options.join(', ')}` }),
    id: text('an id or a name', 300),
  },
  { error: 'must be {kind, id}' },
);

interface Given {
  readonly content?: string | undefined;
  readonly kind?: MemoryInput['kind'];
  readonly visibility?: MemoryInput['visibility'];
  readonly importance?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: MemoryInput['metadata'];
  readonly ttl_seconds?: number | null | undefined;
}

/** The fields as the house calls them. */
export function toMemoryInput({ ttl_seconds: ttlSeconds, ...given }: Given): MemoryInput {
  const { content, kind, visibility, importance, tags, metadata } = given;
  return { content, kind, visibility, importance, tags, metadata, ttlSeconds };
}

export function toMemoryAnswer(memory: MemoryView): MemoryAnswer {
  return {
    memory_id: memory.memoryId,
    content: memory.content,
    kind: memory.kind,
    visibility: memory.visibility,
    importance: memory.importance,
    tags: [...memory.tags],
    auto_tags: { ...memory.autoTags },
    metadata: { ...memory.metadata },
    author: memory.principal,
    version: memory.version,
    stated: memory.stated,
    created_at: memory.createdAt,
    updated_at: memory.updatedAt,
    expires_at: memory.expiresAt,
  };
}

export function toFoundAnswer(found: FoundMemoryView): FoundMemoryAnswer {
  const { relevance, contradicts } = found;
  return { ...toMemoryAnswer(found), relevance, contradicts: [...contradicts] };
}

export function toEdgeAnswer({ from, to, relation, weight, updatedAt }: GraphEdge): GraphEdgeAnswer {
  return { from: { ...from }, to: { ...to }, relation, weight, updated_at: updatedAt };
}
