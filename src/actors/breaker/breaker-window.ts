/**
 * A breaker's counters: the last n calls, or the last n seconds in buckets of one second. Plain arithmetic on the
 * hot path; it knows no states and sends nothing.
 */
import type { BreakerSettings } from './breaker-config.ts';

/** What a window holds now. */
export interface WindowCounts {
  buffered: number;
  failed: number;
  slow: number;
}

/** Counts results until they fall out of the window. */
export interface BreakerWindow {
  record(failed: boolean, slow: boolean, nowMs: number): void;
  /** The counts now; the object is reused, so read it at once. */
  counts(nowMs: number): Readonly<WindowCounts>;
  clear(): void;
}

/** The window a breaker's settings ask for. */
export function createWindow(settings: BreakerSettings): BreakerWindow {
  return settings.windowType === 'time'
    ? createTimeWindow(settings.windowSize)
    : createCountWindow(settings.windowSize);
}

const failedBit = 1;
const slowBit = 2;

/** The last `size` results. */
export function createCountWindow(size: number): BreakerWindow {
  const ring = new Uint8Array(size);
  const counts: WindowCounts = { buffered: 0, failed: 0, slow: 0 };
  let next = 0;
  return {
    record(failed, slow) {
      if (counts.buffered === size) {
        const oldest = ring[next] ?? 0;
        counts.failed -= oldest & failedBit;
        counts.slow -= (oldest & slowBit) >> 1;
      } else counts.buffered += 1;
      ring[next] = (failed ? failedBit : 0) | (slow ? slowBit : 0);
      if (failed) counts.failed += 1;
      if (slow) counts.slow += 1;
      next = next + 1 === size ? 0 : next + 1;
    },
    counts: () => counts,
    clear() {
      next = 0;
      setCounts(counts, 0, 0, 0);
    },
  };
}

interface Bucket extends WindowCounts {
  second: number;
}

/** The last `seconds` seconds; the bucket of second s is live at T while floor(T) - s < seconds. */
export function createTimeWindow(seconds: number): BreakerWindow {
  const ring: (Bucket | undefined)[] = Array.from({ length: seconds });
  const counts: WindowCounts = { buffered: 0, failed: 0, slow: 0 };
  /** Buckets up to this second are already taken out of the counts. */
  let newest = -Infinity;

  const advance = (second: number): void => {
    if (second <= newest) return;
    if (second - newest >= seconds) setCounts(counts, 0, 0, 0);
    else for (let s = newest + 1; s <= second; s += 1) drop(counts, ring[toPlace(s, seconds)], s - seconds);
    newest = second;
  };

  return {
    record(failed, slow, nowMs) {
      // Time only goes forward: a clock that steps back counts into the newest second.
      const second = Math.max(Math.floor(nowMs / 1_000), newest);
      advance(second);
      const bucket = bucketOf(ring, second, seconds);
      add(bucket, failed, slow);
      add(counts, failed, slow);
    },
    counts(nowMs) {
      advance(Math.floor(nowMs / 1_000));
      return counts;
    },
    clear() {
      ring.fill(undefined);
      setCounts(counts, 0, 0, 0);
    },
  };
}

function bucketOf(ring: (Bucket | undefined)[], second: number, seconds: number): Bucket {
  const place = toPlace(second, seconds);
  const found = ring[place];
  if (found?.second === second) return found;
  const fresh: Bucket = { second, buffered: 0, failed: 0, slow: 0 };
  ring[place] = fresh;
  return fresh;
}

/** Also right for seconds before zero: a time line may begin anywhere. */
function toPlace(second: number, seconds: number): number {
  return ((second % seconds) + seconds) % seconds;
}

function drop(counts: WindowCounts, bucket: Bucket | undefined, second: number): void {
  if (bucket?.second !== second) return;
  counts.buffered -= bucket.buffered;
  counts.failed -= bucket.failed;
  counts.slow -= bucket.slow;
}

function add(counts: WindowCounts, failed: boolean, slow: boolean): void {
  counts.buffered += 1;
  if (failed) counts.failed += 1;
  if (slow) counts.slow += 1;
}

function setCounts(counts: WindowCounts, buffered: number, failed: number, slow: number): void {
  counts.buffered = buffered;
  counts.failed = failed;
  counts.slow = slow;
}
