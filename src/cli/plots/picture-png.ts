/** A picture as PNG, drawn here: it needs no font and no program of the machine. */
import { crc32, deflateSync } from 'node:zlib';
import { createCanvas } from './canvas.ts';
import type { Canvas, Stroke } from './canvas.ts';
import { ink } from './picture.ts';
import type { Line, Picture, Point, Shape, Words } from './picture.ts';
import { toStrokes } from './stroke-font.ts';

/** Pixels for each unit of a picture: sharp on today's screens. */
const scale = 2;
/** Half of a pen's breadth, of the size of its letters. */
const pen = { plain: 0.048, bold: 0.075 } as const;
const dash = 4;

export function toPng({ title, width, height, shapes }: Picture): Buffer {
  const canvas = createCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
  for (const shape of shapes) draw(canvas, shape);
  return encode(canvas, title);
}

function draw(canvas: Canvas, shape: Shape): void {
  if (shape.kind === 'disk')
    return canvas.draw([toScale([shape.at], shape.radius)], shape.colour, shape.opacity);
  if (shape.kind === 'words') return canvas.draw(toWritten(shape), ink, 1);
  const lines = shape.dashed === true ? toDashes(shape) : [shape.points];
  canvas.draw(
    lines.map((points) => toScale(points, shape.width / 2)),
    shape.colour,
    1,
  );
}

const toScale = (points: readonly Point[], radius: number): Stroke => ({
  points: points.map(([x, y]): Point => [x * scale, y * scale]),
  radius: radius * scale,
});

function toWritten({ at, text, size, anchor, bold = false, upwards = false }: Words): readonly Stroke[] {
  const { strokes, width } = toStrokes(text, size);
  const back = anchor === 'start' ? 0 : anchor === 'middle' ? width / 2 : width;
  const place = ([x, y]: Point): Point =>
    upwards ? [at[0] + y, at[1] - (x - back)] : [at[0] + x - back, at[1] + y];
  return strokes.map((points) => toScale(points.map(place), size * (bold ? pen.bold : pen.plain)));
}

function toDashes({ points }: Line): readonly (readonly Point[])[] {
  return points.slice(1).flatMap((to, index) => {
    const from = points[index] ?? to;
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const along = (way: number): Point => {
      const share = Math.min(1, way / length);
      return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
    };
    return Array.from({ length: Math.ceil(length / (2 * dash)) }, (_, at) => [
      along(at * 2 * dash),
      along(at * 2 * dash + dash),
    ]);
  });
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** 8 bits each of red, green and blue; deflate, filters by row, rows in order. */
const format = [8, 2, 0, 0, 0];
const dotsPerMetre = Math.round((96 * scale) / 0.0254);

function encode({ width, height, pixels }: Canvas, title: string): Buffer {
  const rowBytes = width * 3;
  // Each row begins with the number of its filter: none.
  const rows = Buffer.alloc((rowBytes + 1) * height);
  for (let row = 0; row < height; row += 1)
    rows.set(pixels.subarray(row * rowBytes, (row + 1) * rowBytes), row * (rowBytes + 1) + 1);
  return Buffer.concat([
    signature,
    toChunk('IHDR', Buffer.concat([toUint32(width), toUint32(height), Buffer.from(format)])),
    toChunk('pHYs', Buffer.concat([toUint32(dotsPerMetre), toUint32(dotsPerMetre), Buffer.from([1])])),
    toChunk('tEXt', Buffer.from(`Title\0${title}`, 'latin1')),
    toChunk('IDAT', deflateSync(rows, { level: 9 })),
    toChunk('IEND', Buffer.alloc(0)),
  ]);
}

function toChunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  return Buffer.concat([toUint32(data.length), body, toUint32(crc32(body))]);
}

function toUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
