/** How held-out episodes are summed up: means in which each task weighs 1, their intervals, and how honest probabilities are. */

/** A mean over tasks, with its interval. */
export interface Macro {
  readonly mean: number;
  /** Bounds of the 95 % interval, by drawing tasks (never episodes) anew. */
  readonly low: number;
  readonly high: number;
}

const draws = 200;

/** Gathers values of tasks. */
export class Average {
  readonly #tasks = new Map<string, { sum: number; count: number }>();

  add(task: string, value: number): void {
    const found = this.#tasks.get(task);
    if (found === undefined) this.#tasks.set(task, { sum: value, count: 1 });
    else {
      found.sum += value;
      found.count += 1;
    }
  }

  /** Each task weighs 1. */
  get macro(): number {
    return toMean(this.#means());
  }

  /** Each value weighs 1. */
  get micro(): number {
    let sum = 0;
    let count = 0;
    for (const each of this.#tasks.values()) {
      sum += each.sum;
      count += each.count;
    }
    return count === 0 ? 0 : sum / count;
  }

  get interval(): Macro {
    const means = this.#means();
    const random = toRandom(means.length);
    const drawn = Array.from({ length: draws }, () => {
      let sum = 0;
      for (let n = 0; n < means.length; n += 1) sum += means[Math.floor(random() * means.length)] ?? 0;
      return sum / Math.max(1, means.length);
    }).sort((a, b) => a - b);
    return {
      mean: toMean(means),
      low: drawn[Math.floor(draws * 0.025)] ?? 0,
      high: drawn[Math.floor(draws * 0.975)] ?? 0,
    };
  }

  #means(): number[] {
    return [...this.#tasks.values()].map(({ sum, count }) => sum / count);
  }
}

const toMean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** The same numbers for the same seed (mulberry32). */
function toRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What was said with about the same confidence, and how often it was right. */
export interface Bin {
  /** Means over the bin; both 0 where it is empty. */
  readonly said: number;
  readonly right: number;
  readonly weight: number;
}

/** Expected calibration error over ten bins of equal width, and the Brier score; each value weighs as told. */
export class Reliability {
  readonly #bins = Array.from({ length: 10 }, () => ({ weight: 0, said: 0, right: 0 }));
  #brier = 0;
  #weight = 0;

  add(said: number, right: number, weight = 1): void {
    const bin = this.#bins[Math.min(9, Math.max(0, Math.floor(said * 10)))];
    if (bin === undefined) return;
    bin.weight += weight;
    bin.said += weight * said;
    bin.right += weight * right;
    this.#weight += weight;
    this.#brier += weight * (said - right) ** 2;
  }

  get ece(): number {
    const gaps = this.#bins.map(({ said, right }) => Math.abs(said - right));
    return gaps.reduce((sum, gap) => sum + gap, 0) / Math.max(1e-9, this.#weight);
  }

  /** Ten, from what was hardly believed to what was sure. */
  get bins(): Bin[] {
    return this.#bins.map(({ weight, said, right }) =>
      weight === 0 ? { said: 0, right: 0, weight } : { said: said / weight, right: right / weight, weight },
    );
  }

  get brier(): number {
    return this.#brier / Math.max(1e-9, this.#weight);
  }
}
