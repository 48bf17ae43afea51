/** How often something was right against how sure it was: on the diagonal is honest; a larger point is more answers. */
import type { ReliabilityBin } from '../../../../machines/words/backtests.ts';

const side = 200;
const radius = { least: 3, most: 10 };
const ticks = [0, 0.5, 1];

interface ReliabilityChartProps {
  readonly bins: readonly ReliabilityBin[];
  /** The confidence that is looked at. */
  readonly mark: number;
}

export function ReliabilityChart({ bins, mark }: ReliabilityChartProps) {
  const filled = bins.filter(({ weight }) => weight > 0);
  const most = Math.max(1, ...filled.map(({ weight }) => weight));
  const told = filled.map(({ said, right }) => `said ${toPercent(said)}, right ${toPercent(right)}`);
  return (
    <figure className="reliability">
      <svg
        viewBox={`-34 -14 ${side + 50} ${side + 54}`}
        role="img"
        aria-label={told.join('; ') || 'no answers'}
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <line className="grid-line" x1="0" x2={side} y1={toY(tick)} y2={toY(tick)} />
            <line className="grid-line" y1="0" y2={side} x1={toX(tick)} x2={toX(tick)} />
            <text x={toX(tick)} y={side + 15} textAnchor="middle">
              {toPercent(tick)}
            </text>
            <text x="-6" y={toY(tick) + 4} textAnchor="end">
              {tick === 0 ? '' : toPercent(tick)}
            </text>
          </g>
        ))}
        <line className="honest" x1="0" y1={side} x2={side} y2="0" />
        <line className="here" x1={toX(mark)} x2={toX(mark)} y1="0" y2={side} />
        {filled.map(({ said, right, weight }) => (
          <circle
            key={said}
            className="point"
            cx={toX(said)}
            cy={toY(right)}
            r={radius.least + (radius.most - radius.least) * Math.sqrt(weight / most)}
          >
            <title>{`${Math.round(weight)} answers: said ${toPercent(said)}, right ${toPercent(right)}`}</title>
          </circle>
        ))}
        <text x={side / 2} y={side + 34} textAnchor="middle">
          how sure it was
        </text>
      </svg>
      <figcaption className="small soft">
        Up: how often it was right. On the dashed line is honest; the upright line is this procedure.
      </figcaption>
    </figure>
  );
}

const toX = (share: number): number => Math.min(1, Math.max(0, share)) * side;
const toY = (share: number): number => side - toX(share);
const toPercent = (share: number): string => `${Math.round(share * 100)} %`;
