/**
 * Memories: one row each, found by id, by the digest of its gist, or by the search beside this file. Every question names
 * who asks and what time it is: what is private to somebody else, or past its end, is not there.
 */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { AutoTags, MemoryKind, MemoryVisibility } from '../../../machines/words/memories.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { isPageBehind, toLimit } from '../pages.ts';
import type { Behind } from '../pages.ts';
import type { Trx } from '../trx.ts';
import { assertMemoryUuid, toMemoryId, toMemoryUuid } from '../memory-ids.ts';
import { assertName, toBoundedText, toJsonb, toStorableText } from '../text.ts';

/** Who asks, and when: what decides which rows are there. */
export interface Viewer {
  readonly principal: string;
  /** ISO 8601, from the clock that was handed in. */
  readonly now: string;
}

/** What a memory says and how it is kept. */
export interface MemoryFacts {
  readonly content: string;
  readonly kind: MemoryKind;
  readonly visibility: MemoryVisibility;
  readonly importance: number;
  readonly tags: readonly string[];
  readonly autoTags: AutoTags;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly expiresAt: string | null;
  /** The digest of its gist: two memories of one owner with the same one are one. */
  readonly digest: string;
  /** Its words for the search, parted by spaces. */
  readonly terms: string;
}

export interface StoredMemory extends Omit<MemoryFacts, 'digest' | 'terms'> {
  readonly memoryId: string;
  readonly namespace: string;
  readonly principal: string;
  readonly version: number;
  /** How often it was said. */
  readonly stated: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lastUsedAt: string | null;
}

const contentMax = 32_000;
const termsMax = 120_000;

/** What `toMemory` reads; `m` is the table. */
export const memoryColumns = sql`m.id, m.namespace, m.principal, m.content, m.kind, m.visibility, m.importance, m.labels, m.auto_tags,
  m.metadata, m.version, m.stated, m.created_at, m.updated_at, m.last_used_at, m.expires_at`;

/** A row as it is read. */
export interface MemoryRow {
  id: string;
  namespace: string;
  principal: string;
  content: string;
  kind: MemoryKind;
  visibility: MemoryVisibility;
  importance: number;
  labels: string[];
  auto_tags: AutoTags;
  metadata: Readonly<Record<string, unknown>>;
  version: number;
  stated: number;
  created_at: string;
  updated_at: string;
  last_used_at: string | null;
  expires_at: string | null;
}

/** The rows that are there for a viewer; `m` is the table. */
export function isVisible({ principal, now }: Viewer): RawBuilder<boolean> {
  return sql<boolean>`m.owner in ('', ${principal}) and (m.expires_at is null or m.expires_at > ${now}::timestamptz)`;
}

/** Adds a memory; undefined where its owner has one of that gist already, which nothing is done to. */
export async function addMemory(
  trx: Trx,
  memoryId: string,
  viewer: Viewer,
  facts: MemoryFacts,
): Promise<StoredMemory | undefined> {
  const { rows } = await sql<MemoryRow>`
    insert into memories as m (namespace, id, principal, content, kind, visibility, importance, labels, auto_tags, metadata,
      expires_at, digest, terms, created_at, updated_at)
    values (${trx.namespace}, ${assertMemoryUuid(memoryId)}, ${assertName('a principal', viewer.principal, 300)},
      ${toBoundedText(facts.content, contentMax)}, ${facts.kind}, ${facts.visibility},
      ${assertFraction(facts.importance)}, ${facts.tags.map(toStorableText)}::text[], ${toJsonb(facts.autoTags)}::jsonb,
      ${toJsonb(facts.metadata)}::jsonb, ${facts.expiresAt}, ${facts.digest}, ${toBoundedText(facts.terms, termsMax)},
      ${viewer.now}, ${viewer.now})
    on conflict (namespace, owner, digest) do nothing
    returning ${memoryColumns}`.execute(trx.db);
  return rows.map(toMemory)[0];
}

