// What cases have in common is kept once, up to a maximum; beyond it nothing else is learned.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createStock, stockBounds } from '../../../src/learning/stock.ts';
import type { Source } from '../../../src/learning/sources.ts';

const name = fc.string({ maxLength: 3 });
/** What it is called follows from the rest. */
const symbol = fc
  .record({ tool: name, program: name, keys: fc.array(name, { maxLength: 2 }) })
  .map((rest) => ({ id: JSON.stringify(rest), ...rest }));
const lines = fc.array(fc.array(symbol, { maxLength: 6 }), { maxLength: 12 });

it('says the same of a line and a source, however little room there is', () => {
  const few = fc.record({
    textsMax: fc.nat(3),
    symbolsMax: fc.nat(3),
    linesMax: fc.nat(3),
    sourcesMax: fc.nat(3),
  });
  fc.assert(
    fc.property(lines, few, (given, limits) => {
      const [small, whole] = [createStock(limits), createStock()];
      for (const line of [...given, ...given]) expect(small.line(line)).toEqual(whole.line(line));
      for (const line of given)
        for (const { tool } of line) {
          const source: Source = { from: 'argument', call: 1, path: `/${tool}` };
          expect(small.unpackSource(small.packSource(source))).toEqual(source);
        }
    }),
  );
});

it('keeps a line once up to the maximum, and none beyond', () => {
  const stock = createStock({ ...stockBounds, linesMax: 1 });
  const toLine = (id: string) => [{ id, tool: id, program: '', keys: [] }];
  expect(stock.line(toLine('a'))).toBe(stock.line(toLine('a')));
  expect(stock.line(toLine('b'))).not.toBe(stock.line(toLine('b')));
});
