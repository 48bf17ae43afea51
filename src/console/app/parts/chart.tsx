/** Calls and their times over the last ten minutes, as two small pictures with a sentence for those who cannot see them. */
import { bucketMs, bucketsMax } from '../node/live.store.ts';
import type { Bucket } from '../node/live.store.ts';
import { toMs } from './shown-text.ts';

const [width, height] = [600, 110];
const slot = width / bucketsMax;

interface ChartProps {
  readonly buckets: readonly Bucket[];
  /** The end of the picture; its beginning lies ten minutes before. */
  readonly now: number;
}

const toX = (at: number, now: number): number => width - ((now - at) / bucketMs) * slot;
const isShown = ({ at }: Bucket, now: number): boolean => at > now - bucketsMax * bucketMs;

/** Calls each five seconds; what failed stands in red. */
export function CallsChart({ buckets, now }: ChartProps) {
  const shown = buckets.filter((bucket) => isShown(bucket, now));
  const most = Math.max(5, ...shown.map(({ calls }) => calls));
  const total = shown.reduce((sum, { calls }) => sum + calls, 0);
  return (
    <figure className="chart">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${total} calls in the last ten minutes`}
      >
        <line className="axis" x1="0" x2={width} y1={height} y2={height} />
        {shown.map(({ at, calls, failed }) => {
          const tall = (calls / most) * height;
          const red = (failed / most) * height;
          const x = toX(at, now);
          return (
            <g key={at}>
              <rect className="bar" x={x} width={slot * 0.8} y={height - tall} height={tall - red} rx="1" />
              <rect className="bar bad" x={x} width={slot * 0.8} y={height - red} height={red} rx="1" />
            </g>
          );
        })}
      </svg>
      <figcaption>
        <span>10 min ago</span>
        <span>highest {(most / (bucketMs / 1_000)).toFixed(1)} calls/s</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

/** The middle and the slow end of how long calls took. */
export function TimesChart({ buckets, now }: ChartProps) {
  const shown = buckets.filter((bucket) => isShown(bucket, now) && bucket.times.length > 0);
  const points = shown.map(({ at, times }) => ({
    x: toX(at, now) + slot / 2,
    half: quantile(times, 0.5),
    slow: quantile(times, 0.95),
  }));
  const most = Math.max(10, ...points.map(({ slow }) => slow));
  const toPath = (pick: (point: (typeof points)[number]) => number): string =>
    points
      .map((point) => `${point.x.toFixed(1)},${(height - (pick(point) / most) * height).toFixed(1)}`)
      .join(' ');
  return (
    <figure className="chart">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Calls took up to ${toMs(most)}`}
      >
        <line className="axis" x1="0" x2={width} y1={height} y2={height} />
        <polyline className="line second" points={toPath(({ slow }) => slow)} />
        <polyline className="line" points={toPath(({ half }) => half)} />
        {points.map(({ x, half }) => (
          <rect
            key={x}
            className="bar"
            x={x - 2}
            y={height - (half / most) * height - 2}
            width="4"
            height="4"
            rx="2"
          />
        ))}
      </svg>
      <figcaption>
        <span>10 min ago</span>
        <span>top {toMs(most)} · line: half of the calls, dashed: 95 %</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}

/** A quantile of some times; 0 of none. */
export function quantile(times: readonly number[], fraction: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
}
