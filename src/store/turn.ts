/** A turn that one process at a time has, of all that share a database; on a connection of its own. */
import { openTurns } from './turns.ts';
import type { TurnsOptions } from './turns.ts';

export interface Turn {
  /** Resolves when the connection broke, and the turn with it. */
  readonly lost: Promise<void>;
  release(): Promise<void>;
}

export interface TurnOptions extends Omit<TurnsOptions, 'what'> {
  /** What it is a turn of. */
  readonly name: string;
}

/** The turn, or undefined while somebody else has it; throws `database_unavailable`. */
export async function takeTurn({ name, ...options }: TurnOptions): Promise<Turn | undefined> {
  const turns = await openTurns({ ...options, what: name });
  try {
    const [mine] = await turns.take([name]);
    if (mine !== undefined) return turns;
  } catch (error) {
    await turns.release();
    throw error;
  }
  await turns.release();
  return undefined;
}
