/** What was put before an agent for a task, one row per procedure or pattern, and whether it was followed. */
import { sql } from 'kysely';
import { limits } from '../../../machines/words/limits.ts';
import type { Trx } from '../trx.ts';
import { assertUuid, toId, toUuid } from '../sop-ids.ts';
import type { TargetKind } from '../sop-ids.ts';
import { assertName, toBoundedText } from '../text.ts';
import { countApplications } from './feedback.ts';

export interface Injection {
  readonly injectionId: string;
  readonly principal: string;
  readonly session: string;
  readonly task: string;
  readonly at: string;
  readonly items: readonly {
    readonly kind: TargetKind;
    readonly id: string;
    readonly relevance: number;
  }[];
}

/** One answer never holds more than this. */
const itemsMax = 50;

/** Notes what was served; the same injection again changes nothing. */
export async function addInjection(trx: Trx, injection: Injection): Promise<void> {
  const items = injection.items.slice(0, itemsMax);
  if (items.length === 0) return;
  await trx.db
    .insertInto('injections')
    .values(
      items.map((item) => ({
        namespace: trx.namespace,
        id: assertName('an injection id', injection.injectionId, 128),
        target_id: assertUuid(item.kind, item.id),
        target_kind: item.kind,
        relevance: item.relevance,
        principal: assertName('a principal', injection.principal, 300),
        session: injection.session,
        task: toBoundedText(trx.hide(injection.task), limits.taskTextMax),
        served_at: injection.at,
        followed_at: null,
      })),
    )
    .onConflict((conflict) => conflict.columns(['namespace', 'id', 'target_id']).doNothing())
    .execute();
}

/** An injection of which it is not known yet whether it was followed, or what came of it. */
export interface OpenInjection {
  readonly injectionId: string;
  readonly kind: TargetKind;
  readonly id: string;
  readonly principal: string;
  readonly servedAt: string;
  readonly isFollowed: boolean;
}

/** Injections of one task that are looked at when its episode changes. */
const openMax = 100;

/** What was served in a session for a task; `until` is when the task ended. */
export async function listOpenInjections(
  trx: Trx,
  {
    session,
    task,
    since,
    until,
  }: { readonly session: string; readonly task: string; readonly since: string; readonly until: string },
): Promise<readonly OpenInjection[]> {
  if (session === '') return [];
  const { rows } = await sql<OpenInjection & { target: string }>`
    select id as "injectionId", target_kind as kind, target_id as target, principal, served_at as "servedAt",
      followed_at is not null as "isFollowed"
    from injections
    where namespace = ${trx.namespace} and session = ${session} and (followed_at is null or succeeded is null)
      and (task = ${task} or served_at between ${since} and ${until})
    order by served_at desc limit ${openMax}`.execute(trx.db);
  return rows.map(({ target, ...row }) => ({ ...row, id: toId(row.kind, target) }));
}

/** Notes that what was served was then done, and how the task ended as far as that is known; counts it. */
export async function followInjection(
  trx: Trx,
  options: {
    readonly injectionId: string;
    readonly kind: TargetKind;
    readonly id: string;
    readonly at: string;
    readonly succeeded?: boolean | undefined;
  },
): Promise<boolean> {
  const id = toUuid(options.kind, options.id);
  if (id === undefined) return false;
  const { rows } = await sql<{ id: string }>`
    update injections set followed_at = coalesce(followed_at, ${options.at}),
      succeeded = coalesce(${options.succeeded ?? null}::boolean, succeeded)
    where namespace = ${trx.namespace} and id = ${options.injectionId} and target_id = ${id}
      and (followed_at is null or succeeded is distinct from coalesce(${options.succeeded ?? null}::boolean, succeeded))
    returning id`.execute(trx.db);
  if (rows.length === 0) return false;
  await countApplications(trx, { kind: options.kind, id });
  return true;
}
