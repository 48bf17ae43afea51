/**
 * Shared contexts: what each of them holds now, and every change that led there. They are written by their actor's
 * step and by nothing else; everybody may read.
 */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { ContextAccess, ResolvedChange } from '../../../machines/context-state.ts';
import { contextVersionsMax } from '../../../machines/words/contexts.ts';
import { isPageBehind, toLimit } from '../pages.ts';
import type { Behind } from '../pages.ts';
import type { Trx } from '../trx.ts';
import { toBoundedText, toJson, toJsonb } from '../text.ts';
import { toLastMark } from '../last-statement.ts';
import { writeStep } from './actors.ts';
import type { StepCommit, StepOutcome } from './actors.ts';

export type ContextStatus = 'active' | 'passive' | 'archived';

export interface StoredContext {
  readonly contextId: string;
  readonly name: string;
  readonly creator: string;
  readonly version: number;
  readonly content: Readonly<Record<string, unknown>>;
  readonly access: ContextAccess;
  readonly status: ContextStatus;
  readonly changedBy: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface ContextVersionRow {
  readonly version: number;
  readonly changes: Readonly<Record<string, unknown>>;
  readonly removed: readonly string[];
  /** What the keys held before, where they were there. */
  readonly was: Readonly<Record<string, unknown>>;
  readonly principal: string;
  readonly createdAt: string;
}

/** What a step did to its context: its status alone, who may do what, or a new version. */
export type ContextStepChange =
  | {
      readonly status: ContextStatus;
      readonly version?: undefined;
      readonly access?: ContextAccess | undefined;
    }
  | {
      readonly status: ContextStatus;
      readonly version: number;
      readonly access: ContextAccess;
      /** The whole state as JSON text. */
      readonly content: string;
      readonly resolved: ResolvedChange;
      readonly principal: string;
      /** Counts at the first version only. */
      readonly name: string;
    };

/** The actor's row as the host reads it, with version and state beside it; held until the transaction ends. */
export async function readContextActor(
  trx: Trx,
  id: string,
): Promise<
  | {
      readonly revision: number;
      readonly snapshot: unknown;
      readonly machineVersion: string;
      readonly beside: { readonly version: number; readonly content: Readonly<Record<string, unknown>> };
    }
  | undefined
> {
  // Both rows are held: who waits for one of them only would get the other one as it was before.
  const { rows } = await sql<{
    revision: number;
    snapshot: unknown;
    machineVersion: string;
    version: number;
    content: Readonly<Record<string, unknown>>;
  }>`
    select actors.revision, actors.snapshot, actors.machine_version as "machineVersion",
      contexts.version, contexts.content
    from actors join contexts on contexts.namespace = actors.namespace and contexts.id = actors.id
    where actors.namespace = ${trx.namespace} and actors.kind = 'context' and actors.id = ${id}
    for update`.execute(trx.db);
  const [row] = rows;
  if (row === undefined) return undefined;
  const { revision, snapshot, machineVersion, version, content } = row;
  return { revision, snapshot, machineVersion, beside: { version, content } };
}

/** Commits a context's step and what it did, in one statement. */
export async function commitContextStep(
  trx: Trx,
  commit: StepCommit,
  change: ContextStepChange,
): Promise<StepOutcome> {
  return writeStep(trx, commit, toParts(trx.namespace, commit.id, change));
}

/** One context, or undefined: a transaction's last question. */
export async function readContext(trx: Trx, contextId: string): Promise<StoredContext | undefined> {
  const { rows } = await sql<StoredContext>`${toLastMark(trx, 'reads')}
    select ${columns} from contexts where namespace = ${trx.namespace} and id = ${contextId}`.execute(trx.db);
  return rows[0];
}

/** Which versions of some contexts stand: of the state, and of who may do what. */
export async function readContextStamps(
  trx: Trx,
  contextIds: readonly string[],
): Promise<readonly ContextStamp[]> {
  const { rows } = await sql<ContextStamp>`
    select id as "contextId", version, (access->>'version')::int as "accessVersion", status
    from contexts where namespace = ${trx.namespace} and id = any(${contextIds}::text[])`.execute(trx.db);
  return rows;
}

export interface ContextStamp {
  readonly contextId: string;
  readonly version: number;
  readonly accessVersion: number;
  readonly status: ContextStatus;
}

const columns = sql`id as "contextId", name, creator, version, content, access, status,
  changed_by as "changedBy", created_at as "createdAt", updated_at as "updatedAt"`;

/** Contexts, the one that changed last first. */
export async function listContexts(
  trx: Trx,
  options: {
    readonly statuses?: readonly ContextStatus[];
    /** Only what this one may see; all of them without it. */
    readonly visibleTo?: string | undefined;
    readonly limit: number;
    readonly after?: Behind | undefined;
  },
): Promise<readonly StoredContext[]> {
  const statuses = options.statuses ?? ['active', 'passive'];
  const { visibleTo } = options;
  const isVisible =
    visibleTo === undefined
      ? sql`true`
      : sql`(creator = ${visibleTo} or jsonb_array_length(access->'everyone') > 0
          or exists (select from jsonb_array_elements(access->'grants') as one where one->>'principal' = ${visibleTo}))`;
  const { rows } = await sql<StoredContext>`
    select ${columns}
    from contexts where namespace = ${trx.namespace} and status = any(${statuses}::text[]) and ${isVisible}
      and ${isPageBehind(sql`updated_at`, sql`id`, options.after)}
    order by updated_at desc, id limit ${toLimit(options.limit)}`.execute(trx.db);
  return rows;
}

/** A context's changes, the latest first. */
export async function listContextVersions(
  trx: Trx,
  options: {
    readonly contextId: string;
    /** Only versions after this one. */
    readonly above?: number;
    /** Only versions before this one. */
    readonly below?: number | undefined;
    readonly limit: number;
  },
): Promise<readonly ContextVersionRow[]> {
  const { rows } = await sql<ContextVersionRow>`
    select version, changes, removed, was, principal, created_at as "createdAt"
    from context_versions where namespace = ${trx.namespace} and context_id = ${options.contextId}
      and version > ${options.above ?? 0}::bigint
      and version < ${options.below ?? Number.MAX_SAFE_INTEGER}::bigint
    order by version desc limit ${toLimit(options.limit)}`.execute(trx.db);
  return rows;
}

function toParts(namespace: string, id: string, change: ContextStepChange): readonly RawBuilder<unknown>[] {
  if (change.version === undefined) {
    const access = change.access === undefined ? sql`access` : sql`${toJsonb(change.access)}::jsonb`;
    return [
      sql`context as (update contexts set status = ${change.status}, access = ${access}, updated_at = now()
        from step where namespace = ${namespace} and id = ${id})`,
    ];
  }
  const { version, content, status, resolved } = change;
  const principal = toBoundedText(change.principal, 300);
  const context =
    version === 1
      ? sql`context as (insert into contexts
            (namespace, id, version, content, status, name, creator, access, changed_by)
          select ${namespace}, ${id}, 1, ${content}::json, ${status}, ${toBoundedText(change.name, 200)},
            ${principal}, ${toJsonb(change.access)}::jsonb, ${principal} from step)`
      : sql`context as (update contexts
          set version = ${version}::bigint, content = ${content}::json, status = ${status},
            changed_by = ${principal}, updated_at = now()
          from step where namespace = ${namespace} and id = ${id})`;
  const kept = sql`version as (insert into context_versions
        (namespace, context_id, version, changes, removed, was, principal)
      select ${namespace}, ${id}, ${version}::bigint, ${toJson(resolved.changes)}::json,
        ${toJson(resolved.removed)}::json, ${toJson(resolved.was)}::json, ${principal}
      from step)`;
  return version % sweepEvery === 0 ? [context, kept, toSweep(namespace, id, version)] : [context, kept];
}

/** Versions that nothing reaches any more go now and then, not with each commit. */
const sweepEvery = 100;

function toSweep(namespace: string, id: string, version: number): RawBuilder<unknown> {
  return sql`old as (delete from context_versions using step
    where namespace = ${namespace} and context_id = ${id}
      and version <= ${version - contextVersionsMax}::bigint)`;
}
