import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLiteral } from '../../../src/learning/literals.ts';

describe('literals', () => {
  it.each([
    ['(True, 300)', [true, 300]],
    ['(False, None,)', [false, null]],
    [
      "{'id': 'u-1', 'tags': ['a', \"it's\"], 7: (1.5, -2)}",
      { id: 'u-1', tags: ['a', "it's"], '7': [1.5, -2] },
    ],
    ["['it\\'s']", ["it's"]],
    ['()', []],
  ])('reads %j', (text, value) => {
    expect(readLiteral(text)).toEqual(value);
  });

  it.each(['', 'True', '(True', '(a, b)', "{'a' 1}", '(1, 2) and more', '['.repeat(5_000), '{[1]: 2}'])(
    'sees no literal in %j',
    (text) => {
      expect(readLiteral(text)).toBeUndefined();
    },
  );

  it('never throws, and reads what is JSON as JSON', () => {
    fc.assert(fc.property(fc.string(), (text) => void readLiteral(text)));
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer(), fc.boolean(), fc.constant(null))), (list) => {
        expect(readLiteral(JSON.stringify(list))).toEqual(list);
      }),
    );
  });
});
