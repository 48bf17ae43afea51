/**
 * How a durable actor is looked at while it is in memory: its chart, its last commit, and whoever hears of its steps.
 * It has no XState actor of its own, so the register holds this instead. Looking never changes or delays a step.
 */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { toPlainError } from '../../../machines/words/errors.ts';
import type { Log } from '../clock.ts';

/** Hears of a step that was committed: what the machine consumed, and where it stands. */
export type HearStep = (event: unknown, snapshot: AnyMachineSnapshot) => void;

export interface DurableView {
  readonly durable: true;
  readonly logic: AnyStateMachine;
  /** Undefined while no copy is in memory. */
  getSnapshot(): AnyMachineSnapshot | undefined;
  watch(heard: HearStep): () => void;
}

/** A view whose steps are told with `tell`. */
export class ToldView implements DurableView {
  readonly durable = true;
  readonly logic: AnyStateMachine;
  readonly getSnapshot: DurableView['getSnapshot'];
  readonly #log: Log;
  readonly #heard = new Set<HearStep>();

  constructor(logic: AnyStateMachine, getSnapshot: DurableView['getSnapshot'], log: Log) {
    this.logic = logic;
    this.getSnapshot = getSnapshot;
    this.#log = log;
  }

  watch(heard: HearStep): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  tell(event: unknown, snapshot: AnyMachineSnapshot): void {
    for (const heard of this.#heard) {
      try {
        heard(event, snapshot);
      } catch (error) {
        this.#log.warn({ err: toPlainError(error) }, 'a durable actor could not be shown');
      }
    }
  }
}
