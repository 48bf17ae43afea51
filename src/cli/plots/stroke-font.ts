/**
 * Letters as strokes of a pen, for pictures on machines without any font. Of what is not in here a box is drawn.
 *
 * Each glyph is a list of strokes, each stroke a list of points of two digits (base 14): across, and up, with the baseline
 * at 3, small letters to 9 and capitals to 12. `~` rounds a stroke's corners, `@` closes it as well.
 */
import type { Point } from './picture.ts';

const glyphs: Readonly<Record<string, string>> = {
  '0': '@03636c0c',
  '1': '1a3c33',
  '2': '~0a0c6c6803 0363',
  '3': '~0b0c6c6828 ~2868630305',
  '4': '434c0666',
  '5': '5c0c08 ~083969630305',
  '6': '~5c0b0363680805',
  '7': '0c6c23',
  '8': '@0c6c6808 @08686303',
  '9': '~13646c0c07676a',
  a: '@03636909 6963',
  b: '0c03 @03636909',
  c: '~686909036364',
  d: '6c63 @03636909',
  e: '0666 ~666909036364',
  f: '~4c1c1913 0939',
  g: '@03636909 ~69600001',
  h: '0c03 ~06096963',
  i: '0903 0c0c',
  j: '~292000 2c2c',
  k: '0c03 5905 2763',
  l: '0c03',
  m: '0903 ~06094943 ~46498983',
  n: '0903 ~06096963',
  o: '@03636909',
  p: '0900 @03636909',
  q: '6960 @03636909',
  r: '0903 ~060949',
  s: '~5859090656530304',
  t: '~1b1343 0939',
  u: '~09036369 6963',
  v: '093369',
  w: '0923496389',
  x: '0963 0369',
  y: '0933 6910',
  z: '09690363',
  A: '033c63 1656',
  B: '0c03 ~0c6c6808 ~08686303',
  C: '~6a6c0c036365',
  D: '0c03 ~0c6c6303',
  E: '6c0c0363 0858',
  F: '6c0c03 0858',
  G: '~6a6c0c036367 6737',
  H: '0c03 6c63 0868',
  I: '0c03',
  J: '~4c430305',
  K: '0c03 6c07 2863',
  L: '0c0363',
  M: '030c458c83',
  N: '030c636c',
  O: '@03737c0c',
  P: '0c03 ~0c6c6707',
  Q: '@03737c0c 4673',
  R: '0c03 ~0c6c6707 3763',
  S: '~6a6c0c0868630305',
  T: '0c6c 3c33',
  U: '~0c03636c',
  V: '0c336c',
  W: '0c234c638c',
  X: '0c63 036c',
  Y: '0c376c 3733',
  Z: '0c6c0363',
  '.': '0303',
  ',': '1301',
  ':': '0303 0808',
  '-': '0747',
  '+': '0767 3a34',
  '=': '0868 0565',
  '/': '024d',
  '%': '7c03 @09393c0c @43737646',
  '(': '~2d0a0522',
  ')': '~0d2a2502',
};
const unknown = '03636c0c03';
/** Of a letter's size: one step across or up, the room between two letters, and a space. */
const step = 0.08;
const gap = 2.6;
const space = 4;
const baseline = 3;
const roundings = 3;

interface Written {
  readonly strokes: readonly (readonly Point[])[];
  readonly width: number;
}

/** The strokes of a line of text whose baseline begins at 0, 0, and how wide it is. */
export function toStrokes(text: string, size: number): Written {
  const unit = size * step;
  const strokes: (readonly Point[])[] = [];
  let across = 0;
  for (const letter of text) {
    if (letter === ' ') {
      across += space;
      continue;
    }
    const found = (glyphs[letter] ?? unknown).split(' ').map(toStroke);
    for (const stroke of found)
      strokes.push(stroke.map(([x, y]) => [(across + x) * unit, (baseline - y) * unit]));
    across += Math.max(...found.flat().map(([x]) => x)) + gap;
  }
  return { strokes, width: Math.max(0, across - gap) * unit };
}

function toStroke(written: string): readonly Point[] {
  const points = [...written.replace(/^[~@]/, '').matchAll(/../g)].map(([pair]): Point => [
    Number.parseInt(pair.charAt(0), 14),
    Number.parseInt(pair.charAt(1), 14),
  ]);
  if (written.startsWith('~')) return roundOff(points, false);
  return written.startsWith('@') ? roundOff(points, true) : points;
}

/** Cuts the corners off (Chaikin), some times: the ends of an open stroke stay where they are. */
function roundOff(points: readonly Point[], closed: boolean): readonly Point[] {
  let now = points;
  for (let turn = 0; turn < roundings; turn += 1) {
    const sides = now.flatMap((from, at): Point[] => {
      const to = now[at + 1] ?? (closed ? now[0] : undefined);
      return to === undefined ? [] : [between(from, to, 0.25), between(from, to, 0.75)];
    });
    now = closed ? sides : [...now.slice(0, 1), ...sides.slice(1, -1), ...now.slice(-1)];
  }
  return closed ? [...now, ...now.slice(0, 1)] : now;
}

const between = ([x, y]: Point, to: Point, share: number): Point => [
  x + (to[0] - x) * share,
  y + (to[1] - y) * share,
];
