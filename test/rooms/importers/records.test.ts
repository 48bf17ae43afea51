/** Records: lines, lists and printed documents come apart the same way, however they are cut, and broken ones are told. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toRecords } from '../../../src/importers/importers.ts';
import type { NumberedLine } from '../../../src/importers/importers.ts';

const encoder = new TextEncoder();

async function records(text: string, chunkBytes = 7, recordBytesMax?: number): Promise<NumberedLine[]> {
  const bytes = encoder.encode(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  const found: NumberedLine[] = [];
  for await (const record of toRecords(chunks(), recordBytesMax === undefined ? {} : { recordBytesMax }))
    found.push(record);
  return found;
}

const values = (found: readonly NumberedLine[]): unknown[] =>
  found.map((record) => ('text' in record ? (JSON.parse(record.text) as unknown) : record.bad));

describe('records', () => {
  it('are lines where the file has lines', async () => {
    expect(await records('{"a":1}\n\n[1, 2]\n{"b":')).toEqual([
      { line: 1, text: '{"a":1}' },
      { line: 3, text: '[1, 2]' },
      { line: 4, text: '{"b":' },
    ]);
  });

  it('are the objects of a list, numbered by their lines and never twice the same', async () => {
    expect(await records('\uFEFF [\n  {"a": "}]{"},\n  {"b":\n [{"c": "\\""}]}, {}]')).toEqual([
      { line: 2, text: '{"a": "}]{"}' },
      { line: 3, text: '{"b":\n [{"c": "\\""}]}' },
      { line: 4, text: '{}' },
    ]);
    expect((await records('[{"a":1},{"a":2},{"a":3}]')).map((record) => record.line)).toEqual([1, 2, 3]);
  });

  it('are the same for every value, way of printing and size of chunk', async () => {
    const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        objects,
        fc.nat({ max: 3 }),
        fc.integer({ min: 1, max: 50 }),
        async (list, indent, chunkBytes) => {
          const plain = JSON.parse(JSON.stringify(list)) as unknown;
          expect(values(await records(JSON.stringify(list, null, indent), chunkBytes))).toEqual(plain);
          const lines = list.map((value) => JSON.stringify(value)).join('\n');
          expect(values(await records(lines, chunkBytes))).toEqual(plain);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('that break off, have no end to a text, or are too long are told, and the next ones are read', async () => {
    expect(await records('[{"a":1}, {"b":2')).toEqual([
      { line: 1, text: '{"a":1}' },
      { line: 2, bad: 'the JSON breaks off' },
    ]);
    expect(await records('[\n{"a": "x\n},\n{"b":2}]')).toEqual([
      { line: 2, bad: 'the JSON is broken: a text has no end' },
      { line: 3, bad: 'there is something between the objects of the list' },
      { line: 4, text: '{"b":2}' },
    ]);
    expect(await records(`[{"a":"${'x'.repeat(50)}"},{"b":2}]`, 7, 20)).toEqual([
      { line: 1, bad: 'the object is longer than 20 bytes' },
      { line: 2, text: '{"b":2}' },
    ]);
  });

  it('never throw, whatever was cut out of a document', async () => {
    const document = JSON.stringify([{ a: 'é"\\', b: [1, { c: null }] }, { d: 'x' }], null, 2);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: document.length }), fc.nat({ max: 30 }), async (at, length) => {
        const found = await records(document.slice(0, at) + document.slice(at + length));
        const numbers = found.map((record) => record.line);
        expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      }),
      { numRuns: 200 },
    );
  });
});
