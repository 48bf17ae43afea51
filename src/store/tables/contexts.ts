/**
 * Shared contexts: what each of them holds now, and every change that led there. They are written by their actor's
 * step and by nothing else; everybody may read.
 */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { toLimit, toOffset } from '../pages.ts';
import type { Trx } from '../schema.ts';
import { toBoundedText, toJson } from '../text.ts';
import { writeStep } from './actors.ts';
import type { StepCommit, StepOutcome } from './actors.ts';

export type ContextStatus = 'active' | 'passive' | 'archived';

export interface StoredContext {
  readonly contextId: string;
  readonly version: number;
  readonly content: Readonly<Record<string, unknown>>;
  readonly status: ContextStatus;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface ContextVersionRow {
  readonly version: number;
  readonly changes: Readonly<Record<string, unknown>>;
  readonly principal: string;
  readonly createdAt: string;
}

/** What a step did to its context: its status alone, or a new version. */
export type ContextChange =
  | { readonly status: ContextStatus; readonly version?: undefined }
  | {
      readonly status: ContextStatus;
      readonly version: number;
      /** The whole state as JSON text. */
      readonly content: string;
      readonly changes: Readonly<Record<string, unknown>>;
      readonly principal: string;
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
  change: ContextChange,
): Promise<StepOutcome> {
  return writeStep(trx, commit, toParts(trx.namespace, commit.id, change));
}

/** One context, or undefined. */
export async function readContext(trx: Trx, contextId: string): Promise<StoredContext | undefined> {
  const { rows } = await sql<StoredContext>`
    select id as "contextId", version, content, status, created_at as "createdAt", updated_at as "updatedAt"
    from contexts where namespace = ${trx.namespace} and id = ${contextId}`.execute(trx.db);
  return rows[0];
}

/** Contexts, the one that changed last first. */
export async function listContexts(
  trx: Trx,
  options: {
    readonly statuses?: readonly ContextStatus[];
    readonly limit: number;
    readonly offset?: number;
  },
): Promise<readonly StoredContext[]> {
  const statuses = options.statuses ?? ['active', 'passive'];
  const { rows } = await sql<StoredContext>`
    select id as "contextId", version, content, status, created_at as "createdAt", updated_at as "updatedAt"
    from contexts where namespace = ${trx.namespace} and status = any(${statuses}::text[])
    order by updated_at desc, id limit ${toLimit(options.limit)} offset ${toOffset(options.offset)}`.execute(
    trx.db,
  );
  return rows;
}

/** A context's changes, the latest first. */
export async function listContextVersions(
  trx: Trx,
  options: { readonly contextId: string; readonly limit: number; readonly offset?: number },
): Promise<readonly ContextVersionRow[]> {
  const { rows } = await sql<ContextVersionRow>`
    select version, changes, principal, created_at as "createdAt"
    from context_versions where namespace = ${trx.namespace} and context_id = ${options.contextId}
    order by version desc limit ${toLimit(options.limit)} offset ${toOffset(options.offset)}`.execute(trx.db);
  return rows;
}

function toParts(namespace: string, id: string, change: ContextChange): readonly RawBuilder<unknown>[] {
  if (change.version === undefined) {
    return [
      sql`context as (update contexts set status = ${change.status}, updated_at = now()
        from step where namespace = ${namespace} and id = ${id})`,
    ];
  }
  const { version, content, status, changes } = change;
  const context =
    version === 1
      ? sql`context as (insert into contexts (namespace, id, version, content, status)
          select ${namespace}, ${id}, 1, ${content}::json, ${status} from step)`
      : sql`context as (update contexts
          set version = ${version}::bigint, content = ${content}::json, status = ${status}, updated_at = now()
          from step where namespace = ${namespace} and id = ${id})`;
  return [
    context,
    sql`version as (insert into context_versions (namespace, context_id, version, changes, principal)
      select ${namespace}, ${id}, ${version}::bigint, ${toJson(changes)}::json, ${toBoundedText(change.principal, 300)}
      from step)`,
  ];
}
