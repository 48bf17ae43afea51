/** What is kept of what somebody wants remembered: redacted, bounded, with digest, words and tags. It decides, and writes nothing. */
import { DreyError } from '../../../machines/words/errors.ts';
import { toDigest } from '../../../machines/words/ids.ts';
import type { MemoryKind, MemoryVisibility } from '../../../machines/words/memories.ts';
import { memoryLimits } from '../../../machines/words/memories.ts';
import type { Redactor } from '../../access/access.ts';
import { findAutoTags, toGist, toWords } from '../../memory/memory.ts';
import type { MemoryFacts, StoredMemory } from '../../store/store.ts';
import { toIso } from '../clock.ts';

/** What may be said of a memory. */
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

/** What is not said of a new memory. */
const blank = {
  content: '',
  kind: 'note',
  visibility: 'namespace',
  importance: 0.5,
  tags: [],
} as const satisfies Partial<StoredMemory>;

/** The facts of a new memory, or of one with changes. */
export function toFacts(
  input: MemoryInput,
  before: StoredMemory | undefined,
  { redactor, nowMs }: { readonly redactor: Redactor; readonly nowMs: number },
): MemoryFacts {
  const base = before ?? blank;
  const content = redactor
    .redactText(input.content ?? base.content)
    .trim()
    .slice(0, memoryLimits.contentMax);
  const kind = input.kind ?? base.kind;
  const tags = toTags(input.tags?.map((tag) => redactor.redactText(tag)) ?? base.tags);
  return {
    content,
    kind,
    visibility: input.visibility ?? base.visibility,
    importance: input.importance ?? base.importance,
    tags,
    autoTags: findAutoTags(content, kind, toIso(nowMs)),
    metadata: toMetadata(input.metadata, before, redactor),
    expiresAt: toExpiry(input.ttlSeconds, before, nowMs),
    digest: toDigest(toGist(content)),
    terms: toWords([content, ...tags].join('\n')).join(' '),
  };
}

/** The facts of a memory that was said once more: nothing that was known of it is lost. */
export function toMergedFacts(facts: MemoryFacts, before: StoredMemory): MemoryFacts {
  const tags = toTags([...before.tags, ...facts.tags]);
  const later = facts.expiresAt !== null && before.expiresAt !== null && facts.expiresAt > before.expiresAt;
  return {
    ...facts,
    content: before.content,
    kind: before.kind === 'note' ? facts.kind : before.kind,
    importance: Math.max(facts.importance, before.importance),
    tags,
    autoTags: { ...findAutoTags(before.content, before.kind, before.autoTags.discovered_at) },
    metadata: { ...facts.metadata, ...before.metadata },
    expiresAt: facts.expiresAt === null || later ? facts.expiresAt : before.expiresAt,
    terms: toWords([before.content, ...tags].join('\n')).join(' '),
  };
}

/** Whether a memory already is what these facts say. */
export function isAsBefore(facts: MemoryFacts, before: StoredMemory): boolean {
  const show = (one: Omit<MemoryFacts, 'digest' | 'terms' | 'autoTags'>): string =>
    JSON.stringify([
      one.content,
      one.kind,
      one.visibility,
      one.importance,
      one.tags,
      one.metadata,
      one.expiresAt,
    ]);
  return show(facts) === show(before);
}

function toTags(tags: readonly string[]): readonly string[] {
  const clean = tags
    .map((tag) => tag.trim().toLowerCase().slice(0, memoryLimits.tagMax))
    .filter((tag) => tag !== '');
  return [...new Set(clean)].slice(0, memoryLimits.tagsMax);
}

function toMetadata(
  metadata: MemoryInput['metadata'],
  before: StoredMemory | undefined,
  redactor: Redactor,
): Readonly<Record<string, unknown>> {
  if (metadata === undefined) return before?.metadata ?? {};
  if (JSON.stringify(metadata).length > memoryLimits.metadataBytesMax) {
    throw new DreyError(
      'argument_invalid',
      `metadata must be at most ${memoryLimits.metadataBytesMax} characters of JSON; keep what is longer in the content`,
      { details: { field: 'metadata' } },
    );
  }
  return redactor.redact(metadata) as Readonly<Record<string, unknown>>;
}

function toExpiry(
  ttlSeconds: number | null | undefined,
  before: StoredMemory | undefined,
  nowMs: number,
): string | null {
  if (ttlSeconds === undefined) return before?.expiresAt ?? null;
  return ttlSeconds === null ? null : toIso(nowMs + ttlSeconds * 1_000);
}
