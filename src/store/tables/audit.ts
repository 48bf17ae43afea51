/**
 * The audit log: entries wait with their transaction and are written as its last statement, so that a namespace's chain
 * is held no longer than its commit takes. Rows are added and read; nothing here changes one.
 */
import { sql } from 'kysely';
import { AuditOutcome, AuditSeverity } from '../../../machines/words/audit.ts';
import type { AuditEntry } from '../../../machines/words/audit.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { toLimit } from '../pages.ts';
import { lastOfTransaction } from '../last-statement.ts';
import type { StorableAudit, SystemTrx, Trx } from '../trx.ts';
import { assertName, toBoundedText, toCanonicalJson, toJson, toJsonb } from '../text.ts';

/** Entries of one transaction. */
export const auditEntriesMax = 10_000;
/** Bytes of one entry's details as JSON. */
export const auditDetailsBytesMax = 8 * 1024;

/** A row of the log. */
export interface AuditRow extends StorableAudit {
  readonly position: number;
  readonly at: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** Where a namespace's chain ends. */
export interface AuditHead {
  readonly namespace: string;
  readonly position: number;
  readonly hash: string;
}

/**
 * Adds an entry to the transaction: written with its commit, and gone with its rollback, unless it tells of a refusal,
 * which is written all the same. Throws `argument_invalid` for what cannot be kept.
 */
export async function appendAudit(trx: Trx, entry: AuditEntry): Promise<void> {
  if (trx.audited.length >= auditEntriesMax) {
    throw new DreyError('limit_reached', `one transaction writes ${auditEntriesMax} audit entries at most`);
  }
  trx.audited.push(toStorable(trx.hide(entry)));
}

/**
 * Writes what waits, as the transaction's last statement; nothing may be asked after it. Answers the last row's position, true
 * once the transaction is committed; 0 where nothing waited.
 */
export async function writeAudit(trx: Trx): Promise<number> {
  if (trx.audited.length === 0) return 0;
  const { namespace } = trx;
  const given = trx.audited.map((entry) => ({
    ...entry,
    details: toJson(entry.details),
    body: toAuditBody(namespace, entry),
  }));
  const { rows } = await sql<{ position: string | number }>`${sql.raw(lastOfTransaction)}
    select drey_append_audit(${namespace}, ${toJson(given)}::json) as position`.execute(trx.db);
  return Number(rows[0]?.position ?? 0);
}

/** What of a row its hash covers besides position, time and the row before: canonical JSON, keys in order. */
export function toAuditBody(namespace: string, entry: StorableAudit): string {
  const { action, argsHash, details, object, outcome, principal, requestId, severity } = entry;
  return toCanonicalJson({
    action,
    argsHash,
    details,
    namespace,
    object,
    outcome,
    principal,
    requestId,
    severity,
  });
}

export interface AuditQuery {
  /** Rows after this position (`oldest`) or before it (`newest`). */
  readonly from?: number | undefined;
  readonly order: 'oldest' | 'newest';
  readonly limit: number;
  readonly action?: string | undefined;
  readonly severity?: AuditSeverity | undefined;
  readonly principal?: string | undefined;
}

/** A page of the log. */
export async function listAudit(trx: Trx, query: AuditQuery): Promise<readonly AuditRow[]> {
  const isNewest = query.order === 'newest';
  let rows = trx.db
    .selectFrom('audit_log')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .orderBy('position', isNewest ? 'desc' : 'asc')
    .limit(toLimit(query.limit));
  if (query.from !== undefined) rows = rows.where('position', isNewest ? '<' : '>', query.from);
  if (query.action !== undefined) rows = rows.where('action', '=', query.action);
  if (query.severity !== undefined) rows = rows.where('severity', '=', query.severity);
  if (query.principal !== undefined) rows = rows.where('principal', '=', query.principal);
  return (await rows.execute()).map((row) => ({
    position: row.position,
    at: row.at,
    principal: row.principal,
    action: row.action,
    object: row.object,
    // The columns' checks and `toStorable` allow nothing else; whoever tampers is told by the hash.
    outcome: row.outcome as AuditOutcome,
    severity: row.severity,
    details: row.details as Readonly<Record<string, unknown>>,
    requestId: row.request_id,
    argsHash: row.args_hash,
    previousHash: row.previous_hash,
    hash: row.hash,
  }));
}

/** Where the chains of all namespaces end, in order of name: at most `limit`, those after `after`. */
export async function readAuditHeads(
  trx: SystemTrx,
  page: { readonly after: string; readonly limit: number },
): Promise<readonly AuditHead[]> {
  const { rows } = await sql<AuditHead>`
    select n.namespace, head.position, head.hash
    from (select namespace from namespaces where namespace > ${page.after}
      order by namespace limit ${toLimit(page.limit)}) n
    left join lateral (select position, hash from audit_log a where a.namespace = n.namespace
      order by position desc limit 1) head on true
    order by n.namespace`.execute(trx.db);
  return rows.map((row) => ({ namespace: row.namespace, position: row.position ?? 0, hash: row.hash ?? '' }));
}

function toStorable(entry: AuditEntry): StorableAudit {
  // What is stored is what was hashed, so details are brought into the form in which they will be read.
  const json = toJsonb(entry.details ?? {});
  if (Buffer.byteLength(json) > auditDetailsBytesMax) {
    throw new DreyError(
      'argument_invalid',
      `an audit entry's details have ${auditDetailsBytesMax} bytes at most`,
    );
  }
  return {
    action: assertName('an audit action', entry.action, 100),
    severity: AuditSeverity.parse(entry.severity),
    principal: assertName('a principal', entry.principal, 300),
    object: toBoundedText(entry.object, 300),
    outcome: AuditOutcome.parse(entry.outcome),
    requestId: toBoundedText(entry.requestId ?? '', 200),
    argsHash: toBoundedText(entry.argsHash ?? '', 64),
    details: JSON.parse(json) as Readonly<Record<string, unknown>>,
  };
}
