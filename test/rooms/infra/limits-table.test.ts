/** The table of limits that people read says what the house does. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { limits } from '../../../machines/words/limits.ts';

it('names limits with the values that they have', () => {
  const text = readFileSync(new URL('../../../infra/README.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+(?:Max))`: [^|]+ \| (\d+) \|/gm)];
  const table = Object.fromEntries(rows.map(([, name, value]) => [name, Number(value)]));
  expect(Object.keys(table).length).toBeGreaterThan(10);
  expect(limits).toMatchObject(table);
});
