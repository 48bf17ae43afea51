/**
 * A worker of which all learners together have one: it works while this learner has its turn, and stands by otherwise. When
 * the turn is lost, so is the work of before; somebody else may be at it already.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { Turns } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import type { RunningWorker } from '../learning/supervisor.ts';
import type { TurnSource } from './turn-source.ts';

export interface ByTurnOptions<Worker extends RunningWorker> {
  readonly source: Pick<TurnSource, 'turns'>;
  /** Which turn. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly start: () => Promise<Worker>;
  /** It cannot go on; whoever supervises it decides. */
  readonly broke: (error: unknown) => void;
}

export interface ByTurn<Worker> extends RunningWorker {
  /** Undefined while it stands by. */
  readonly working: Worker | undefined;
}

/** How often one that stands by looks whether it is its turn. */
const lookMs = 1_000;

/** Resolves when it works or stands by; throws what the worker's start throws. */
export async function startByTurn<Worker extends RunningWorker>(
  options: ByTurnOptions<Worker>,
): Promise<ByTurn<Worker>> {
  const byTurn = new LiveByTurn(options);
  await byTurn.begin();
  return byTurn;
}

class LiveByTurn<Worker extends RunningWorker> implements ByTurn<Worker> {
  working: Worker | undefined;
  readonly #options: ByTurnOptions<Worker>;
  readonly #stopping: Promise<void>;
  #stop = (): void => undefined;
  #wake = (): void => undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ByTurnOptions<Worker>) {
    this.#options = options;
    this.#stopping = new Promise((resolve) => (this.#stop = resolve));
  }

  async begin(): Promise<void> {
    const first = await this.#take();
    this.#running = this.#goOn(first).catch((error: unknown) => this.#options.broke(error));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stop();
    this.#wake();
    await this.#running;
  }

  async #goOn(first: Turns | undefined): Promise<void> {
    let turns = first;
    while (turns !== undefined || !this.#isStopped) {
      if (turns === undefined) await this.#rest();
      else await this.#endAfter(turns);
      if (this.#isStopped) return;
      turns = await this.#take();
    }
  }

  async #endAfter(turns: Turns): Promise<void> {
    await Promise.race([this.#stopping, turns.lost]);
    const worker = this.working;
    this.working = undefined;
    await worker?.stop();
    // Where it is lost, there is nothing to give back.
    await turns.giveBack([this.#options.name]).catch(() => undefined);
  }

  /** The turn, and the worker at work; undefined while somebody else has it or nobody can be asked. */
  async #take(): Promise<Turns | undefined> {
    const { source, name, log, start } = this.#options;
    let turns: Turns;
    try {
      turns = await source.turns();
      if ((await turns.take([name])).length === 0) return undefined;
    } catch (error) {
      log.debug({ name, err: toPlainError(error) }, 'a turn cannot be taken now');
      return undefined;
    }
    try {
      this.working = await start();
      return turns;
    } catch (error) {
      await turns.giveBack([name]).catch(() => undefined);
      throw error;
    }
  }

  /** Ends early when it is stopped. Not a race: what stands by for months would leave something behind with every look. */
  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.schedule(lookMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
