/**
 * How long calls took, as a picture: half of them and 95 of 100 over time, and each that failed. The scale is
 * logarithmic, since calls take from a tenth of a millisecond to minutes. Only figures and our own words.
 */
import { toPlural } from '../terminal/durations.ts';
import type { PastCall } from '../top/past-calls.ts';
import { moveShapes, toGridLine, toHeading, toLegend, toWords } from './picture.ts';
import type { Disk, Line, Picture, Point, Shape } from './picture.ts';

const size = { width: 720, height: 300 } as const;
const margin = { left: 70, top: 64, right: 24, bottom: 50 } as const;
const colours = {
  half: '#2563eb',
  slow: '#d97706',
  failed: '#dc2626',
} as const;
/** Points of each line. */
const slots = 60;
/** Failures that are drawn; of more the newest. */
const failuresMax = 500;
const leastMs = 0.1;

export interface LatencyPlot {
  readonly calls: readonly PastCall[];
  readonly fromMs: number;
  readonly toMs: number;
}

interface Slot {
  readonly atMs: number;
  readonly half: number;
  readonly slow: number;
}

export function toLatencyPlot(plot: LatencyPlot): Picture {
  const width = margin.left + size.width + margin.right;
  const height = margin.top + size.height + margin.bottom;
  const shapes =
    plot.calls.length === 0
      ? [toWords([width / 2, height / 2], 'No call was made in this time.', 'middle')]
      : moveShapes([margin.left, margin.top], toBody(plot));
  return { title: 'How long calls took', width, height, shapes };
}

function toBody(plot: LatencyPlot): readonly Shape[] {
  const { calls, fromMs, toMs } = plot;
  const decades = toDecades(calls);
  const most = decades.at(-1) ?? 1;
  const toX = (atMs: number): number =>
    Math.min(1, Math.max(0, (atMs - fromMs) / (toMs - fromMs))) * size.width;
  const toY = (ms: number): number =>
    size.height - (Math.log10(Math.max(leastMs, ms) / leastMs) / Math.log10(most / leastMs)) * size.height;
  const all = calls.map(({ tookMs }) => tookMs).toSorted((one, other) => one - other);
  const found = toSlots(plot);
  const toLine = (pick: (slot: Slot) => number, colour: string): Line => ({
    kind: 'line',
    points: found.map((one): Point => [toX(one.atMs), toY(pick(one))]),
    colour,
    width: 1.8,
  });
  const failed = calls.filter((call) => call.failed);
  const toDisk = (at: Point, radius: number, colour: string, opacity: number): Disk => ({
    kind: 'disk',
    at,
    radius,
    colour,
    opacity,
  });
  return [
    toHeading([0, -42], `How long ${toPlural(calls.length, 'call')} took`),
    ...toLegend([0, -16], colours.half, `half: ${toMsText(pickShare(all, 0.5))}`),
    ...toLegend([150, -16], colours.slow, `95 of 100: ${toMsText(pickShare(all, 0.95))}`),
    ...toLegend([340, -16], colours.failed, `${failed.length} failed`),
    ...decades.flatMap((ms) => toTick(toY(ms), toMsText(ms))),
    toLine(({ slow }) => slow, colours.slow),
    toLine(({ half }) => half, colours.half),
    ...found.map(({ atMs, half }) => toDisk([toX(atMs), toY(half)], 2.4, colours.half, 1)),
    ...failed
      .slice(-failuresMax)
      .map(({ atMs, tookMs }) => toDisk([toX(atMs), toY(tookMs)], 3, colours.failed, 0.7)),
    toWords([0, size.height + 20], new Date(fromMs).toISOString().slice(0, 16).replace('T', ' '), 'start'),
    toWords([size.width, size.height + 20], `${new Date(toMs).toISOString().slice(11, 16)} UTC`, 'end'),
  ];
}

/** Powers of ten that hold all of it. */
function toDecades(calls: readonly PastCall[]): number[] {
  const most = Math.max(1, ...calls.map(({ tookMs }) => tookMs));
  const last = Math.ceil(Math.log10(most));
  return Array.from({ length: last + 2 }, (_, index) => 10 ** (index - 1));
}

function toSlots({ calls, fromMs, toMs }: LatencyPlot): Slot[] {
  const wide = (toMs - fromMs) / slots;
  const bySlot = new Map<number, number[]>();
  for (const { atMs, tookMs } of calls) {
    const at = Math.floor((atMs - fromMs) / wide);
    const took = bySlot.get(at) ?? [];
    took.push(tookMs);
    bySlot.set(at, took);
  }
  return [...bySlot]
    .toSorted(([one], [other]) => one - other)
    .map(([at, took]) => {
      const sorted = took.toSorted((one, other) => one - other);
      return {
        atMs: fromMs + (at + 0.5) * wide,
        half: pickShare(sorted, 0.5),
        slow: pickShare(sorted, 0.95),
      };
    });
}

function pickShare(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function toTick(y: number, text: string): readonly Shape[] {
  return [toGridLine([0, y], [size.width, y]), toWords([-8, y + 4], text, 'end')];
}

function toMsText(ms: number): string {
  if (ms >= 1_000) return `${Number((ms / 1_000).toPrecision(2))} s`;
  return `${Number(ms.toPrecision(2))} ms`;
}
