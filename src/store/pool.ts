/**
 * The pool: real connections behind a guard. A connection that broke or timed out inside a transaction is destroyed,
 * never reused: its transaction might still be open. A commit that Postgres answered with a rollback is an error.
 */
import { Pool } from 'pg';
import type { PoolClient, QueryResult } from 'pg';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { DreyError } from '../../machines/words/errors.ts';
import { toPoolConfig, waits } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import { isConnectionBroken } from './failures.ts';

export interface GuardedPool extends PostgresPool {
  /** Connections open, idle, and callers waiting for one. */
  counts(): { readonly total: number; readonly idle: number; readonly waiting: number };
}

export interface PoolListeners {
  /** Hears of connections that broke while nobody used them; unheard, they would end the process. */
  readonly onError: (error: Error) => void;
  /** What a failed connect or query is thrown as. */
  readonly translate: (error: unknown) => unknown;
}

/** Opens the pool; nothing is connected before it is needed. */
export function openPool(options: ConnectionOptions, listeners: PoolListeners): GuardedPool {
  const { onError, translate } = listeners;
  const pool = new Pool(toPoolConfig(options));
  const clients = new Set<PoolClient>();
  pool.on('error', onError);
  pool.on('connect', (client) => {
    clients.add(client);
    // A connection may also break while nobody reads from it, between two statements of one transaction.
    client.on('error', onError);
  });
  pool.on('remove', (client) => clients.delete(client));
  return {
    connect: async () => {
      try {
        return guard(await pool.connect(), translate);
      } catch (error) {
        throw translate(error);
      }
    },
    end: () => endWithin(pool, clients),
    counts: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  };
}

function guard(client: PoolClient, translate: PoolListeners['translate']): PostgresPoolClient {
  let broken = false;
  /** What waits for the first statement and travels with it: two round trips less for every transaction. */
  let opening: string | undefined;
  /** The answer to a commit that travelled with the last statement. */
  let ended: QueryResult | undefined;
  async function query(sql: string, parameters: readonly unknown[]): Promise<Result> {
    // The connection will be destroyed, and its transaction with it; asking again would hide the first failure.
    if (broken && sql === 'rollback') return nothingYet;
    if (ended !== undefined && (sql === 'commit' || sql === 'rollback')) {
      const result = ended;
      ended = undefined;
      if (sql === 'commit') assertCommitted(sql, result);
      return result;
    }
    if (sql === 'begin' || sql.startsWith(sentAhead)) {
      opening = opening === undefined ? sql : `${opening}; ${sql}`;
      return nothingYet;
    }
    const ahead = opening;
    opening = undefined;
    // Nothing was asked between begin and end.
    if (ahead !== undefined && (sql === 'commit' || sql === 'rollback')) return nothingYet;
    const opened = ahead === undefined ? undefined : open(client, ahead);
    const isLast = sql.startsWith(lastOfTransaction);
    try {
      const asked = isLast ? commitWith(client, sql, parameters) : ask(client, sql, parameters);
      const [first, answer] = await Promise.allSettled([opened, asked]);
      if (first.status === 'rejected') throw first.reason;
      if (answer.status === 'rejected') throw answer.reason;
      if ('commit' in answer.value) {
        ended = answer.value.commit;
        return answer.value.result;
      }
      assertCommitted(sql, answer.value);
      return answer.value;
    } catch (error) {
      broken ||= isConnectionBroken(error);
      const known = translate(error);
      if (opened !== undefined && !isLast && known instanceof Error) unbegun.add(known);
      throw known;
    }
  }
  // Kysely's other overload is for cursors, which this house does not use.
  return { query: query as unknown as PostgresPoolClient['query'], release: () => client.release(broken) };
}

type Result = Pick<QueryResult, 'command' | 'rowCount' | 'rows'>;

const nothingYet: Result = { command: '', rowCount: 0, rows: [] };

/** What a transaction's setting begins with: it needs no parameters, and nobody reads its answer. */
export const sentAhead = '/* sent ahead */';

const unbegun = new WeakSet<Error>();

/** Whether a transaction failed with its first statement, before anything of it could have been committed. */
export function isUnbegun(error: unknown): boolean {
  return error instanceof Error && unbegun.has(error);
}

/** Several statements in one message; should `begin` fail, the ones behind it are not run. */
async function open(client: PoolClient, statements: string): Promise<unknown> {
  return client.query(statements);
}

/**
 * Sends a transaction's last statement and its commit together. Should the statement fail, the commit rolls back; and
 * one whose answer is lost may have happened, as with any commit.
 */
async function commitWith(
  client: PoolClient,
  sql: string,
  parameters: readonly unknown[],
): Promise<{ readonly result: QueryResult; readonly commit: QueryResult }> {
  const [result, commit] = await Promise.allSettled([ask(client, sql, parameters), client.query('commit')]);
  if (result.status === 'rejected') throw result.reason;
  if (commit.status === 'rejected') throw commit.reason;
  return { result: result.value, commit: commit.value };
}

/**
 * What a statement begins with that is the last of its transaction, and is planned once a connection; its text must not
 * vary with its values.
 */
export const lastOfTransaction = '/* last of its transaction */';
const planNamesMax = 100;
const planNames = new Map<string, string>();

/** A few long statements are asked by name, so that the server need not plan them each time. */
async function ask(client: PoolClient, text: string, parameters: readonly unknown[]): Promise<QueryResult> {
  const values = [...parameters];
  const name = text.startsWith(lastOfTransaction) ? toPlanName(text) : undefined;
  return name === undefined ? client.query(text, values) : client.query({ name, text, values });
}

function toPlanName(text: string): string | undefined {
  const known = planNames.get(text);
  if (known !== undefined || planNames.size >= planNamesMax) return known;
  const name = `drey_${planNames.size}`;
  planNames.set(text, name);
  return name;
}

/** After a failed statement that somebody swallowed, `commit` answers ROLLBACK: nobody may call that stored. */
function assertCommitted(sql: string, result: QueryResult): void {
  if (sql !== 'commit' || result.command === 'COMMIT') return;
  throw new DreyError(
    'unexpected',
    'a transaction was rolled back instead of committed, because a failure inside of it was ignored',
  );
}

/** A frozen server never says good-bye; after a while its sockets are simply destroyed. */
async function endWithin(pool: Pool, clients: ReadonlySet<PoolClient>): Promise<void> {
  const timer = setTimeout(() => {
    for (const client of clients) destroySocket(client);
  }, waits.closeMs);
  try {
    await pool.end();
  } finally {
    clearTimeout(timer);
  }
}

/** pg has no public way to do this; `connection.stream` is the socket. */
function destroySocket(client: PoolClient): void {
  const connection: unknown = Reflect.get(client, 'connection');
  if (typeof connection !== 'object' || connection === null) return;
  const stream: unknown = Reflect.get(connection, 'stream');
  if (typeof stream !== 'object' || stream === null) return;
  const destroy: unknown = Reflect.get(stream, 'destroy');
  if (typeof destroy === 'function') Reflect.apply(destroy, stream, []);
}
