/**
 * One engine at a time for all learners on one database: what a learner knows lies in its memory, and two of them with
 * half of the episodes each would overwrite each other. The others stand by and take over when the turn is free.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { Clock, LearningEngine, Log } from '../../actors/actors.ts';
import { takeTurn } from '../../store/store.ts';
import type { Turn } from '../../store/store.ts';

export interface TurnsOptions {
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Opens the engine anew: it reads the archive, so what others learned meanwhile is in it. */
  readonly open: () => Promise<LearningEngine>;
  /** The engine cannot be opened or closed; the process should end and be started again. */
  readonly failed: (reason: string) => void;
}

export interface Turns {
  /** Ends the engine and gives the turn back. */
  stop(): Promise<void>;
}

/** How often a learner that stands by looks whether it is its turn. */
const lookMs = 1_000;

/** Takes the turn if it is free; resolves when this learner works or stands by. */
export async function takeTurns(options: TurnsOptions): Promise<Turns> {
  const { databaseUrl, clock, log, open } = options;
  const stop = new AbortController();
  const stopping = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(), { once: true });
  });

  const tryTurn = async (): Promise<Turn | undefined> => {
    try {
      return await takeTurn({ url: databaseUrl, name: 'learning', log });
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'a turn cannot be taken now');
      return undefined;
    }
  };
  const work = async (turn: Turn, engine: LearningEngine): Promise<void> => {
    await Promise.race([turn.lost, stopping]);
    await engine.stop();
    await turn.release();
  };
  const first = await tryTurn();
  const firstEngine = first === undefined ? undefined : await open();
  const standBy = async (): Promise<void> => {
    if (first !== undefined && firstEngine !== undefined) await work(first, firstEngine);
    while (!stop.signal.aborted) {
      const turn = await tryTurn();
      if (turn !== undefined) await work(turn, await open());
      else await Promise.race([stopping, new Promise<void>((resolve) => clock.schedule(lookMs, resolve))]);
    }
  };
  const running = standBy().catch((error: unknown) => options.failed(toPlainError(error).message));

  return {
    async stop() {
      stop.abort();
      await running;
    },
  };
}
