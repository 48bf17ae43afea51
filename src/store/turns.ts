/**
 * Turns that one process at a time has, of all that share a database: sessions' advisory locks on one connection of their
 * own. Whoever dies or loses the database loses all of them at once, and nobody has to clean up.
 */
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { appRole } from '../../infra/postgres/migrations.ts';
import { toTarget, waits } from './connection.ts';
import { toStoreError } from './failures.ts';
import type { Log } from './open.ts';
import { openPool } from './pool.ts';

export interface Turns {
  /** Resolves when the connection broke, and the turns with it. */
  readonly lost: Promise<void>;
  /** Takes those of them that nobody has, at most so many; answers which, those that are held here already left out. */
  take(names: readonly string[], most?: number): Promise<readonly string[]>;
  giveBack(names: readonly string[]): Promise<void>;
  /** Is one of those who share this name from now on; answers how many they are. */
  join(name: string): Promise<number>;
  /** Gives all back and closes the connection. */
  release(): Promise<void>;
}

export interface TurnsOptions {
  readonly url: string;
  /** What they are turns of, for the log. */
  readonly what: string;
  readonly log: Log;
}

/** Has no turn yet; throws `database_unavailable`. */
export async function openTurns({ url, what, log }: TurnsOptions): Promise<Turns> {
  const target = toTarget(url);
  let lose = (): void => undefined;
  const lost = new Promise<void>((resolve) => {
    lose = resolve;
  });
  const pool = openPool(
    { url, poolMax: 1, role: appRole, statementTimeoutMs: waits.statementMs, isMissedSoon: true },
    {
      onError: (error) => {
        log.debug({ error: error.message, what }, 'the connection that held turns broke');
        lose();
      },
      translate: (error) => toStoreError(error, target),
    },
  );
  const client = await pool.connect().catch(async (error: unknown) => {
    await pool.end();
    throw error;
  });
  return new LiveTurns({ client, pool, lost, lose });
}

interface Parts {
  readonly client: PostgresPoolClient;
  readonly pool: PostgresPool;
  readonly lost: Promise<void>;
  readonly lose: () => void;
}

class LiveTurns implements Turns {
  readonly lost: Promise<void>;
  readonly #parts: Parts;
  readonly #mine = new Set<string>();
  readonly #joined = new Set<string>();
  #released: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.lost = parts.lost;
  }

  async take(names: readonly string[], most = names.length): Promise<readonly string[]> {
    // A lock that is held here already would count twice.
    const wanted = names.filter((name) => !this.#mine.has(name));
    if (wanted.length === 0 || most <= 0) return [];
    const taken = await this.#ask<{ name: string }>(
      `select name from unnest($1::text[]) as wanted (name)
        where pg_try_advisory_lock(hashtextextended($2 || name, 0)) limit $3`,
      [wanted, prefix, most],
    );
    for (const { name } of taken) this.#mine.add(name);
    return taken.map(({ name }) => name);
  }

  async giveBack(names: readonly string[]): Promise<void> {
    const given = names.filter((name) => this.#mine.delete(name));
    if (given.length === 0) return;
    await this.#ask(
      'select pg_advisory_unlock(hashtextextended($2 || name, 0)) from unnest($1::text[]) as given (name)',
      [given, prefix],
    );
  }

  async join(name: string): Promise<number> {
    const key = [`${prefix}${name}`];
    if (!this.#joined.has(name)) {
      await this.#ask('select pg_advisory_lock_shared(hashtextextended($1, 0))', key);
      this.#joined.add(name);
    }
    const [row] = await this.#ask<{ sharers: number }>(
      `select count(distinct pid) as sharers from pg_locks
        where locktype = 'advisory' and objsubid = 1 and granted
          and database = (select oid from pg_database where datname = current_database())
          and ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)`,
      key,
    );
    return Math.max(1, row?.sharers ?? 1);
  }

  release(): Promise<void> {
    return (this.#released ??= this.#release());
  }

  async #release(): Promise<void> {
    // The server may notice the end of a connection late: whoever comes next must find the turns free. Where it broke, they are.
    await this.#ask('select pg_advisory_unlock_all()', []).catch(() => undefined);
    this.#parts.client.release();
    await this.#parts.pool.end();
  }

  /** Whatever is not answered may have been lost with its connection: nobody may go on as if it held. */
  async #ask<Row>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    try {
      return (await this.#parts.client.query<Row>(text, values)).rows;
    } catch (error) {
      this.#parts.lose();
      throw error;
    }
  }
}

const prefix = 'drey turn ';
