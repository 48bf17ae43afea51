/**
 * Facts of the database that the door needs at every request: remembered, confirmed in the background while they are in
 * use, and asked for in batches where they are not known. However many requests come with whatever they come, at most
 * one question is with the database at a time. While it does not answer, what was known a short while ago still counts.
 */

export interface ConfirmedOptions<R> {
  /** Asks for several at once; what is not in the answer is unknown. */
  readonly ask: (ids: readonly string[]) => Promise<ReadonlyMap<string, R>>;
  readonly clock: {
    /** Milliseconds that only ever grow. */
    monotonic(): number;
    schedule(ms: number, run: () => void): () => void;
  };
  readonly times?: Partial<ConfirmedTimes>;
}

export interface ConfirmedTimes {
  /** A fact younger than this is not asked for: the longest that a change can go unseen while the bus is away. */
  readonly freshMs: number;
  /** How often facts in use are confirmed. */
  readonly confirmMs: number;
  /** A fact that was not used for so long is no more confirmed. */
  readonly warmMs: number;
  /** How old a fact may be while the database does not answer. */
  readonly graceMs: number;
  /** How long one question may take. */
  readonly askMs: number;
  /** Between two questions: what guessing can cost the database. */
  readonly restMs: number;
}

const usual: ConfirmedTimes = {
  freshMs: 3_000,
  confirmMs: 1_500,
  warmMs: 60_000,
  graceMs: 300_000,
  askMs: 2_000,
  restMs: 20,
};
/** Facts remembered, and ids remembered as unknown; the longest unused go first. */
export const factsMax = 10_000;
export const unknownMax = 2_000;
/** Ids in one question, and ids that wait for the next one. */
const batchMax = 500;
const waitingMax = 2_000;

export type Found<R> =
  | { readonly state: 'known'; readonly value: R }
  | { readonly state: 'unknown' }
  /** The database does not answer, and what was known is too old. */
  | { readonly state: 'away' }
  /** More is being asked for than may wait. */
  | { readonly state: 'busy' };

interface Fact<R> {
  readonly value: R;
  readonly atMs: number;
  usedAtMs: number;
}

interface Waiting<R> {
  readonly promise: Promise<Found<R>>;
  resolve(found: Found<R>): void;
  /** It changed while it was asked for: the answer serves those who wait and is not kept. */
  isStale: boolean;
}

const unknown = { state: 'unknown' } as const;
const away = { state: 'away' } as const;
const busy = { state: 'busy' } as const;

/** A bounded set of facts that are kept fresh. */
export class Confirmed<R> {
  readonly #options: ConfirmedOptions<R>;
  readonly #times: ConfirmedTimes;
  readonly #facts = new Map<string, Fact<R>>();
  readonly #unknown = new Map<string, number>();
  readonly #waiting = new Map<string, Waiting<R>>();
  readonly #asked = new Map<string, Waiting<R>>();
  #isAway = false;
  #isAsking = false;
  /** A question that was given up and may still hold a connection. */
  #hanging: Promise<unknown> | undefined;
  #isClosed = false;
  #cancelTurn: (() => void) | undefined;

  constructor(options: ConfirmedOptions<R>) {
    this.#options = options;
    this.#times = { ...usual, ...options.times };
  }

  /** Whether it is known by now, however old: what is refused to strangers is not refused to these. */
  has(id: string): boolean {
    return this.#facts.has(id);
  }

