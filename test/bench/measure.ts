/** What a bench reports: named figures with unit, direction and target, and the table people read. */

export interface Measure {
  /** Stable: bench, case, figure, as in `gateway.c32.p95_ms`. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  readonly target?: number;
  readonly reached?: boolean;
}

export interface BenchOptions {
  readonly files: readonly string[];
  /** Fewer repetitions: to see that a bench works, not to quote it. */
  readonly quick: boolean;
  /** Beside other gateways, which are installed for it. */
  readonly peers?: boolean;
  /** Rows in the tables, where a bench fills some. */
  readonly rows?: number;
  /** Of these, the rows of the biggest namespace. */
  readonly big?: number;
  /** Whether what was imported is asked for through a real node as well. */
  readonly served?: boolean;
}

export interface Bench {
  readonly name: string;
  readonly about: string;
  run(options: BenchOptions): Promise<Measure[]>;
}

/** A figure; whether its target is reached follows from the direction. */
export function measure(
  name: string,
  value: number,
  unit: string,
  better: Measure['better'],
  target?: number,
): Measure {
  if (target === undefined) return { name, value, unit, better };
  return {
    name,
    value,
    unit,
    better,
    target,
    reached: better === 'lower' ? value <= target : value >= target,
  };
}

/** The q-quantile of numbers in any order; NaN of none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** One line a measure. */
export function toTable(measures: readonly Measure[]): string {
  const width = Math.max(...measures.map((one) => one.name.length), 10);
  const lines = measures.map((one) => {
    const target =
      one.target === undefined
        ? ''
        : `  ${one.better === 'lower' ? '≤' : '≥'} ${one.target} ${one.reached === true ? 'reached' : 'MISSED'}`;
    return `${one.name.padEnd(width)}  ${toFigure(one.value).padStart(12)} ${one.unit}${target}`;
  });
  return `${lines.join('\n')}\n`;
}

function toFigure(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(3);
}
