/** Text and JSON on their way into Postgres: whatever comes, what is stored is valid, and what was valid is unchanged. */
import { assert, dictionary, jsonValue, nat, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  assertName,
  toBoundedText,
  toCanonicalJson,
  toJsonb,
  toStorableText,
} from '../../../src/store/text.ts';

const anyText = string({ unit: 'binary' });

describe('storable text', () => {
  test('has neither NUL nor lone surrogates, and valid text is left alone', () => {
    assert(
      property(anyText, (text) => {
        const stored = toStorableText(text);
        expect(stored.includes('\u0000')).toBe(false);
        expect(() => encodeURIComponent(stored)).not.toThrow(URIError);
        expect(toStorableText(stored)).toBe(stored);
        expect(stored.length).toBe(text.length);
      }),
    );
  });

  test('is cut between characters, never inside of one', () => {
    assert(
      property(anyText, nat(20), (text, max) => {
        const cut = toBoundedText(text, max);
        expect(Array.from(cut).length).toBeLessThanOrEqual(max);
        expect(() => encodeURIComponent(cut)).not.toThrow(URIError);
      }),
    );
    expect(toBoundedText('🐿🐿🐿', 2)).toBe('🐿🐿');
  });

  test('names are never changed: they fit, or they are refused', () => {
    expect(assertName('a name', '🐿'.repeat(255), 255)).toBe('🐿'.repeat(255));
    for (const bad of ['', 'a\u0000', '\ud800', '🐿'.repeat(256)]) {
      expect(() => assertName('a name', bad, 255)).toThrow('a name must have 1 to 255 characters');
    }
  });
});

describe('JSON for jsonb', () => {
  test('never holds what jsonb refuses, in keys or values, and valid JSON is left alone', () => {
    assert(
      property(jsonValue({ stringUnit: 'binary' }), (value) => {
        const json = toJsonb(value);
        for (const text of stringsOf(JSON.parse(json))) expect(toStorableText(text)).toBe(text);
      }),
    );
    expect(toJsonb({ b: [1, null, 'x'], a: 'ä' })).toBe('{"b":[1,null,"x"],"a":"ä"}');
    expect(toJsonb('a backslash and u0000: \\u0000')).toBe(JSON.stringify('a backslash and u0000: \\u0000'));
    expect(toJsonb(undefined)).toBe('null');
  });

  test('canonical JSON does not depend on the order of keys', () => {
    assert(
      property(dictionary(string(), jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        expect(toCanonicalJson(turned)).toBe(toCanonicalJson(value));
      }),
    );
  });

  test('what is circular or too deep is refused in words', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => toJsonb(circle)).toThrow('circular or nested too deeply');
    let deep: unknown = '\u0000';
    for (let level = 0; level < 1_000; level += 1) deep = [deep];
    expect(() => toJsonb(deep)).toThrow('nested deeper than 500 levels');
  });
});

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [key, ...stringsOf(item)]);
}
