// What a client wants to hear, as a session keeps it and its row: the same after writing and reading, and bounded.
import { array, assert, constantFrom, oneof, property, record, webUrl } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logLevels } from '../../machines/words/log-levels.ts';
import {
  changeWishes,
  noWishes,
  readWishes,
  wishUriCharactersMax,
  wishesCharactersMax,
  wishesWatchedMax,
  writeWishes,
} from '../../machines/words/wishes.ts';
import type { WishChange } from '../../machines/words/wishes.ts';

const uri = oneof(webUrl(), constantFrom('a:1', 'a:2', 'a:"3"'));
const change = oneof(
  record({ what: constantFrom('watch' as const, 'unwatch' as const), uri }),
  record({ what: constantFrom('level' as const), level: constantFrom(...logLevels) }),
);

describe('wishes', () => {
  it('say what was asked for last, and are read as they were written', () => {
    assert(
      property(array(change), (changes: WishChange[]) => {
        const wishes = changes.reduce(changeWishes, noWishes);
        const uris = changes.flatMap((one) => (one.what === 'level' ? [] : [one]));
        const expected = [...new Set(uris.map((one) => one.uri))].filter(
          (one) => uris.findLast((other) => other.uri === one)?.what === 'watch',
        );
        expect([...wishes.watched].sort()).toEqual(expected.sort());
        const level = changes.flatMap((one) => (one.what === 'level' ? [one.level] : [])).at(-1);
        expect(wishes.level).toBe(level);
        expect(readWishes(writeWishes(wishes))).toEqual(wishes);
      }),
    );
  });

  it('that change nothing are the same', () => {
    const wishes = changeWishes(changeWishes(noWishes, { what: 'watch', uri: 'a:1' }), {
      what: 'level',
      level: 'error',
    });
    expect(changeWishes(wishes, { what: 'watch', uri: 'a:1' })).toBe(wishes);
    expect(changeWishes(wishes, { what: 'unwatch', uri: 'a:2' })).toBe(wishes);
    expect(changeWishes(wishes, { what: 'level', level: 'error' })).toBe(wishes);
  });

  it('are bounded by number and by characters; the newest stay', () => {
    const uris = Array.from({ length: wishesWatchedMax + 7 }, (_, number) => `a:${number}`);
    const many = uris.reduce((kept, one) => changeWishes(kept, { what: 'watch', uri: one }), noWishes);
    expect(many.watched).toEqual(uris.slice(7));
    const long = { watched: uris.map((one) => `${one}${'x'.repeat(1_000)}`), level: 'debug' };
    const text = writeWishes(long);
    expect(text.length).toBeLessThanOrEqual(wishesCharactersMax);
    const read = readWishes(text);
    expect(read.level).toBe('debug');
    expect(read.watched.length).toBeGreaterThan(5);
    expect(read.watched.at(-1)).toBe(long.watched.at(-1));
  });

  it('forget a URI that is too long, and nothing else for its sake', () => {
    const short = Array.from({ length: 10 }, (_, number) => `a:${number}`);
    const all = [...short, `a:${'x'.repeat(17_000)}`, `b:${'x'.repeat(wishUriCharactersMax - 2)}`];
    const kept = all.reduce((wishes, one) => changeWishes(wishes, { what: 'watch', uri: one }), noWishes);
    expect(kept.watched).toEqual([...short, all.at(-1)]);
    expect(readWishes(writeWishes(kept))).toEqual(kept);
  });

  it('are none where a row says nothing, or nothing that can be read', () => {
    for (const text of ['', '{', '[]', 'null', '7', '{"level":"loud","watched":7}'])
      expect(readWishes(text)).toEqual(noWishes);
  });
});
