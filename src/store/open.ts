/**
 * The store while it is open: transactions that belong to a namespace, transactions of the system, and its end.
 * Nobody gets a connection without one of the two; that is the wall between namespaces in this process.
 */
import { Kysely, PostgresDialect, sql } from 'kysely';
import type { RawBuilder, Transaction } from 'kysely';
import { DreyError, isDreyError, toPlainError } from '../../machines/words/errors.ts';
import { Namespace } from '../../machines/words/ids.ts';
import { appRole, relayRole } from '../../infra/postgres/migrations.ts';
import { toTarget, waits } from './connection.ts';
import { isStale, toStoreError, unpreparedError } from './failures.ts';
import { isUnbegun, openPool, sentAhead } from './pool.ts';
import type { Tables } from './schema.ts';
import type { KnownNamespaces, SystemTrx, Trx } from './trx.ts';
import { AuditHeads } from './audit-heads.ts';
import { writeAudit } from './tables/audit.ts';
import { openTurns } from './turns.ts';
import type { Turns } from './turns.ts';

/** What this room writes its log to; pino fits. */
export interface Log {
  debug(fields: object, sentence: string): void;
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
}

export interface StoreOptions {
  /** `postgres://user:password@host:port/database`; the user must be allowed to act as the application's role. */
  readonly url: string;
  readonly log: Log;
  /** Connections at most; 10 unless stated. */
  readonly poolMax?: number;
  /** How long one statement may take; 10 s unless stated. */
  readonly statementTimeoutMs?: number;
  /** Milliseconds, for measuring. */
  readonly now: () => number;
  /** What may be written down of a value in a namespace: a copy without secrets. */
  readonly hide?: <T>(namespace: string, value: T) => T;
}

export interface Store {
  /** Runs `work` in one transaction that sees and writes this namespace only. */
  inNamespace<T>(namespace: string, work: (trx: Trx) => Promise<T>): Promise<T>;
  /** Runs `work` in one transaction over all namespaces, on outbox, timers, inbox and the list of namespaces. */
  inSystem<T>(work: (trx: SystemTrx) => Promise<T>): Promise<T>;
  /** How far this process wrote a namespace's audit log. */
  auditedTo(namespace: string): number;
  /** Turns on a connection of their own; whoever opens them gives them back. Throws `database_unavailable`. */
  openTurns(what: string): Promise<Turns>;
  /** One round trip; throws `database_unavailable`. */
  ping(): Promise<{ readonly ms: number; readonly version: string }>;
  /** Connections open, idle, and callers waiting. */
  connections(): { readonly total: number; readonly idle: number; readonly waiting: number };
  /** Hears of connections that broke while idle; returns how to stop listening. */
  onError(listener: (error: DreyError) => void): () => void;
  /** Waits for what is running, within bounds, and closes every connection. Twice is once. */
  close(): Promise<void>;
}

const poolMaxDefault = 10;
/** Transactions slower than this are worth a line in the log. */
const slowMs = 1_000;
/** After a restart of the server every idle connection of a pool may be dead; the usual pool has ten. */
const beginAttemptsMax = 12;
/** Namespaces remembered as made. */
const knownMax = 10_000;

/** Opens the store and checks that the database answers, is migrated, and is entered as the right role. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const store = createStore(options);
  try {
    await store.ping();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

function createStore(options: StoreOptions): Store {
  const target = toTarget(options.url);
  const listeners = new Set<(error: DreyError) => void>();
  const pool = openPool(
    {
      url: options.url,
      poolMax: options.poolMax ?? poolMaxDefault,
      role: appRole,
      statementTimeoutMs: options.statementTimeoutMs ?? waits.statementMs,
    },
    {
      onError: (error) => {
        const known = toStoreError(error, target);
        options.log.warn(
          { code: known.code, details: known.details },
          `a connection broke: ${known.message}`,
        );
        for (const listener of listeners) listener(known);
      },
      translate: (error) => toStoreError(error, target),
    },
  );
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const known = openKnown();
  const heads = new AuditHeads();
  let closing: Promise<void> | undefined;

  async function attempt<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (closing !== undefined) throw new DreyError('database_unavailable', 'the store is closed');
    const startedAt = options.now();
    try {
      return await work();
    } finally {
      const tookMs = options.now() - startedAt;
      if (tookMs >= slowMs)
        options.log.warn({ what, tookMs: Math.round(tookMs) }, 'a database transaction was slow');
    }
  }

  return {
    inNamespace: async (namespace, work) => {
      assertNamespace(namespace);
      return attempt(namespace, () => transactWithin({ db, known, heads }, namespace, work, options));
    },
    inSystem: (work) => {
      const setting = sql.raw(`${sentAhead} set local role ${relayRole}`);
      return attempt('system', () => transact(db, setting, (trx) => work({ system: true, db: trx })));
    },
    auditedTo: (namespace) => heads.of(namespace),
    openTurns: (what) => openTurns({ url: options.url, what, log: options.log }),
    ping: async () => {
      const startedAt = options.now();
      const { version } = await attempt('ping', () => assertReady(db, target));
      return { ms: options.now() - startedAt, version };
    },
    connections: () => pool.counts(),
    onError: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => (closing ??= db.destroy()),
  };
}

/** Forgets all when it is full: what is not remembered is asked for. */
function openKnown(): KnownNamespaces {
  const names = new Set<string>();
  return {
    has: (namespace) => names.has(namespace),
    add: (namespace) => {
      if (names.size >= knownMax) names.clear();
      names.add(namespace);
    },
    delete: (namespace) => void names.delete(namespace),
  };
}

