/**
 * Answers to requests that carry an idempotency key: the same request again gets the same answer, and its deed is done
 * once. Two at a time wait for each other. Answers are kept for a day.
 */
import { sql } from 'kysely';
import { DreyError } from '../../../machines/words/errors.ts';
import { toDigest } from '../../../machines/words/ids.ts';
import type { Trx } from '../trx.ts';
import { toCanonicalJson, toJsonb } from '../text.ts';

export interface KeptRequest {
  readonly principal: string;
  readonly operation: string;
  /** As the caller made it up. */
  readonly key: string;
  readonly request: unknown;
  /** What is answered if the deed is done now. */
  readonly answer: object;
}

const keptHours = 24;
/** Old answers that go with each new one: more than one, so that the table shrinks. */
const sweptMax = 10;

/**
 * Keeps the answer to a request that was not seen before, and gives undefined: then the deed is to be done in this
 * transaction. Otherwise gives what was answered; throws `argument_invalid` where the key came with another request.
 */
export async function keepAnswer(trx: Trx, kept: KeptRequest): Promise<unknown> {
  const { principal, operation } = kept;
  const key = toDigest(kept.key);
  const digest = toDigest(toCanonicalJson(kept.request));
  const { namespace } = trx;
  await sql`
    delete from kept_answers where namespace = ${namespace} and (principal, operation, key) in (
      select principal, operation, key from kept_answers
      where namespace = ${namespace} and created_at < now() - make_interval(hours => ${keptHours})
      order by created_at limit ${sweptMax} for update skip locked)`.execute(trx.db);
  const made = await trx.db
    .insertInto('kept_answers')
    .values({ namespace, principal, operation, key, digest, answer: toJsonb(kept.answer) })
    .onConflict((conflict) => conflict.columns(['namespace', 'principal', 'operation', 'key']).doNothing())
    .returning('key')
    .execute();
  if (made.length > 0) return undefined;
  const known = await trx.db
    .selectFrom('kept_answers')
    .select(['digest', 'answer'])
    .where('namespace', '=', namespace)
    .where('principal', '=', principal)
    .where('operation', '=', operation)
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  if (known.digest === digest) return known.answer;
  throw new DreyError(
    'argument_invalid',
    'this Idempotency-Key came with another request before; make up a new one for each request',
    { details: { field: 'Idempotency-Key' } },
  );
}
