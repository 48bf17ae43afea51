/**
 * Holding back newer messages until older ones have come again: what was on its way when a line broke or a process died
 * counts as delivered, and comes again only after the wait for its acknowledgement. Nothing may overtake it.
 */

/** Messages that are here and not settled, and how often that has changed. */
export interface InHand {
  readonly count: number;
  readonly changes: number;
}

export interface HoldOptions {
  /** Messages that the bus counts as delivered and not acknowledged. */
  readonly countUnsettled: () => Promise<number>;
  readonly inHand: () => InHand;
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

  /** Only messages up to this sequence pass now, for this long at most. */
  begin(upTo: number, forMs: number): void {
    this.#upTo = upTo;
    this.#until = performance.now() + forMs;
    clearInterval(this.#check);
    this.#check = setInterval(() => void this.#ask(), checkMs).unref();
  }

  lets(sequence: number): boolean {
    return this.#upTo === undefined || sequence <= this.#upTo;
  }

  stop(): void {
    clearInterval(this.#check);
  }

  async #ask(): Promise<void> {
    const { countUnsettled, ended, inHand } = this.#options;
    if (this.#upTo === undefined) return;
    const { changes } = inHand();
    let isOver = performance.now() > this.#until;
    try {
      const unsettled = await countUnsettled();
      const now = inHand();
      // What came or was settled while it was asked makes the two numbers of different moments.
      isOver ||= now.changes === changes && unsettled <= now.count;
    } catch {
      // The next check asks again.
    }
    if (!isOver || this.#upTo === undefined) return;
    clearInterval(this.#check);
    this.#upTo = undefined;
    ended();
  }
}
