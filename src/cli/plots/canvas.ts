/**
 * A sheet of pixels and a round pen. How much of a pixel the pen covers follows from how far its middle lies from the
 * stroke, which makes smooth edges without drawing larger first.
 */
import type { Point } from './picture.ts';

export interface Stroke {
  readonly points: readonly Point[];
  readonly radius: number;
}

export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel, row by row. */
  readonly pixels: Uint8Array;
  /** Draws strokes as one shape: where they meet it is not darker. */
  draw(strokes: readonly Stroke[], colour: string, opacity: number): void;
}

/** A white sheet. */
export function createCanvas(width: number, height: number): Canvas {
  const pixels = new Uint8Array(width * height * 3).fill(255);
  const covered = new Float32Array(width * height);
  return {
    width,
    height,
    pixels,
    draw(strokes, colour, opacity) {
      const [red, green, blue] = toRgb(colour);
      const touched: number[] = [];
      for (const { points, radius } of strokes)
        for (const [from, to] of toSegments(points))
          cover({ covered, width, height }, touched, { from, to, radius });
      for (const at of touched) {
        const share = (covered[at] ?? 0) * opacity;
        covered[at] = 0;
        blend(pixels, at * 3, red, share);
        blend(pixels, at * 3 + 1, green, share);
        blend(pixels, at * 3 + 2, blue, share);
      }
    },
  };
}

interface Segment {
  readonly from: Point;
  readonly to: Point;
  readonly radius: number;
}

/** A single point is a dot. */
function toSegments(points: readonly Point[]): readonly (readonly [Point, Point])[] {
  return points.flatMap((from, at) => {
    const to = points[at + 1] ?? (points.length === 1 ? from : undefined);
    return to === undefined ? [] : [[from, to] as const];
  });
}

function cover(
  sheet: { readonly covered: Float32Array; readonly width: number; readonly height: number },
  touched: number[],
  { from, to, radius }: Segment,
): void {
  const { covered, width, height } = sheet;
  const reach = radius + 1;
  const least = (axis: 0 | 1): number => Math.max(0, Math.floor(Math.min(from[axis], to[axis]) - reach));
  const most = (axis: 0 | 1, end: number): number =>
    Math.min(end - 1, Math.ceil(Math.max(from[axis], to[axis]) + reach));
  for (let y = least(1); y <= most(1, height); y += 1) {
    for (let x = least(0); x <= most(0, width); x += 1) {
      const share = Math.min(1, radius + 0.5 - toDistance([x + 0.5, y + 0.5], from, to));
      const at = y * width + x;
      const before = covered[at] ?? 0;
      if (share <= before) continue;
      if (before === 0) touched.push(at);
      covered[at] = share;
    }
  }
}

/** From a point to the nearest of a segment. */
function toDistance([x, y]: Point, from: Point, to: Point): number {
  const [wide, tall] = [to[0] - from[0], to[1] - from[1]];
  const length = wide * wide + tall * tall;
  const along = length === 0 ? 0 : ((x - from[0]) * wide + (y - from[1]) * tall) / length;
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(x - from[0] - share * wide, y - from[1] - share * tall);
}

function blend(pixels: Uint8Array, at: number, to: number, share: number): void {
  const before = pixels[at] ?? 255;
  pixels[at] = Math.round(before + (to - before) * share);
}

/** Of `#rrggbb`. */
function toRgb(colour: string): readonly [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}
