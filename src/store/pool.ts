/**
 * The pool: real connections behind a guard. A connection that broke or timed out inside a transaction is destroyed,
 * never reused: its transaction might still be open. A commit that Postgres answered with a rollback is an error.
 */
import { Socket } from 'node:net';
import { Pool } from 'pg';
import type { PoolClient, QueryResult } from 'pg';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { DreyError } from '../../machines/words/errors.ts';
import { toPoolConfig, waits } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';
import { isConnectionBroken } from './failures.ts';
import { assertPlain, isLastOf, lastOfTransaction } from './last-statement.ts';

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
  const loan = new Loan(client, translate);
  const query = async (text: string, parameters: readonly unknown[]): Promise<Result> =>
    loan.query(text, parameters);
  // Kysely's other overload is for cursors, which this house does not use.
  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: () => client.release(loan.isBroken),
  };
}

/** One connection while somebody has it: what opens a transaction and what ends it travel with its statements. */
class Loan {
  readonly #client: PoolClient;
  readonly #translate: PoolListeners['translate'];
  #isBroken = false;
  /** What waits for the first statement and travels with it: two round trips less for every transaction. */
  #opening: string | undefined;
  /** The answer to a commit that travelled with the last statement. */
  #ended: QueryResult | undefined;
  /** The last statement was sent, and the commit with it: what came now would run outside of any transaction. */
  #isOver = false;

  constructor(client: PoolClient, translate: PoolListeners['translate']) {
    this.#client = client;
    this.#translate = translate;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<Result> {
    const isEnd = sql === 'commit' || sql === 'rollback';
    if (this.#isOver && !isEnd)
      throw new DreyError(
        'unexpected',
        "a statement came after the one that is marked as its transaction's last",
      );
    if (sql === 'begin' || sql.startsWith(sentAhead)) {
      this.#opening = this.#opening === undefined ? sql : `${this.#opening}; ${sql}`;
      return nothingYet;
    }
    const known = isEnd ? this.#end(sql) : undefined;
    return known ?? this.#send(sql, parameters);
  }

  /** The answer to an end that need not be sent. */
  #end(sql: 'commit' | 'rollback'): Result | undefined {
    // The connection will be destroyed, and its transaction with it; asking again would hide the first failure.
    if (this.#isBroken && sql === 'rollback') return nothingYet;
    if (this.#opening !== undefined) {
      // Nothing was asked between begin and end.
      this.#opening = undefined;
      return nothingYet;
    }
    const ended = this.#ended;
    const wasOver = this.#isOver;
    this.#ended = undefined;
    this.#isOver = false;
    if (sql !== 'commit') return ended;
    // The last statement failed and somebody swallowed that: a commit alone would be answered as if all were well.
    if (wasOver && ended === undefined) throw ignoredFailure();
    if (ended !== undefined) assertCommitted(sql, ended);
    return ended;
  }

  async #send(sql: string, parameters: readonly unknown[]): Promise<Result> {
    const client = this.#client;
    const isLast = isLastOf(sql);
    if (isLast) assertPlain(parameters);
    this.#isOver = isLast;
    const opening = this.#opening;
    this.#opening = undefined;
    const [opened, answered] = together(client, (): [Promise<unknown> | undefined, Promise<Answer>] => [
      opening === undefined ? undefined : open(client, opening),
      isLast ? commitWith(client, sql, parameters) : askAlone(client, sql, parameters),
    ]);
    try {
      const { result, commit } = await behind(opened, answered);
      this.#ended = commit;
      assertCommitted(sql, result);
      return result;
    } catch (error) {
      this.#isBroken ||= isConnectionBroken(error);
      const told = this.#translate(error);
      const isWrite = sql.startsWith(lastOfTransaction);
      if (opened !== undefined && !isWrite && told instanceof Error) unbegun.add(told);
      throw told;
    }
  }
}

/**
 * What `send` writes to the server's socket leaves as one piece: a write wakes the server, and three of them cost more
 * than what they ask for.
 */
function together<T>(client: PoolClient, send: () => T): T {
  const stream = toSocket(client);
  stream?.cork();
  try {
    return send();
  } finally {
    stream?.uncork();
  }
}

/** The later answer; of two failures the earlier one counts. */
async function behind<T>(earlier: Promise<unknown> | undefined, later: Promise<T>): Promise<T> {
  const [first, second] = await Promise.allSettled([earlier, later]);
  if (first.status === 'rejected') throw first.reason;
  if (second.status === 'rejected') throw second.reason;
  return second.value;
}

/** What a statement answered, and its transaction's commit where that travelled with it. */
interface Answer {
  readonly result: QueryResult;
  readonly commit?: QueryResult;
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
async function commitWith(client: PoolClient, sql: string, parameters: readonly unknown[]): Promise<Answer> {
  const [result, commit] = await Promise.allSettled([ask(client, sql, parameters), client.query('commit')]);
  if (result.status === 'rejected') throw result.reason;
  if (commit.status === 'rejected') throw commit.reason;
  return { result: result.value, commit: commit.value };
}

/** Statements that are planned once a connection. */
const planNamesMax = 100;
const planNames = new Map<string, string>();

/** A few long statements are asked by name, so that the server need not plan them each time. */
async function ask(client: PoolClient, text: string, parameters: readonly unknown[]): Promise<QueryResult> {
  const values = [...parameters];
  const name = isLastOf(text) ? toPlanName(text) : undefined;
  return name === undefined ? client.query(text, values) : client.query({ name, text, values });
}

async function askAlone(client: PoolClient, text: string, parameters: readonly unknown[]): Promise<Answer> {
  return { result: await ask(client, text, parameters) };
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
  throw ignoredFailure();
}

function ignoredFailure(): DreyError {
  return new DreyError(
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

function destroySocket(client: PoolClient): void {
  toSocket(client)?.destroy();
}

/** pg has no public way to its socket; `connection.stream` is it. */
function toSocket(client: PoolClient): Socket | undefined {
  const connection: unknown = Reflect.get(client, 'connection');
  if (typeof connection !== 'object' || connection === null) return undefined;
  const stream: unknown = Reflect.get(connection, 'stream');
  return stream instanceof Socket ? stream : undefined;
}
