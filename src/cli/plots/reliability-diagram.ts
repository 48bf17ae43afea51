/**
 * The reliability diagram of a backtest as a picture: how often something was right against how far it was
 * believed. Points on the diagonal are honest; the larger a point, the more answers. Only figures and our own words.
 */
import { toPlural } from '../terminal/durations.ts';
import type { BacktestAnswer, CardView } from '../views/backtest-view.ts';
import { moveShapes, toGridLine, toHeading, toLegend, toWords } from './picture.ts';
import type { Disk, Line, Picture, Point, Shape } from './picture.ts';

const side = 300;
const margin = { left: 58, top: 74, right: 26, bottom: 58 } as const;
const panelWidth = margin.left + side + margin.right;
const radius = { least: 2.5, most: 11 } as const;
const colours = { nextSteps: '#2563eb', procedures: '#d97706' } as const;
const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1] as const;

type Bins = CardView['reliability']['procedures'];

/** One panel for each way of splitting the history. */
export function toReliabilityDiagram({ cards }: Pick<BacktestAnswer, 'cards'>): Picture {
  const width = panelWidth * Math.max(1, cards.length);
  const height = margin.top + side + margin.bottom;
  const shapes =
    cards.length === 0
      ? [toWords([width / 2, height / 2], 'The history is too short to say anything.', 'middle')]
      : cards.flatMap((card, at) => moveShapes([at * panelWidth + margin.left, margin.top], toPanel(card)));
  return { title: 'Reliability diagram', width, height, shapes };
}

function toPanel({ split, scores, reliability }: CardView): readonly Shape[] {
  const { nextSteps, procedures } = colours;
  const title = split === 'time' ? 'Past teaches, newer part asked' : 'No task on both sides';
  return [
    toHeading([0, -52], title),
    ...toLegend([0, -30], nextSteps, `next steps, gap ${toFixed(scores['next_ece'])}`),
    ...toLegend([0, -12], procedures, `procedures (F1), gap ${toFixed(scores['sop_ece'])}`),
    ...ticks.flatMap(toTick),
    toLine(
      [
        [0, side],
        [side, 0],
      ],
      '#9ca3af',
      1,
      true,
    ),
    ...toSeries(reliability.procedures, procedures),
    ...toSeries(reliability.next_steps, nextSteps),
    toWords([side / 2, side + 40], 'confidence', 'middle'),
    toWords([-40, side / 2], 'how often right', 'middle', true),
  ];
}

function toTick(value: number): readonly Shape[] {
  const place = value * side;
  return [
    toGridLine([0, side - place], [side, side - place]),
    toGridLine([place, 0], [place, side]),
    toWords([place, side + 18], value.toFixed(1), 'middle'),
    toWords([-8, side - place + 4], value.toFixed(1), 'end'),
  ];
}

function toSeries(bins: Bins, colour: string): readonly Shape[] {
  const filled = bins.filter(({ weight }) => weight > 0);
  const most = Math.max(1, ...filled.map(({ weight }) => weight));
  const disks = filled.map(({ said, right, weight }): Disk => ({
    kind: 'disk',
    at: [toPlace(said), side - toPlace(right)],
    radius: radius.least + (radius.most - radius.least) * Math.sqrt(weight / most),
    colour,
    opacity: 0.7,
    note: toPlural(weight, 'answer'),
  }));
  const points = disks.map(({ at }) => at);
  return points.length === 0 ? [] : [toLine(points, colour, 1.5), ...disks];
}

const toLine = (points: readonly Point[], colour: string, width: number, dashed = false): Line => ({
  kind: 'line',
  points,
  colour,
  width,
  dashed,
});

const toPlace = (share: number) => Math.min(1, Math.max(0, share)) * side;

const toFixed = (value: number | undefined) => (value ?? 0).toFixed(3);
