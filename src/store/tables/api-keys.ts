/** API keys as rows: what tells them, never what they are. Only a digest of a key ever comes near the database. */
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import { isPageBehind, toLimit } from '../pages.ts';
import type { Behind } from '../pages.ts';
import type { ApiKeysTable } from '../access-schema.ts';
import type { Trx } from '../trx.ts';
import { assertName, toBoundedText, toJsonb } from '../text.ts';

export interface KeyRow {
  readonly keyId: string;
  readonly agentId: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly createdBy: string;
  /** Null for one that does not expire. */
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** To the minute or so; null for one that was never used. */
  readonly lastUsedAt: string | null;
}

export interface NewKey {
  readonly keyId: string;
  readonly agentId: string;
  readonly digest: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly createdBy: string;
  readonly expiresAt: string | null;
}

/** A key as the door looks at it. */
export interface FoundKey {
  readonly namespace: string;
  readonly keyId: string;
  readonly digest: string;
  readonly agentId: string;
  readonly scopes: readonly string[];
  readonly expiresAt: string | null;
  readonly isRevoked: boolean;
  readonly isDisabled: boolean;
}

/** Adds a key; its agent must be there. */
export async function addKey(trx: Trx, key: NewKey): Promise<KeyRow> {
  const row = await trx.db
    .insertInto('api_keys')
    .values({
      namespace: trx.namespace,
      id: assertName('a key id', key.keyId, 64),
      digest: key.digest,
      agent_id: key.agentId,
      label: toBoundedText(trx.hide(key.label), 300),
      scopes: toJsonb(key.scopes),
      created_by: toBoundedText(key.createdBy, 300),
      expires_at: key.expiresAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toKey(row);
}

/** Keys that open the door now, of one agent, the oldest first. */
export async function listLiveKeys(trx: Trx, agentId: string): Promise<readonly KeyRow[]> {
  const rows = await trx.db
    .selectFrom('api_keys')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where('agent_id', '=', agentId)
    .where('revoked_at', 'is', null)
    .where(sql<boolean>`(expires_at is null or expires_at > now())`)
    .orderBy('created_at')
    .orderBy('id')
    .limit(toLimit(Infinity))
    .execute();
  return rows.map(toKey);
}

/** Keys, the newest first; of one agent where it is named. */
export async function listKeys(
  trx: Trx,
  page: { readonly agentId?: string; readonly limit: number; readonly after?: Behind | undefined },
): Promise<readonly KeyRow[]> {
  let query = trx.db.selectFrom('api_keys').selectAll().where('namespace', '=', trx.namespace);
  if (page.agentId !== undefined) query = query.where('agent_id', '=', page.agentId);
  const rows = await query
    .where(isPageBehind(sql`created_at`, sql`id`, page.after))
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(toLimit(page.limit))
    .execute();
  return rows.map(toKey);
}

/** One key, or undefined. */
export async function getKey(trx: Trx, keyId: string): Promise<KeyRow | undefined> {
  const row = await trx.db
    .selectFrom('api_keys')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where('id', '=', keyId)
    .executeTakeFirst();
  return row === undefined ? undefined : toKey(row);
}

/** Revokes a key for good; undefined when there is none, or it was revoked before. */
export async function revokeKey(trx: Trx, keyId: string): Promise<KeyRow | undefined> {
  const row = await trx.db
    .updateTable('api_keys')
    .set({ revoked_at: sql<string>`now()` })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', keyId)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toKey(row);
}

/** Lets a key end after so many milliseconds from now, by the database's clock; never later than it would have. */
export async function shortenKey(trx: Trx, keyId: string, leftMs: number): Promise<KeyRow | undefined> {
  const end = sql<string>`least(coalesce(expires_at, 'infinity'), now() + make_interval(secs => ${leftMs / 1_000}))`;
  const row = await trx.db
    .updateTable('api_keys')
    .set({ expires_at: end })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', keyId)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toKey(row);
}

/** Notes when keys were used last; an older moment never replaces a newer one. */
export async function touchKeys(
  trx: Trx,
  used: readonly { readonly keyId: string; readonly at: string }[],
): Promise<void> {
  if (used.length === 0) return;
  const ids = used.map(({ keyId }) => keyId);
  const moments = used.map(({ at }) => at);
  await sql`update api_keys k set last_used_at = u.at
    from unnest(${ids}::text[], ${moments}::timestamptz[]) as u (id, at)
    where k.namespace = ${trx.namespace} and k.id = u.id
      and (k.last_used_at is null or k.last_used_at < u.at)`.execute(trx.db);
}

/** Keys by id, in whichever namespace; for the door, which does not know it yet. */
export async function findKeys(trx: Trx, keyIds: readonly string[]): Promise<readonly FoundKey[]> {
  const { rows } = await sql<{
    namespace: string;
    id: string;
    digest: string;
    agent_id: string;
    scopes: unknown;
    expires_at: string | null;
    revoked_at: string | null;
    disabled_at: string | null;
  }>`select * from drey_find_keys(${[...keyIds]}::text[])`.execute(trx.db);
  return rows.map((row) => ({
    namespace: row.namespace,
    keyId: row.id,
    digest: row.digest,
    agentId: row.agent_id,
    scopes: toScopes(row.scopes),
    expiresAt: row.expires_at,
    isRevoked: row.revoked_at !== null,
    isDisabled: row.disabled_at !== null,
  }));
}

function toKey(row: Selectable<ApiKeysTable>): KeyRow {
  return {
    keyId: row.id,
    agentId: row.agent_id,
    label: row.label,
    scopes: toScopes(row.scopes),
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}

function toScopes(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
