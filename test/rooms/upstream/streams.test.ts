import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from '../../../src/upstream/lines.ts';
import { encodeHeader, findMirrors, toMirrorHeaders } from '../../../src/upstream/mirror.ts';
import { SseReader } from '../../../src/upstream/sse.ts';

/** The bytes of a text, cut anywhere, also inside of characters. */
const chunksOf = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const chunks: Buffer[] = [];
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
};
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
const line = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replaceAll(/[\r\n]/g, ''));

describe('reading lines', () => {
  it('gives the same lines however the bytes arrive', () => {
    fc.assert(
      fc.property(fc.array(line), sizes, (lines, cuts) => {
        const seen: string[] = [];
        const reader = new LineReader(1_000, {
          onLine: (text) => seen.push(text),
          onOversize: () => expect.unreachable(),
        });
        for (const chunk of chunksOf(Buffer.from(lines.map((text) => `${text}\n`).join('')), cuts))
          reader.push(chunk);
        expect(seen).toEqual(lines);
      }),
    );
  });

  it('skips what is too long, keeps its ends and goes on', () => {
    fc.assert(
      fc.property(sizes, (cuts) => {
        const seen: string[] = [];
        const reader = new LineReader(300, {
          onLine: (text) => seen.push(text),
          onOversize: (head, tail) => seen.push(`${head.slice(0, 3)}…${tail.slice(-3)}`),
        });
        const bytes = Buffer.from(`one\nabc${'x'.repeat(2_000)}xyz\ntwo\n`);
        for (const chunk of chunksOf(bytes, cuts)) reader.push(chunk);
        expect(seen).toEqual(['one', 'abc…xyz', 'two']);
      }),
    );
  });
});

describe('reading events', () => {
  it('gives the same data however the bytes arrive', () => {
    const data = fc.array(
      line.filter((text) => text !== ''),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.array(data), sizes, fc.constantFrom('\n', '\r\n'), (events, cuts, end) => {
        const seen: string[] = [];
        const reader = new SseReader(10_000, {
          onData: (text) => seen.push(text),
          onOversize: () => expect.unreachable(),
        });
        const text = events
          .map((lines, n) =>
            [': note', `id: ${n}`, 'retry: 5', ...lines.map((one) => `data: ${one}`), '', ''].join(end),
          )
          .join('');
        for (const chunk of chunksOf(Buffer.from(text), cuts)) reader.push(chunk);
        expect(seen).toEqual(events.map((lines) => lines.join('\n')));
        expect(reader.lastEventId).toBe(events.length === 0 ? undefined : String(events.length - 1));
      }),
    );
  });

  it('reports an event that is too large and goes on', () => {
    const seen: string[] = [];
    const reader = new SseReader(12, {
      onData: (text) => seen.push(text),
      onOversize: () => seen.push('too large'),
    });
    reader.push(Buffer.from('data:1234567\ndata:7654321\n\ndata: short\n\nevent: other\ndata:x\n\n'));
    expect(seen).toEqual(['too large', 'short']);
  });
});

describe('headers that mirror arguments', () => {
  const definition = {
    inputSchema: {
      properties: {
        city: { type: 'string', 'x-mcp-header': 'City' },
        deep: { properties: { level: { type: 'integer', 'x-mcp-header': 'Level' } } },
        plain: { type: 'string' },
      },
    },
  };

  it('are found at any depth and filled with what the arguments say', () => {
    const mirrors = findMirrors(definition) ?? [];
    expect(toMirrorHeaders(mirrors, '{"city":"Ulm","deep":{"level":3},"plain":"x"}')).toEqual({
      'mcp-param-city': 'Ulm',
      'mcp-param-level': '3',
    });
    expect(toMirrorHeaders(mirrors, '{"city":null,"deep":5}')).toEqual({});
    expect(toMirrorHeaders(mirrors, '')).toEqual({});
  });

  it.each([
    ['no name', { a: { type: 'string', 'x-mcp-header': '' } }],
    ['a name with a space', { a: { type: 'string', 'x-mcp-header': 'a b' } }],
    ['a name with a line break', { a: { type: 'string', 'x-mcp-header': 'no\r\nheader' } }],
    ['a name that is no text', { a: { type: 'string', 'x-mcp-header': 1 } }],
    ['a value that is no plain one', { a: { type: 'object', 'x-mcp-header': 'A' } }],
    ['a value that may be a fraction', { a: { type: 'number', 'x-mcp-header': 'A' } }],
    [
      'one name twice',
      { a: { type: 'string', 'x-mcp-header': 'A' }, b: { type: 'string', 'x-mcp-header': 'a' } },
    ],
  ])('with %s make the tool one that must not be offered', (_what, properties) => {
    expect(findMirrors({ inputSchema: { properties } })).toBeUndefined();
  });

  it('carry nothing that a header cannot', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const header = encodeHeader(value);
        expect(header).toMatch(/^[\x20-\x7e\t]+$/);
        const coded = /^=\?base64\?(.*)\?=$/.exec(header)?.[1];
        const decoded = coded === undefined ? header : Buffer.from(coded, 'base64').toString('utf8');
        expect(decoded).toBe(value.toWellFormed());
      }),
    );
  });
});
