/** What people cannot see or tell apart: hidden characters are shown, and names that pass for others are refused. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  findHidden,
  flagHidden,
  showHidden,
  toShownDefinition,
  toSkeleton,
} from '../../../src/upstream/hidden-characters.ts';
import { diffDefinitions } from '../../../src/upstream/definition-diff.ts';
import { siftLookalikes } from '../../../src/upstream/lookalikes.ts';

const entry = (alias: string, ...names: string[]) => ({
  alias,
  tools: names.map((name) => ({ name, definition: { name } })),
});
const sift = (
  prefix: 'always' | 'conflict' | 'never',
  entries: ReturnType<typeof entry>[],
  since: Readonly<Record<string, number>> = {},
) => {
  const { refused, entries: left } = siftLookalikes(entries, {
    prefix,
    since: (alias, tool) => since[`${alias}/${tool}`] ?? Infinity,
  });
  return {
    refused: refused.map(({ server, tool, problem }) => `${server}/${tool} ${problem}`),
    left: left.flatMap(({ alias, tools }) => tools.map(({ name }) => `${alias}/${name}`)),
  };
};

describe('hidden characters', () => {
  it.each([
    ['a\u202eb', ['U+202E']],
    ['zero\u200bwidth\u200b', ['U+200B']],
    ['tags \u{e0041}', ['U+E0041']],
    ['bell\u0007', ['U+0007']],
    ['filler \u3164', ['U+3164']],
    ['lone \ud800', ['U+D800']],
    ['plain text,\ttabs\r\nlines, é, ü, 中文', []],
    ['⚠️ careful 👩‍💻', []],
    ['⚠️\u200b', ['U+200B']],
  ])('of %j are %j', (text, characters) => {
    expect(findHidden(text)).toEqual(characters);
    expect(findHidden(showHidden(text))).toEqual([]);
    if (characters.length === 0) expect(showHidden(text)).toBe(text);
  });

  it('are always shown, and what hides nothing is the very same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(findHidden(showHidden(text))).toEqual([]);
        if (findHidden(text).length === 0) expect(showHidden(text)).toBe(text);
      }),
    );
  });

  it('are written out where people and models read, and flagged everywhere', () => {
    const definition = {
      name: 'x',
      description: 'ok\u202e',
      inputSchema: {
        type: 'object',
        properties: {
          'a\u200b': { title: 't\u200b', enum: ['v\u200b'], default: { description: 'd\u200b' } },
        },
      },
    };
    const shown = toShownDefinition(definition);
    expect(shown).toEqual({
      name: 'x',
      description: 'ok\\u{202e}',
      inputSchema: {
        type: 'object',
        properties: {
          'a\u200b': { title: 't\\u{200b}', enum: ['v\u200b'], default: { description: 'd\u200b' } },
        },
      },
    });
    expect(flagHidden(definition).map(({ path }) => path)).toEqual([
      '/description',
      '/inputSchema/properties/a\\u{200b}',
      '/inputSchema/properties/a\\u{200b}/title',
      '/inputSchema/properties/a\\u{200b}/enum/0',
      '/inputSchema/properties/a\\u{200b}/default/description',
    ]);
    const plain = { name: 'x', description: 'ok' };
    expect(toShownDefinition(plain)).toBe(plain);
  });

  it('do not make two names of one', () => {
    const all = ['read_file', 'READ_FILE', 'ｒｅａｄ_ｆｉｌｅ', 'read\u200b_file', 'r\u00adead_file'];
    expect(new Set(all.map(toSkeleton)).size).toBe(1);
  });
});

describe('names that pass for others', () => {
  it('are refused within an upstream; the older one stays', () => {
    const entries = [entry('a', 'Read', 'read', 'rea\u200bd', 'write')];
    expect(sift('always', entries).left).toEqual(['a/Read', 'a/write']);
    expect(sift('always', entries, { 'a/read': 1 })).toEqual({
      left: ['a/read', 'a/write'],
      refused: ['a/Read name_owned', 'a/rea\u200bd name_owned'],
    });
  });

  it('may be the same under different prefixes', () => {
    expect(sift('always', [entry('a', 'read'), entry('b', 'read', 'READ')]).refused).toEqual([
      'b/READ name_owned',
    ]);
    expect(sift('conflict', [entry('a', 'read'), entry('b', 'read')]).refused).toEqual([]);
    expect(sift('conflict', [entry('a', 'read'), entry('b', 'Read')]).refused).toEqual(['b/Read name_owned']);
  });

  it('are refused across upstreams where there is no prefix, whoever comes first in the file', () => {
    const entries = [entry('new', 'read'), entry('old', 'read')];
    expect(sift('never', entries).refused).toEqual(['old/read name_owned']);
    expect(sift('never', entries, { 'old/read': 1 }).refused).toEqual(['new/read name_owned']);
  });

  it("must not wear another upstream's prefix", () => {
    const entries = [entry('files', 'read'), entry('evil', 'files__read', 'FILES__x', 'my_files__x')];
    expect(sift('never', entries).refused).toEqual([
      'evil/files__read name_borrowed',
      'evil/FILES__x name_borrowed',
    ]);
    expect(sift('always', entries).refused).toEqual([]);
  });
});

describe('the difference of two definitions', () => {
  it('is told leaf by leaf, with what was hidden shown', () => {
    const was = {
      description: 'adds',
      inputSchema: { properties: { a: { type: 'number' } }, required: ['a'] },
    };
    const now = {
      description: 'adds\u200b',
      inputSchema: { properties: { b: { type: 'string' } }, required: ['a'] },
    };
    expect(diffDefinitions(was, now)).toEqual([
      { path: '/description', was: '"adds"', now: '"adds\\u{200b}"' },
      { path: '/inputSchema/properties/b', was: null, now: '{"type":"string"}' },
      { path: '/inputSchema/properties/a', was: '{"type":"number"}', now: null },
    ]);
  });

  it('is empty for the same, whatever the order of keys', () => {
    expect(diffDefinitions({ a: 1, b: [1, { c: 2 }] }, { b: [1, { c: 2 }], a: 1 })).toEqual([]);
  });
});
