/** What could not be handled after all tries, with the reason, until somebody looks at it. */
import { toLimit, toOffset } from '../pages.ts';
import type { Trx } from '../trx.ts';
import { assertName, toBoundedText, toStorableText } from '../text.ts';

export interface DeadLetter {
  /** The id of the event or command. */
  readonly id: string;
  readonly kind: string;
  readonly actorId: string;
  readonly reason: string;
  /** The message's text as it came. */
  readonly payload: string;
  readonly attempts: number;
}

export interface StoredDeadLetter extends DeadLetter {
  readonly createdAt: string;
}

/** Keeps a dead letter; the same one again replaces reason and attempts. */
export async function addDeadLetter(trx: Trx, letter: DeadLetter): Promise<void> {
  await trx.db
    .insertInto('dead_letters')
    .values({
      namespace: trx.namespace,
      id: assertName('a dead letter id', letter.id, 200),
      kind: toBoundedText(letter.kind, 40),
      actor_id: toBoundedText(letter.actorId, 128),
      reason: toBoundedText(trx.hide(letter.reason), 4_000),
      payload: toStorableText(trx.hide(letter.payload)),
      attempts: letter.attempts,
    })
    .onConflict((conflict) =>
      conflict.columns(['namespace', 'id']).doUpdateSet((row) => ({
        reason: row.ref('excluded.reason'),
        attempts: row.ref('excluded.attempts'),
      })),
    )
    .execute();
}

/** Dead letters, the latest first. */
export async function listDeadLetters(
  trx: Trx,
  options: { readonly limit: number; readonly offset?: number },
): Promise<readonly StoredDeadLetter[]> {
  const rows = await trx.db
    .selectFrom('dead_letters')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(toLimit(options.limit))
    .offset(toOffset(options.offset))
    .execute();
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    actorId: row.actor_id,
    reason: row.reason,
    payload: row.payload,
    attempts: row.attempts,
    createdAt: row.created_at,
  }));
}

/** Removes a dead letter (it was handled after all, or nobody wants it); false when it is unknown. */
export async function dropDeadLetter(trx: Trx, id: string): Promise<boolean> {
  const rows = await trx.db
    .deleteFrom('dead_letters')
    .where('namespace', '=', trx.namespace)
    .where('id', '=', id)
    .returning('id')
    .execute();
  return rows.length > 0;
}