/** The memory of this gist that a new one of the viewer would be; locked until the transaction ends. */
export async function lockMemoryByDigest(
  trx: Trx,
  viewer: Viewer,
  o: { readonly digest: string; readonly visibility: MemoryVisibility },
): Promise<StoredMemory | undefined> {
  const owner = o.visibility === 'private' ? viewer.principal : '';
  const { rows } = await sql<MemoryRow>`
    select ${memoryColumns} from memories m where m.namespace = ${trx.namespace} and m.owner = ${owner}
      and m.digest = ${o.digest} for update`.execute(trx.db);
  return rows.map(toMemory)[0];
}

/** Those of these memories that are there for the viewer, in the order in which they were named. */
export async function getMemories(
  trx: Trx,
  viewer: Viewer,
  memoryIds: readonly string[],
): Promise<readonly StoredMemory[]> {
  const ids = memoryIds.map(toMemoryUuid).filter((id) => id !== undefined);
  if (ids.length === 0) return [];
  const { rows } = await sql<MemoryRow>`
    select ${memoryColumns} from unnest(${ids}::uuid[]) with ordinality as wanted (id, place)
      join memories m on m.namespace = ${trx.namespace} and m.id = wanted.id
    where ${isVisible(viewer)} order by wanted.place`.execute(trx.db);
  return rows.map(toMemory);
}

/** The latest changed first. */
export async function listMemories(
  trx: Trx,
  viewer: Viewer,
  o: {
    readonly kind?: MemoryKind | undefined;
    readonly tag?: string | undefined;
    readonly limit: number;
    readonly after?: Behind | undefined;
  },
): Promise<readonly StoredMemory[]> {
  const after = o.after === undefined ? undefined : { at: o.after.at, id: assertMemoryUuid(o.after.id) };
  const { rows } = await sql<MemoryRow>`
    select ${memoryColumns} from memories m where m.namespace = ${trx.namespace} and ${isVisible(viewer)}
      and (${o.kind ?? null}::text is null or m.kind = ${o.kind ?? null})
      and (${o.tag ?? null}::text is null or ${o.tag ?? null} = any (m.labels) or m.auto_tags->'tags' ? ${o.tag ?? ''})
      and ${isPageBehind(sql`m.updated_at`, sql`m.id`, after)}
    order by m.updated_at desc, m.id limit ${toLimit(o.limit)}`.execute(trx.db);
  return rows.map(toMemory);
}

/** Puts new facts in place of a version's; undefined when the memory is not there or has another version by now. */
export async function changeMemory(
  trx: Trx,
  viewer: Viewer,
  o: {
    readonly memoryId: string;
    readonly version: number;
    readonly facts: MemoryFacts;
    /** It was said once more. */
    readonly restated?: boolean;
    /** Nothing of it changes but that: the version stays. */
    readonly same?: boolean;
  },
): Promise<StoredMemory | undefined> {
  const id = toMemoryUuid(o.memoryId);
  if (id === undefined) return undefined;
  const { facts } = o;
  const { rows } = await sql<MemoryRow>`
    update memories m set content = ${toBoundedText(facts.content, contentMax)}, kind = ${facts.kind},
      visibility = ${facts.visibility}, importance = ${assertFraction(facts.importance)},
      labels = ${facts.tags.map(toStorableText)}::text[], auto_tags = ${toJsonb(facts.autoTags)}::jsonb,
      metadata = ${toJsonb(facts.metadata)}::jsonb, expires_at = ${facts.expiresAt}, digest = ${facts.digest},
      terms = ${toBoundedText(facts.terms, termsMax)}, version = m.version + ${o.same === true ? 0 : 1}::int,
      stated = m.stated + ${o.restated === true ? 1 : 0}::int, updated_at = ${viewer.now}
    where m.namespace = ${trx.namespace} and m.id = ${id} and m.version = ${o.version} and ${isVisible(viewer)}
    returning ${memoryColumns}`.execute(trx.db);
  return rows.map(toMemory)[0];
}

/** Removes a memory and every link to it; false when it is not there. What is past its end can be removed as well. */
export async function removeMemory(trx: Trx, principal: string, memoryId: string): Promise<boolean> {
  const id = toMemoryUuid(memoryId);
  if (id === undefined) return false;
  const { rows } = await sql`
    delete from memories m where m.namespace = ${trx.namespace} and m.id = ${id} and m.owner in ('', ${principal})
    returning m.id`.execute(trx.db);
  if (rows.length === 0) return false;
  await removeLinksOf(trx, [id]);
  return true;
}

