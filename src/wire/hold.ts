/**
 * Holding back what is newer. What was on its way when a line broke or a process died counts as delivered, and comes
 * again only after the wait for its acknowledgement; until then nothing newer may overtake it.
 */
import type { ConsumerInfo } from '@nats-io/jetstream';

/** Deliveries that are held here and so not lost, and how often that has changed. */
export interface InHand {
  readonly count: number;
  readonly changes: number;
}

export interface HoldOptions {
  readonly ackWaitMs: number;
  /** Deliveries nobody has acknowledged, as the bus counts them; rejects while it cannot be asked. */
  readonly unsettled: () => Promise<number>;
  readonly inHand: () => InHand;
  /** Told when the hold is over. */
  readonly ended: () => void;
}

/** How often it is asked whether what was lost on the way has come again. */
const checkMs = 200;

export class Hold {
  readonly #options: HoldOptions;
  #upTo: number | undefined;
  #until = 0;
  #check: NodeJS.Timeout | undefined;

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  /** Begins when a consumer that was just attached has deliveries out that are not here. */
  begin(info: ConsumerInfo): void {
    if (info.num_ack_pending <= this.#options.inHand().count) return;
    this.#upTo = info.delivered.stream_seq;
    this.#until = performance.now() + this.#options.ackWaitMs * 1.5;
    clearInterval(this.#check);
    this.#check = setInterval(() => void this.#ask(), checkMs).unref();
  }

  get isOn(): boolean {
    return this.#upTo !== undefined;
  }

  /** Whether a message of this stream sequence may go out now. */
  allows(sequence: number): boolean {
    return this.#upTo === undefined || sequence <= this.#upTo;
  }

  stop(): void {
    clearInterval(this.#check);
    this.#upTo = undefined;
  }

  async #ask(): Promise<void> {
    const { unsettled, inHand, ended } = this.#options;
    const { changes } = inHand();
    const count = await unsettled().catch(() => undefined);
    // While the bus is away nothing is over.
    if (count === undefined || !this.isOn) return;
    const now = inHand();
    // What came or was settled while it was asked makes the two numbers of different moments.
    const isHere = now.changes === changes && count <= now.count;
    if (!isHere && performance.now() <= this.#until) return;
    this.stop();
    ended();
  }
}
