import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../machines/words/limits.ts';
import { Recorded } from '../../../machines/words/record.ts';
import { createRedactor, record, toLearnedResult, toShape } from '../../../src/access/access.ts';

const redactor = createRedactor({ key: 'a key of this test' });

describe('a recorded value', () => {
  it('holds the redacted value with hash and size of the original', () => {
    const raw = '{"path":"a.txt","password":"correct-horse"}';
    expect(record(raw, redactor)).toEqual({
      hash: redactor.digest(raw),
      sizeBytes: raw.length,
      shape: 'object',
      cut: false,
      value: { path: 'a.txt', password: expect.stringMatching(/^\[redacted:secret:/) },
    });
  });

  it('takes malformed JSON as text', () => {
    expect(record('{"password":"correct-horse"', redactor)).toMatchObject({
      shape: 'text',
      cut: false,
      value: expect.stringMatching(/^\{"password":"\[redacted:secret:[0-9a-f]{12}\]"$/),
    });
  });

  it('keeps the redacted beginning of what is too large', () => {
    const secret = ['gh', 'p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('');
    for (const size of [limits.recordedBytesMax, 2_000_000]) {
      const raw = JSON.stringify({ secret: 'hidden-value', list: 'ü'.repeat(size - 60), and: secret });
      const kept = record(raw, redactor);
      expect(kept).toMatchObject({ cut: true, shape: 'object', sizeBytes: Buffer.byteLength(raw) });
      expect(kept.value).toBeUndefined();
      expect(Buffer.byteLength(kept.text ?? '')).toBeLessThanOrEqual(limits.recordedBytesMax);
      expect(kept.text).not.toContain('hidden-value');
      expect(kept.text).not.toContain('\uFFFD');
    }
  });

  it('cuts a secret that lies across the cut as a whole', () => {
    const secret = ['gh', 'p_', 'a1B2c3D4'.repeat(8)].join('');
    for (const pad of [limits.recordedBytesMax - 30, limits.recordedBytesMax - 10]) {
      const kept = record(`"${' '.repeat(pad)}${secret}${'x '.repeat(300_000)}"`, redactor);
      expect(kept.text).not.toContain(secret.slice(0, 8));
    }
  });

  it('is always a valid record of at most the named size', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string({ minLength: 60_000, maxLength: 70_000, size: 'max' })),
        (raw) => {
          const kept = Recorded.parse(record(raw, redactor));
          expect(Buffer.byteLength(JSON.stringify(kept.value) ?? '')).toBeLessThanOrEqual(
            limits.recordedBytesMax,
          );
          expect(kept.cut).toBe(kept.text !== undefined);
        },
      ),
      { numRuns: 30 },
    );
  }, 60_000);
});

describe('what learning sees of a tool result', () => {
  const text = (words: string): object => ({ content: [{ type: 'text', text: words }] });

  it.each([
    ['structured content first', { content: [], structuredContent: { a: 1 } }, { a: 1 }],
    ['its only text as JSON', text('{"id":7}'), { id: 7 }],
    ['its only text', text('done'), 'done'],
    [
      'its content, when there is more',
      { content: [{ type: 'text', text: 'a' }, { type: 'image' }] },
      [{ type: 'text', text: 'a' }, { type: 'image' }],
    ],
    ['anything else as it is', { content: 'a page' }, { content: 'a page' }],
  ])('is %s', (_name, result, learned) => {
    expect(toLearnedResult(result)).toEqual(learned);
  });

  it('has an outline', () => {
    const shapes = [
      { content: [], isError: true },
      text('[]'),
      text('7'),
      text('hello'),
      text('{"a":1}'),
      {},
      null,
      '',
      [1],
      true,
      1,
    ];
    expect(shapes.map(toShape)).toEqual([
      'error',
      'empty',
      'number',
      'text',
      'object',
      'empty',
      'null',
      'empty',
      'list',
      'true',
      'number',
    ]);
  });
});