/** Removes memories that are past their end, a bounded number; answers which, and in what version. */
export async function sweepMemories(
  trx: Trx,
  o: { readonly now: string; readonly limit: number },
): Promise<readonly { readonly memoryId: string; readonly version: number }[]> {
  const { rows } = await sql<{ id: string; version: number }>`
    with ended as materialized (
      -- A plain subquery may be planned into a loop, which takes its limit anew with every turn.
      select id from memories where namespace = ${trx.namespace} and expires_at <= ${o.now}::timestamptz
      order by expires_at limit ${toLimit(o.limit)} for update skip locked)
    delete from memories m using ended where m.namespace = ${trx.namespace} and m.id = ended.id
    returning m.id, m.version`.execute(trx.db);
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) await removeLinksOf(trx, ids);
  return rows.map(({ id, version }) => ({ memoryId: toMemoryId(id), version }));
}

/** Notes that memories were of use; what is gone by now is not missed. */
export async function touchMemories(trx: Trx, memoryIds: readonly string[], at: string): Promise<void> {
  const ids = memoryIds.map(toMemoryUuid).filter((id) => id !== undefined);
  await sql`
    update memories set last_used_at = ${at} where namespace = ${trx.namespace} and id = any (${ids}::uuid[])
      and (last_used_at is null or last_used_at < ${at}::timestamptz)`.execute(trx.db);
}

/** These memories, whoever's they are, locked until the transaction ends: for what the house finds out by itself. */
export async function lockMemories(trx: Trx, memoryIds: readonly string[]): Promise<readonly StoredMemory[]> {
  const ids = memoryIds.map(toMemoryUuid).filter((id) => id !== undefined);
  const { rows } = await sql<MemoryRow>`
    select ${memoryColumns} from memories m where m.namespace = ${trx.namespace} and m.id = any (${ids}::uuid[])
    order by m.id for update`.execute(trx.db);
  return rows.map(toMemory);
}

/** Puts other automatic tags on a memory; it says what it said, so that its version stays. */
export async function tagMemory(trx: Trx, memoryId: string, autoTags: AutoTags): Promise<void> {
  await sql`
    update memories set auto_tags = ${toJsonb(autoTags)}::jsonb
    where namespace = ${trx.namespace} and id = ${assertMemoryUuid(memoryId)}`.execute(trx.db);
}

/** Removes the links of these relations that lead from a memory: what was found out about its former text. */
export async function removeFindings(
  trx: Trx,
  memoryId: string,
  relations: readonly string[],
): Promise<void> {
  await sql`
    delete from memory_edges where namespace = ${trx.namespace} and relation = any (${[...relations]}::text[])
      and ((from_kind = 'memory' and from_id = ${memoryId}) or (to_kind = 'memory' and to_id = ${memoryId}))`.execute(
    trx.db,
  );
}

async function removeLinksOf(trx: Trx, ids: readonly string[]): Promise<void> {
  const nodes = ids.map(toMemoryId);
  await sql`
    delete from memory_edges where namespace = ${trx.namespace}
      and from_kind = 'memory' and from_id = any (${nodes}::text[])`.execute(trx.db);
  await sql`
    delete from memory_edges where namespace = ${trx.namespace}
      and to_kind = 'memory' and to_id = any (${nodes}::text[])`.execute(trx.db);
}

function assertFraction(importance: number): number {
  if (importance >= 0 && importance <= 1) return importance;
  throw new DreyError('argument_invalid', `importance is a number between 0 and 1, got ${importance}`, {
    details: { field: 'importance' },
  });
}

/** The memory of a row. */
export function toMemory(row: MemoryRow): StoredMemory {
  return {
    memoryId: toMemoryId(row.id),
    namespace: row.namespace,
    principal: row.principal,
    content: row.content,
    kind: row.kind,
    visibility: row.visibility,
    importance: row.importance,
    tags: row.labels,
    autoTags: row.auto_tags,
    metadata: row.metadata,
    version: row.version,
    stated: row.stated,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
  };
}
