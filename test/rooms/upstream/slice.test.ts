import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertJson, listMembers, sliceElements, sliceMembers } from '../../../src/upstream/slice.ts';

/** JSON text of one object written with random spaces, so that slices are tested on more than what stringify writes. */
const space = fc.constantFrom('', ' ', '\n', '\t', '\r\n', '  ');
const scalarText = fc.oneof(
  fc.constantFrom(
    '9007199254740993',
    '1.0',
    '-0',
    '1e400',
    '-1E-7',
    '0',
    'true',
    'false',
    'null',
    '123.4560',
  ),
  fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
  fc.constantFrom('"\\u00e9\\ud83d\\ude00"', '"\\ud800"', '"\\/ \\b\\f\\n\\r\\t \\" \\\\"', '"}{][,:"'),
);
const { value: valueText } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalarText, tie('list'), tie('object')),
  list: fc
    .tuple(space, fc.array(fc.tuple(space, tie('value'), space), { maxLength: 4 }))
    .map(([inner, items]) => `[${inner}${items.map((item) => item.join('')).join(',')}]`),
  object: fc
    .tuple(space, fc.array(fc.tuple(space, scalarKey(), space, space, tie('value'), space), { maxLength: 4 }))
    .map(
      ([inner, members]) =>
        `{${inner}${members.map(([a, k, b, c, v, d]) => `${a}${k}${b}:${c}${v}${d}`).join(',')}}`,
    ),
}));

function scalarKey() {
  return fc.oneof(
    fc.constantFrom('"id"', '"\\u0069d"', '"result"', '"__proto__"', '""', '"toString"'),
    fc.string().map((text) => JSON.stringify(text)),
  );
}

describe('slicing JSON', () => {
  it('gives each member exactly as it was written', () => {
    const json = ' {"a" : 9007199254740993 ,"b":1.0,"c":-0,"d":1e400,"e":{"z":1,"a":[ ]},"f":"\\u00e9"} ';
    expect(sliceMembers(json, ['a', 'b', 'c', 'd', 'e', 'f', 'absent'])).toEqual({
      a: '9007199254740993',
      b: '1.0',
      c: '-0',
      d: '1e400',
      e: '{"z":1,"a":[ ]}',
      f: '"\\u00e9"',
      absent: undefined,
    });
  });

  it('cuts an object so that its parts, joined again, mean the same', () => {
    const members = fc.uniqueArray(fc.tuple(scalarKey(), valueText), {
      selector: ([key]) => String(JSON.parse(key)),
      maxLength: 6,
    });
    fc.assert(
      fc.property(members, space, (list, gap) => {
        const json = `{${list.map(([key, value]) => `${gap}${key}${gap}:${gap}${value}${gap}`).join(',')}}`;
        expect(listMembers(json).map(({ rawKey, raw }) => [rawKey, raw])).toEqual(list);
        const sliced = sliceMembers(
          json,
          list.map(([key]) => String(JSON.parse(key))),
        );
        for (const [key, value] of list) expect(sliced[String(JSON.parse(key))]).toBe(value);
      }),
    );
  });

  it('cuts an array into its elements', () => {
    fc.assert(
      fc.property(fc.array(valueText, { maxLength: 5 }), space, (list, gap) => {
        expect(sliceElements(`[${list.map((value) => gap + value + gap).join(',')}]`)).toEqual(list);
      }),
    );
  });

  it('accepts exactly what JSON.parse accepts', () => {
    const broken = fc
      .tuple(
        valueText,
        fc.nat(),
        fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '0', '.', 'e', '\n', '\u0001', 'x'),
      )
      .chain(([text, place, extra]) =>
        fc.boolean().map((cut) => {
          const at = place % (text.length + 1);
          return text.slice(0, at) + extra + text.slice(cut ? at + 1 : at);
        }),
      );
    fc.assert(
      fc.property(fc.oneof(broken, valueText, fc.string()), (text) => {
        expect(isAccepted(() => assertJson(text))).toBe(isAccepted(() => JSON.parse(text)));
      }),
      { numRuns: 3_000 },
    );
  });

  it('refuses a wanted key that occurs twice, also when one of the two is written with escapes', () => {
    expect(() => sliceMembers('{"id":1,"id":2}', ['id'])).toThrow('twice');
    expect(() => sliceMembers('{"id":1,"\\u0069d":2}', ['id'])).toThrow('twice');
    expect(sliceMembers('{"id":1,"x":2,"x":3}', ['id']).id).toBe('1');
  });

  it('refuses what is nested deeper than the limit, counting the outer object', () => {
    const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
    expect(sliceMembers(nested(64), ['a']).a).toBe(nested(63));
    expect(() => sliceMembers(nested(65), ['a'])).toThrow('nested deeper');
    expect(() => assertJson('['.repeat(1_000_000))).toThrow('nested deeper');
  });

  it('names no member that an object inherits', () => {
    expect(sliceMembers('{"toString":1,"__proto__":2}', ['__proto__'])['__proto__']).toBe('2');
    expect(sliceMembers('{}', ['constructor']).constructor).toBeUndefined();
  });

  it('takes time in proportion to the size', () => {
    const text = JSON.stringify({
      id: 'x',
      result: { content: [{ type: 'text', text: 'a"\\b'.repeat(400_000) }] },
    });
    expect(sliceMembers(text, ['id', 'result']).id).toBe('"x"');
  });

  it('fails with a code and a place', () => {
    const slicing = () => sliceMembers('{"a":1,}', ['a']);
    expect(slicing).toThrow('the JSON is malformed at character 7; expected a string');
    expect(slicing).toThrow(expect.objectContaining({ code: 'body_malformed' }));
  });
});

function isAccepted(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
