/** What was put before an agent for a task, one row per procedure or pattern, and whether it was followed. */
import { sql } from 'kysely';
import { limits } from '../../../machines/words/limits.ts';
import type { Trx } from '../schema.ts';
import { assertUuid, toUuid } from '../sop-ids.ts';
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

/** Notes that what was served was then done; false when it was not served so or is noted already. */
export async function followInjection(
  trx: Trx,
  options: {
    readonly injectionId: string;
    readonly kind: TargetKind;
    readonly id: string;
    readonly at: string;
  },
): Promise<boolean> {
  const id = toUuid(options.kind, options.id);
  if (id === undefined) return false;
  const { rows } = await sql<{ id: string }>`
    update injections set followed_at = ${options.at}
    where namespace = ${trx.namespace} and id = ${options.injectionId} and target_id = ${id} and followed_at is null
    returning id`.execute(trx.db);
  if (rows.length === 0) return false;
  await countApplications(trx, { kind: options.kind, id });
  return true;
}