/**
 * One transaction with its setting, which travels with the first statement. After a restart of the server the pool may
 * hold dead connections: where that statement finds one, nothing can have happened, and another connection is tried.
 */
async function transact<T>(
  db: Kysely<Tables>,
  setting: RawBuilder<unknown>,
  work: (trx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute(async (trx) => {
        await setting.execute(trx);
        return work(trx);
      });
    } catch (error) {
      if (!isUnbegun(error) || attempt >= beginAttemptsMax || !isStale(error)) throw error;
    }
  }
}

/** One transaction of a namespace, with the audit entries that were added to it. */
async function transactWithin<T>(
  {
    db,
    known,
    heads,
  }: { readonly db: Kysely<Tables>; readonly known: KnownNamespaces; readonly heads: AuditHeads },
  namespace: string,
  work: (trx: Trx) => Promise<T>,
  { log, hide: hideIn = (_namespace, value) => value }: StoreOptions,
): Promise<T> {
  // As text, so that it travels with `begin`; what was asserted holds no quote.
  const setting = sql.raw(`${sentAhead} select set_config('drey.namespace', '${namespace}', true)`);
  const hide: Trx['hide'] = (value) => hideIn(namespace, value);
  let audited: Trx['audited'] = [];
  try {
    const done = await transact(db, setting, async (trx) => {
      audited = [];
      const own: Trx = { namespace, db: trx, hide, audited, known };
      const result = await work(own);
      return { result, position: await writeAudit(own) };
    });
    if (done.position > 0) heads.note(namespace, done.position);
    return done.result;
  } catch (error) {
    // A database that was put back to an earlier state.
    if (isDreyError(error) && error.code === 'namespace_unknown') known.delete(namespace);
    const write = async (refused: Trx['audited']): Promise<void> => {
      const toWrite = { namespace, hide, audited: refused, known };
      heads.note(namespace, await transact(db, setting, (trx) => writeAudit({ ...toWrite, db: trx })));
    };
    await keepRefusals(audited, write, log);
    throw error;
  }
}

/** Refused attempts are written also where their transaction rolled back; what else was done in it never happened. */
async function keepRefusals(
  audited: Trx['audited'],
  write: (refused: Trx['audited']) => Promise<void>,
  log: Log,
): Promise<void> {
  const refused = audited.filter(({ outcome }) => outcome === 'refused');
  if (refused.length === 0) return;
  try {
    await write(refused);
  } catch (error) {
    log.error({ err: toPlainError(error), refused: refused.length }, 'refused attempts could not be audited');
  }
}

function assertNamespace(namespace: string): void {
  if (Namespace.safeParse(namespace).success) return;
  throw new DreyError('argument_invalid', 'a namespace has 1 to 255 characters of a-z, 0-9, _ and -');
}

/** A pooler that drops start-up options would let us in as the login user, who may pass every wall. */
async function assertReady(db: Kysely<Tables>, target: string): Promise<{ readonly version: string }> {
  const { rows } = await sql<{ role: string; prepared: boolean; version: string }>`
    select current_user as role, current_setting('server_version') as version, to_regclass('public.audit_log') is not null as prepared`.execute(
    db,
  );
  const [found] = rows;
  if (found?.role !== appRole) {
    throw new DreyError(
      'config_invalid',
      `the database connection acts as ${found?.role ?? 'nobody'} instead of ${appRole}; ` +
        'connect directly or through a pooler that passes the start-up parameter "options" on',
    );
  }
  if (!found.prepared) throw unpreparedError(target);
  return { version: found.version.split(' ', 1)[0] ?? '' };
}
