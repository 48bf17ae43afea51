/** What a plot is made of, however it is drawn: lines, disks and words on white. It knows no file format. */

/** A place: right and down from the upper left corner. */
export type Point = readonly [x: number, y: number];

export interface Line {
  readonly kind: 'line';
  readonly points: readonly Point[];
  readonly colour: string;
  readonly width: number;
  readonly dashed?: boolean;
}

export interface Disk {
  readonly kind: 'disk';
  readonly at: Point;
  readonly radius: number;
  readonly colour: string;
  /** From 0, not seen, to 1. */
  readonly opacity: number;
  /** Shown where one points at it; on paper it is not seen. */
  readonly note?: string;
}

export interface Words {
  readonly kind: 'words';
  /** Of their baseline. */
  readonly at: Point;
  readonly text: string;
  readonly size: number;
  readonly anchor: 'start' | 'middle' | 'end';
  readonly bold?: boolean;
  /** Read from below to above. */
  readonly upwards?: boolean;
}

export type Shape = Line | Disk | Words;

export interface Picture {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** The later lie on the earlier. */
  readonly shapes: readonly Shape[];
}

export const ink = '#1f2937';
export const gridColour = '#d1d5db';

const size = { plain: 12, heading: 15 } as const;

export function toWords(at: Point, text: string, anchor: Words['anchor'], upwards = false): Words {
  return { kind: 'words', at, text, anchor, size: size.plain, upwards };
}

export function toHeading(at: Point, text: string): Words {
  return { kind: 'words', at, text, anchor: 'start', size: size.heading, bold: true };
}

export function toGridLine(from: Point, to: Point): Line {
  return { kind: 'line', points: [from, to], colour: gridColour, width: 1 };
}

/** A dot and what it stands for. */
export function toLegend([x, y]: Point, colour: string, text: string): readonly Shape[] {
  return [
    { kind: 'disk', at: [x + 5, y - 4], radius: 5, colour, opacity: 1 },
    toWords([x + 16, y], text, 'start'),
  ];
}

/** The same shapes elsewhere. */
export function moveShapes([right, down]: Point, shapes: readonly Shape[]): readonly Shape[] {
  const move = ([x, y]: Point): Point => [x + right, y + down];
  return shapes.map((shape) =>
    shape.kind === 'line' ? { ...shape, points: shape.points.map(move) } : { ...shape, at: move(shape.at) },
  );
}