  /** At once where it is known well enough. */
  look(id: string): Found<R> | Promise<Found<R>> {
    const now = this.#options.clock.monotonic();
    const fact = this.#facts.get(id);
    if (fact !== undefined) {
      const age = now - fact.atMs;
      fact.usedAtMs = now;
      this.#confirmSoon();
      if (age <= this.#times.freshMs || (this.#isAway && age <= this.#times.graceMs))
        return { state: 'known', value: fact.value };
    }
    const missedAt = this.#unknown.get(id);
    if (missedAt !== undefined && now - missedAt <= this.#times.freshMs) return unknown;
    return this.#wait(id);
  }

  /** It changed: whatever is known of it counts no more. */
  forget(id: string): void {
    this.#facts.delete(id);
    this.#unknown.delete(id);
    const asked = this.#asked.get(id);
    if (asked !== undefined) asked.isStale = true;
  }

  /** Forgets all for which this holds. */
  forgetWhere(isMeant: (value: R) => boolean): void {
    for (const [id, { value }] of this.#facts) if (isMeant(value)) this.forget(id);
    // An answer that is on its way may be as old as any.
    for (const asked of this.#asked.values()) asked.isStale = true;
    this.#unknown.clear();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTurn?.();
  }

  #wait(id: string): Found<R> | Promise<Found<R>> {
    const known = this.#waiting.get(id) ?? this.#asked.get(id);
    if (known !== undefined && !known.isStale) return known.promise;
    if (this.#isClosed) return away;
    if (this.#waiting.size >= waitingMax && !this.#facts.has(id)) return busy;
    let resolve: (found: Found<R>) => void = () => undefined;
    const promise = new Promise<Found<R>>((settle) => {
      resolve = settle;
    });
    this.#waiting.set(id, { promise, resolve, isStale: false });
    void this.#askAll();
    return promise;
  }

  /** One question after the other, until nobody waits. */
  async #askAll(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#waiting.size > 0) {
      const ids = [...this.#waiting.keys()].slice(0, batchMax);
      for (const id of ids) {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (waiting !== undefined) this.#asked.set(id, waiting);
      }
      await this.#askOne(ids);
      if (this.#waiting.size > 0) await this.#rest();
    }
    this.#isAsking = false;
  }

  /** Never rejects. */
  async #askOne(ids: readonly string[]): Promise<void> {
    const atMs = this.#options.clock.monotonic();
    let answer: ReadonlyMap<string, R> | undefined;
    try {
      if (this.#hanging === undefined) answer = await this.#within(this.#options.ask(ids));
    } catch {
      answer = undefined;
    }
    this.#isAway = answer === undefined;
    for (const id of ids) {
      const asked = this.#asked.get(id);
      this.#asked.delete(id);
      if (asked === undefined) continue;
      asked.resolve(
        answer === undefined ? this.#remembered(id) : this.#keep(id, answer.get(id), atMs, asked),
      );
    }
  }

  #keep(id: string, value: R | undefined, atMs: number, { isStale }: Waiting<R>): Found<R> {
    const before = this.#facts.get(id);
    this.#facts.delete(id);
    this.#unknown.delete(id);
    if (!isStale && value === undefined) setBounded(this.#unknown, id, atMs, unknownMax);
    if (!isStale && value !== undefined)
      setBounded(this.#facts, id, { value, atMs, usedAtMs: before?.usedAtMs ?? atMs }, factsMax);
    this.#confirmSoon();
    return value === undefined ? unknown : { state: 'known', value };
  }

  /** What still counts while the database is away. */
  #remembered(id: string): Found<R> {
    const fact = this.#facts.get(id);
    const age = fact === undefined ? Infinity : this.#options.clock.monotonic() - fact.atMs;
    return fact === undefined || age > this.#times.graceMs ? away : { state: 'known', value: fact.value };
  }

  async #within(answer: Promise<ReadonlyMap<string, R>>): Promise<ReadonlyMap<string, R>> {
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.#options.clock.schedule(this.#times.askMs, () => {
        this.#hanging = answer.then(settled, settled);
        reject(new Error('no answer in time'));
      });
    });
    const settled = () => {
      this.#hanging = undefined;
    };
    try {
      return await Promise.race([answer, late]);
    } finally {
      cancel();
    }
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.schedule(this.#times.restMs, resolve));
  }

  #confirmSoon(): void {
    if (this.#cancelTurn !== undefined || this.#isClosed) return;
    this.#cancelTurn = this.#options.clock.schedule(this.#times.confirmMs, () => {
      this.#cancelTurn = undefined;
      this.#confirmWarm();
    });
  }

  #confirmWarm(): void {
    const now = this.#options.clock.monotonic();
    for (const [id, fact] of this.#facts) {
      if (now - fact.usedAtMs > this.#times.warmMs) {
        // Nobody asked for long: it is not worth a question, and forgotten once it cannot serve an outage.
        if (now - fact.atMs > this.#times.graceMs) this.#facts.delete(id);
        continue;
      }
      this.#confirmSoon();
      void this.#wait(id);
    }
  }
}

function setBounded<V>(map: Map<string, V>, id: string, value: V, max: number): void {
  map.set(id, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
