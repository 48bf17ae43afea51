/**
 * Holding back until all is here. What was on its way when a line broke or a process died counts as delivered, and comes
 * again in no order and perhaps only after the wait for its acknowledgement; until then nothing may go out.
 */
import type { ConsumerInfo } from '@nats-io/jetstream';

/** How many deliveries came here since the beginning, and how many of them were settled; the others are not lost. */
export interface InHand {
  readonly came: number;
  readonly left: number;
}

export interface HoldOptions {
  readonly ackWaitMs: number;
  /** What the bus knows of the consumer; rejects while it cannot be asked. */
  readonly info: () => Promise<ConsumerInfo>;
  readonly inHand: () => InHand;
  /** Told when the hold is over. */
  readonly ended: () => void;
}

/** How often it is asked whether what was lost on the way has come again. */
const checkMs = 100;

export class Hold {
  readonly #options: HoldOptions;
  #began: { readonly floor: number; readonly left: number } | undefined;
  #until = 0;
  #check: NodeJS.Timeout | undefined;

  constructor(options: HoldOptions) {
    this.#options = options;
  }

  /** Begins when a consumer that was just attached has deliveries out that are not here. */
  begin(info: ConsumerInfo): void {
    const { came, left } = this.#options.inHand();
    if (info.num_ack_pending <= came - left) return;
    this.#began = { floor: info.ack_floor.consumer_seq, left };
    this.#until = performance.now() + this.#options.ackWaitMs * 1.5;
    clearInterval(this.#check);
    this.#check = setInterval(() => void this.#ask(), checkMs).unref();
  }

  get isOn(): boolean {
    return this.#began !== undefined;
  }

  stop(): void {
    clearInterval(this.#check);
    this.#began = undefined;
  }

  async #ask(): Promise<void> {
    const before = this.#options.inHand();
    const info = await this.#options.info().catch(() => undefined);
    // While the bus is away nothing is over.
    if (info === undefined || this.#began === undefined) return;
    const { came, left } = this.#options.inHand();
    // What came while it was asked makes the two numbers of different moments.
    const isQuiet = came === before.came && left === before.left;
    const isHere = isQuiet && info.num_ack_pending <= came - left;
    // What others acknowledge is in the hands of others who live; nobody can bring that into one order.
    const isShared = left === this.#began.left && info.ack_floor.consumer_seq !== this.#began.floor;
    if (!isHere && !isShared && performance.now() <= this.#until) return;
    this.stop();
    this.#options.ended();
  }
}
