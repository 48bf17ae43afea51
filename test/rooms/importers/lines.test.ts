/** Bytes become numbered lines, whatever is wrong with some of them. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { peekLines, toLines } from '../../../src/importers/importers.ts';
import type { NumberedLine } from '../../../src/importers/importers.ts';

const encoder = new TextEncoder();

async function* toChunks(...chunks: (string | readonly number[])[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks)
    yield typeof chunk === 'string' ? encoder.encode(chunk) : Uint8Array.from(chunk);
}

async function collect(lines: AsyncIterable<NumberedLine>): Promise<NumberedLine[]> {
  const all: NumberedLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe('lines', () => {
  it('are numbered from one, blank ones counted but left out', async () => {
    expect(await collect(toLines(toChunks('a\n\n  \nb\r\n', 'c')))).toEqual([
      { line: 1, text: 'a' },
      { line: 4, text: 'b' },
      { line: 5, text: 'c' },
    ]);
  });

  it('lose their byte order mark', async () => {
    expect(await collect(toLines(toChunks([0xef, 0xbb], [0xbf, 0x61])))).toEqual([{ line: 1, text: 'a' }]);
  });

  it('that are not UTF-8 are reported in their place', async () => {
    expect(await collect(toLines(toChunks('a\n', [0x62, 0xff, 0x0a], 'c\n')))).toEqual([
      { line: 1, text: 'a' },
      { line: 2, bad: 'the line is not UTF-8 text' },
      { line: 3, text: 'c' },
    ]);
  });

  it('that are too long are reported in their place, also across chunks', async () => {
    const long = { line: 1, bad: 'the line is longer than 4 bytes' };
    for (const chunks of [['12345\n1234'], ['12', '345', '67\n12', '34']]) {
      expect(await collect(toLines(toChunks(...chunks), { lineBytesMax: 4 }))).toEqual([
        long,
        { line: 2, text: '1234' },
      ]);
    }
  });

  it('survive a reader that fills the same buffer again', async () => {
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const buffer = new Uint8Array(2);
      for (const text of ['ab', 'cd', 'e\n']) {
        buffer.set(encoder.encode(text));
        yield buffer;
      }
    }
    expect(await collect(toLines(reusing()))).toEqual([{ line: 1, text: 'abcde' }]);
  });

  it('are the same however the bytes are cut', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 9 }), async (text, size) => {
        const bytes = [...encoder.encode(text.replaceAll('a', '\n'))];
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
          bytes.slice(n * size, (n + 1) * size),
        );
        expect(await collect(toLines(toChunks(...pieces)))).toEqual(await collect(toLines(toChunks(bytes))));
      }),
    );
  });

  it('can be looked at before they are read', async () => {
    const { sample, lines } = await peekLines(toLines(toChunks('a\nb\nc\n')), 2);
    expect(sample).toEqual(['a', 'b']);
    expect((await collect(lines)).map((line) => line.line)).toEqual([1, 2, 3]);
  });

  it('close their source when nobody reads on', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield encoder.encode('a\n');
      } finally {
        closed = true;
      }
    }
    const { lines } = await peekLines(toLines(source()), 2);
    for await (const line of lines) if (line.line === 5) break;
    expect(closed).toBe(true);
  });
});
