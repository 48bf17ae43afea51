/**
 * The reliability diagram of a backtest as an SVG of its own: how often something was right against how far it was
 * believed. Points on the diagonal are honest; the larger a point, the more answers. Only figures and our own words.
 */
import type { BacktestAnswer, CardView } from './backtest-view.ts';

const side = 300;
const margin = { left: 58, top: 74, right: 26, bottom: 58 } as const;
const panelWidth = margin.left + side + margin.right;
const radius = { least: 2.5, most: 11 } as const;
const colours = { nextSteps: '#2563eb', procedures: '#d97706', grid: '#e5e7eb', ink: '#1f2937' } as const;
const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1] as const;

type Bins = CardView['reliability']['procedures'];

/** One panel for each way of splitting the history. */
export function toReliabilityDiagram({ cards }: Pick<BacktestAnswer, 'cards'>): string {
  const width = panelWidth * Math.max(1, cards.length);
  const height = margin.top + side + margin.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `font-family="system-ui, sans-serif" font-size="12" fill="${colours.ink}">`,
    '<title>Reliability diagram</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...(cards.length === 0
      ? [text(width / 2, height / 2, 'The history is too short to say anything.', 'middle')]
      : cards.map(toPanel)),
    '</svg>',
    '',
  ].join('\n');
}

function toPanel(card: CardView, at: number): string {
  const { nextSteps, procedures } = colours;
  const title = card.split === 'time' ? 'Past teaches, newer part asked' : 'No task on both sides';
  return [
    `<g transform="translate(${at * panelWidth + margin.left} ${margin.top})">`,
    `<text x="0" y="-52" font-size="15" font-weight="600">${title}</text>`,
    toLegend(0, -30, nextSteps, `next steps, gap ${toFixed(card.scores['next_ece'])}`),
    toLegend(0, -12, procedures, `procedures (F1), gap ${toFixed(card.scores['sop_ece'])}`),
    ...ticks.map(toTick),
    `<line x1="0" y1="${side}" x2="${side}" y2="0" stroke="${colours.ink}" stroke-dasharray="4 4" opacity="0.5"/>`,
    toSeries(card.reliability.procedures, procedures),
    toSeries(card.reliability.next_steps, nextSteps),
    text(side / 2, side + 40, 'confidence', 'middle'),
    `<text transform="translate(-40 ${side / 2}) rotate(-90)" text-anchor="middle">how often right</text>`,
    '</g>',
  ].join('\n');
}

function toTick(value: number): string {
  const place = value * side;
  const line = (x1: number, y1: number, x2: number, y2: number) =>
    `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colours.grid}"/>`;
  return [
    line(0, side - place, side, side - place),
    line(place, 0, place, side),
    text(place, side + 18, value.toFixed(1), 'middle'),
    text(-8, side - place + 4, value.toFixed(1), 'end'),
  ].join('');
}

function toSeries(bins: Bins, colour: string): string {
  const filled = bins.filter(({ weight }) => weight > 0);
  const most = Math.max(1, ...filled.map(({ weight }) => weight));
  const points = filled.map(({ said, right, weight }) => ({
    x: toPlace(said),
    y: side - toPlace(right),
    r: radius.least + (radius.most - radius.least) * Math.sqrt(weight / most),
    weight,
  }));
  const line = points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  return [
    `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
    ...points.map(
      ({ x, y, r, weight }) =>
        `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${r.toFixed(1)}" fill="${colour}" fill-opacity="0.7">` +
        `<title>${Math.round(weight)} answers</title></circle>`,
    ),
  ].join('');
}

const toPlace = (share: number) => Math.min(1, Math.max(0, share)) * side;

function toLegend(x: number, y: number, colour: string, words: string): string {
  return `<circle cx="${x + 5}" cy="${y - 4}" r="5" fill="${colour}"/>${text(x + 16, y, words, 'start')}`;
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${words}</text>`;
}

const toFixed = (value: number | undefined) => (value ?? 0).toFixed(3);
