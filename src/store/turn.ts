/**
 * A turn that one process at a time has, of all that share a database. It is a session's advisory lock on a connection
 * of its own: whoever dies or loses the database loses it, and nobody has to clean up.
 */
import { appRole } from '../../infra/postgres/migrations.ts';
import { toTarget, waits } from './connection.ts';
import { toStoreError } from './failures.ts';
import type { Log } from './open.ts';
import { openPool } from './pool.ts';

export interface Turn {
  /** Resolves when the connection broke, and the turn with it. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

export interface TurnOptions {
  readonly url: string;
  /** What it is a turn of. */
  readonly name: string;
  readonly log: Log;
}

/** The turn, or undefined while somebody else has it; throws `database_unavailable`. */
export async function takeTurn({ url, name, log }: TurnOptions): Promise<Turn | undefined> {
  const target = toTarget(url);
  let lose = (): void => undefined;
  const lost = new Promise<void>((resolve) => {
    lose = resolve;
  });
  const pool = openPool(
    { url, poolMax: 1, role: appRole, statementTimeoutMs: waits.statementMs },
    {
      onError: (error) => {
        log.debug({ error: error.message, name }, 'the connection that held a turn broke');
        lose();
      },
      translate: (error) => toStoreError(error, target),
    },
  );
  try {
    const client = await pool.connect();
    const key = [`drey turn ${name}`];
    const end = async (): Promise<void> => {
      client.release();
      await pool.end();
    };
    const { rows } = await client.query<{ mine: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 0)) as mine',
      key,
    );
    if (rows[0]?.mine !== true) {
      await end();
      return undefined;
    }
    const release = async (): Promise<void> => {
      // The server may notice the end of a connection late: whoever comes next must find the turn free. Where it broke, it is.
      await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', key).catch(() => undefined);
      await end();
    };
    return { lost, release };
  } catch (error) {
    await pool.end();
    throw error;
  }
}
