/**
 * Guided runs as they are listed: by when they began, which never changes, and from what each step wrote for the list.
 * No list reads a snapshot; rows that were written before there was anything to list are told once, by whoever can read them.
 */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { RunSummary } from '../../../machines/words/run-summary.ts';
import { toLimit } from '../pages.ts';
import { toJson } from '../text.ts';
import type { Trx } from '../trx.ts';
import type { StoredActor } from './actors.ts';

/** What a run is found by in lists, and what they show of it. */
export interface ListedRun {
  /** Undefined while it has no plan. */
  readonly owner: string | undefined;
  readonly open: boolean;
  readonly waiting: boolean;
  readonly summary: RunSummary;
}

/** The ones that began last first: of one principal, or of all; those that wait for a person, or all others. */
export async function listRuns(
  trx: Trx,
  which: {
    readonly owner?: string | undefined;
    readonly waiting?: boolean | undefined;
    /** Goes on behind this one. */
    readonly after?: string | undefined;
    readonly limit: number;
  },
): Promise<readonly RunSummary[]> {
  const { owner, waiting, after, limit } = which;
  const isAsked = waiting === undefined ? sql`true` : waiting ? sql`waiting` : sql`waiting is not true`;
  const isOwn = owner === undefined ? sql`true` : sql`owner = ${owner}`;
  const isBehind = after === undefined ? sql`true` : sql`id < ${after}`;
  const { rows } = await sql<{ listed: RunSummary }>`
    select listed from actors where namespace = ${trx.namespace} and kind = 'run' and listed is not null
      and ${isOwn} and ${isAsked} and ${isBehind} order by id desc limit ${toLimit(limit)}`.execute(trx.db);
  return rows.map(({ listed }) => listed);
}

/** Runs of which no list knows yet, whole. */
export async function readUntoldRuns(trx: Trx, limit: number): Promise<readonly StoredActor[]> {
  const { rows } = await sql<StoredActor>`
    select kind, id, revision, snapshot, machine_version as "machineVersion", updated_at as "updatedAt"
    from actors where namespace = ${trx.namespace} and kind = 'run' and listed is null
    order by id desc limit ${toLimit(limit)}`.execute(trx.db);
  return rows;
}

/** Tells the lists of a run as it stands at this revision; one that has moved on meanwhile told them itself. */
export async function tellRun(
  trx: Trx,
  run: Pick<StoredActor, 'id' | 'revision'>,
  listed: ListedRun,
): Promise<void> {
  const { owner, open, waiting, summary } = listed;
  const isText = owner !== undefined && owner.length <= ownerMax && !owner.includes('\0');
  await sql`update actors set owner = ${isText ? owner : ''}, open = ${open}, waiting = ${waiting},
      listed = ${toJson(summary)}
    where namespace = ${trx.namespace} and kind = 'run' and id = ${run.id}
      and revision = ${run.revision}`.execute(trx.db);
}

const ownerMax = 300;

/** Guided runs that have not ended; one of which it is not known counts, as nobody may say that it is over. */
export async function countOpenRuns(trx: Trx): Promise<number> {
  const { rows } = await sql<{ open: number }>`
    select count(*)::int as open from actors where namespace = ${trx.namespace} and kind = 'run'
      and open is not false`.execute(trx.db);
  return rows[0]?.open ?? 0;
}

/** What a step writes of it, as values of its columns. */
export function toListedValues(listed: ListedRun | undefined): {
  readonly [name in 'owner' | 'open' | 'waiting' | 'listed']: RawBuilder<unknown>;
} {
  const summary = listed === undefined ? null : JSON.stringify(listed.summary);
  return {
    owner: sql`${listed?.owner ?? null}::text`,
    open: sql`${listed?.open ?? null}::boolean`,
    waiting: sql`${listed?.waiting ?? null}::boolean`,
    listed: sql`${summary}::json`,
  };
}
