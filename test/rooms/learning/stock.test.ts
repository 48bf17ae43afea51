// What cases have in common is kept once, up to a maximum; beyond it nothing else is learned.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Line } from '../../../src/learning/line.ts';
import { createStock, stockBounds } from '../../../src/learning/stock.ts';
import type { KnownTerm } from '../../../src/learning/term-numbers.ts';
import type { Source } from '../../../src/learning/sources.ts';

const name = fc.string({ maxLength: 3 });
/** What it is called follows from the rest. */
const symbol = fc
  .record({ tool: name, program: name, keys: fc.array(name, { maxLength: 2 }) })
  .map((rest) => ({ id: JSON.stringify(rest), ...rest }));
/** What a line says, without who has it. */
const toPlain = ({ symbols, tools, places }: Line) => ({
  symbols: symbols.map(({ id, tool, program, keys }) => ({ id, tool, program, keys })),
  tools,
  places,
});
const lines = fc.array(fc.array(symbol, { maxLength: 6 }), { maxLength: 12 });

it('says the same of a line and a source, however little room there is', () => {
  const few = fc.record({
    textsMax: fc.nat(3),
    symbolsMax: fc.nat(3),
    keyListsMax: fc.nat(3),
    linesMax: fc.nat(3),
    sourcesMax: fc.nat(3),
    pathsMax: fc.nat(3),
  });
  fc.assert(
    fc.property(lines, few, (given, limits) => {
      const [small, whole] = [createStock(limits), createStock()];
      for (const line of [...given, ...given])
        expect(toPlain(small.line(line))).toEqual(toPlain(whole.line(line)));
      for (const line of given)
        for (const { tool } of line) {
          const source: Source = { from: 'argument', call: 1, path: `/${tool}` };
          expect(small.unpackSource(small.packSource(source))).toEqual(source);
          expect(small.unpackPaths(small.packPaths(`\n/${tool}\n`))).toBe(`\n/${tool}\n`);
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

it('gives out as many numbers of terms as there are terms in use at once, and never one to two of them', () => {
  const texts = fc.array(fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 4 }), { maxLength: 30 });
  fc.assert(
    fc.property(texts, fc.nat(3), (given, keptMax) => {
      const stock = createStock();
      const held: (readonly KnownTerm[])[] = [];
      let most = 0;
      for (const text of given) {
        held.push(stock.terms(text.map((term, at) => ({ term, weight: at }))));
        const numbers = new Map(held.flat().map(({ term, at }) => [term, at]));
        expect(new Set(numbers.values()).size).toBe(numbers.size);
        for (const { term, at } of held.flat()) expect(numbers.get(term)).toBe(at);
        most = Math.max(most, numbers.size);
        for (const at of numbers.values()) expect(at).toBeLessThan(most);
        while (held.length > keptMax) stock.release(held.shift() ?? []);
      }
    }),
  );
});
