/** Plots as files: what PNG holds, pixel by pixel; which endings are taken, and that others are refused at once. */
import { assert, double, property, string } from 'fast-check';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, inflateSync } from 'node:zlib';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { toPng } from '../../../src/cli/plots/picture-png.ts';
import { toSvg } from '../../../src/cli/plots/picture-svg.ts';
import { ink, toWords } from '../../../src/cli/plots/picture.ts';
import type { Picture, Shape } from '../../../src/cli/plots/picture.ts';
import { toStrokes } from '../../../src/cli/plots/stroke-font.ts';
import { cli } from '../../support/run-cli.ts';
import { startSmallNode } from '../../support/small-node.ts';
import type { Route, SmallNode } from '../../support/small-node.ts';
import { temporaryFolder } from '../../support/temporary.ts';

let node: SmallNode | undefined;
afterEach(() => node?.close());

const sheet = (...shapes: readonly Shape[]): Picture => ({ title: 'A sheet', width: 40, height: 30, shapes });

/** Reads a PNG as its standard says; a chunk with a wrong sum, or data of a wrong length, fails. */
function readPng(png: Buffer) {
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.set(body.subarray(0, 4).toString('latin1'), body.subarray(4));
    at += 12 + length;
  }
  expect([...chunks.keys()].at(-1)).toBe('IEND');
  const head = chunks.get('IHDR') ?? Buffer.alloc(13);
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
  expect(rows.length).toBe(height * (width * 3 + 1));
  const pixel = (x: number, y: number): string =>
    `#${rows.subarray(y * (width * 3 + 1) + 1 + x * 3, y * (width * 3 + 1) + 4 + x * 3).toString('hex')}`;
  return { width, height, pixel, title: chunks.get('tEXt')?.toString('latin1') };
}

describe('PNG', () => {
  it('is white, twice as fine, and says what it is', () => {
    const { width, height, pixel, title } = readPng(toPng(sheet()));
    expect([width, height, title]).toEqual([80, 60, 'Title\0A sheet']);
    expect([pixel(0, 0), pixel(79, 59)]).toEqual(['#ffffff', '#ffffff']);
  });

  it('draws a disk, a line and its gaps where they are, the later above', () => {
    const { pixel } = readPng(
      toPng(
        sheet(
          {
            kind: 'line',
            points: [
              [0, 10],
              [40, 10],
            ],
            colour: '#00ff00',
            width: 2,
            dashed: true,
          },
          { kind: 'disk', at: [20, 20], radius: 5, colour: '#ff0000', opacity: 1 },
          { kind: 'disk', at: [20, 20], radius: 2, colour: '#0000ff', opacity: 0.5 },
        ),
      ),
    );
    expect(pixel(40, 40)).toBe('#800080');
    expect(pixel(46, 40)).toBe('#ff0000');
    expect(pixel(52, 40)).toBe('#ffffff');
    // Dashes and gaps of four each, and round ends that reach one into a gap.
    expect([pixel(4, 20), pixel(12, 20), pixel(20, 20)]).toEqual(['#00ff00', '#ffffff', '#00ff00']);
  });

  it('does not darken where a half-seen line meets itself', () => {
    const line: Shape = {
      kind: 'line',
      points: [
        [5, 15],
        [20, 15],
        [35, 15],
      ],
      colour: '#000000',
      width: 0.5,
    };
    const { pixel } = readPng(toPng(sheet(line)));
    expect(pixel(40, 30)).toBe(pixel(30, 30));
  });

  it('writes words without any font, at whichever end they are held', () => {
    const inked = (anchor: 'start' | 'middle' | 'end', upwards = false) => {
      const { pixel } = readPng(toPng(sheet(toWords([20, 15], 'lll', anchor, upwards))));
      const found: (readonly [number, number])[] = [];
      for (let y = 0; y < 60; y += 1)
        for (let x = 0; x < 80; x += 1) if (pixel(x, y) === ink) found.push([x, y]);
      const middle = (axis: 0 | 1): number => found.reduce((sum, one) => sum + one[axis], 0) / found.length;
      return [middle(0), middle(1)] as const;
    };
    expect(inked('start')[0]).toBeGreaterThan(41);
    expect(inked('end')[0]).toBeLessThan(39);
    expect(Math.abs(inked('middle')[0] - 40)).toBeLessThan(1);
    // Read from below: what stood above its baseline stands left of it.
    const [across, down] = inked('middle', true);
    expect(across).toBeLessThan(36);
    expect(Math.abs(down - 30)).toBeLessThan(1);
  });

  it('has a glyph of its own for every letter and digit, and a box for the rest', () => {
    const toShape = (letter: string): string => JSON.stringify(toStrokes(letter, 12).strokes);
    const known = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ123456789.,:-+=/%()'];
    const shapes = new Set(known.map(toShape));
    shapes.add(toShape('€'));
    // `l` and `I` are both one stroke, but not of one height.
    expect(shapes.size).toBe(known.length + 1 - (toShape('l') === toShape('I') ? 1 : 0));
  });

  it('survives any words and any place', () => {
    assert(
      property(
        string({ unit: 'binary', maxLength: 20 }),
        double({ noNaN: true, min: -1e4, max: 1e4 }),
        (text, x) => {
          readPng(toPng(sheet(toWords([x, 15], text, 'end'))));
        },
      ),
      { numRuns: 30 },
    );
  });
});

it('keeps words words in SVG', () => {
  const svg = toSvg(sheet(toWords([1, 1], '<script>&"', 'start')));
  expect(svg).toContain('>&lt;script&gt;&amp;"</text>');
});

describe('--plot', () => {
  const stored: Route = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const at = new Date(Date.now() - 60_000).toISOString();
    const event = {
      type: 'call.finished',
      at,
      data: { durationMs: 20 },
      actor: { kind: 'session', id: 's-1' },
    };
    res.end(
      `data: ${JSON.stringify({ id: 'v-1', namespace: 'default', version: 1, ...event })}\n\n: that is all\n\n`,
    );
  };

  async function newFolder(): Promise<string> {
    const folder = await temporaryFolder();
    onTestFinished(() => folder.remove());
    return folder.path;
  }

  it.each(['status', 'top'])('draws calls for drey %s as PNG', async (command) => {
    node = await startSmallNode({ routes: { 'GET /api/v1/events': stored } });
    const file = join(await newFolder(), 'latency.PNG');
    const { code, out } = await cli([command, '--plot', file, '--url', node.url]);
    expect([code, out]).toEqual([0, `How long 1 call took is in ${file}.\n`]);
    expect(readPng(await readFile(file)).title).toBe('Title\0How long calls took');
  });

  it('says in JSON what it drew', async () => {
    node = await startSmallNode({ routes: { 'GET /api/v1/events': stored } });
    const file = join(await newFolder(), 'latency.svg');
    const { out } = await cli(['status', '--plot', file, '--json', '--url', node.url]);
    expect(JSON.parse(out)).toMatchObject({ file, calls: 1 });
  });

  it.each(['status', 'top', 'backtest'])(
    'refuses another ending before drey %s asks anything',
    async (command) => {
      node = await startSmallNode({ routes: { 'GET /api/v1/events': stored } });
      const folder = await newFolder();
      for (const name of ['plot.pdf', 'plot', 'svg', '.png', 'plot.svg ']) {
        const { code, err } = await cli([command, '--plot', name, '--url', node.url], { cwd: folder });
        expect([code, err]).toEqual([64, expect.stringContaining('ends in .svg or .png')]);
      }
      expect(node.seen).toEqual([]);
      expect(await readdir(folder)).toEqual([]);
    },
  );
});
