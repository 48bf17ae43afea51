/**
 * Quantiles of durations in a fixed number of buckets: 8 a doubling, so a figure is at most 9 % off, and memory never
 * grows. The unit is the caller's.
 */

const perDoubling = 8;
const bucketsMax = 256;

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface Histogram {
  record(value: number): void;
  figures(): Quantiles;
}

/** A histogram from one thousandth of a unit up to four million units. */
export function createHistogram(): Histogram {
  const buckets = new Uint32Array(bucketsMax);
  let count = 0;
  let max = 0;
  const quantile = (fraction: number): number => {
    if (count === 0) return 0;
    let left = Math.ceil(fraction * count);
    for (const [index, many] of buckets.entries()) {
      left -= many;
      if (left <= 0) return Math.min(toUpperEdge(index), max);
    }
    return max;
  };
  return {
    record(value) {
      count += 1;
      if (value > max) max = value;
      const index = toBucket(value);
      buckets[index] = (buckets[index] ?? 0) + 1;
    },
    figures: () => ({ count, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99), max }),
  };
}

function toBucket(value: number): number {
  if (!(value > 0.001)) return 0;
  return Math.min(bucketsMax - 1, Math.max(0, Math.ceil(Math.log2(value / 0.001) * perDoubling)));
}

function toUpperEdge(index: number): number {
  return 0.001 * 2 ** (index / perDoubling);
}
