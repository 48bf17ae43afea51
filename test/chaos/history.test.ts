// The history checker itself: it is silent on a good history, and finds each violation that is planted in one.
import { assert, boolean, integer, nat, property, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHistory } from './history.ts';
import type { History, Kept, Told } from './history.ts';

const answered = (marker: string, askedAt: number): Told => ({
  marker,
  askedAt,
  endedAt: askedAt + 1,
  outcome: 'answered',
});
const kept = (marker: string): Kept => ({ callId: `k-${marker}`, marker });

/** Three answered calls, one of them during an outage, and one whose fate the client does not know. */
const good: History = {
  told: [
    answered('a', 0),
    answered('b', 10),
    { marker: 'c', askedAt: 19, endedAt: 22, outcome: 'unknown' },
    answered('d', 30),
  ],
  events: ['a', 'b', 'd'].map(kept),
  rows: ['d', 'b', 'a'].map(kept),
  outages: [
    { what: 'the bus', from: 9, to: 12, isServed: true },
    { what: 'the node', from: 18, to: 25, isServed: false },
  ],
};

describe('a good history', () => {
  it('has no breach', () => {
    expect(checkHistory(good)).toEqual([]);
  });

  it('may hold what the client never learned the end of, once', () => {
    const events = [...good.events, kept('c')];
    expect(checkHistory({ ...good, events, rows: events })).toEqual([]);
  });
});

describe('a planted violation is found:', () => {
  const without = (list: readonly Kept[], marker: string): Kept[] =>
    list.filter((one) => one.marker !== marker);
  const plants: readonly (readonly [string, Partial<History>, RegExp])[] = [
    [
      'an answered call that the stream lost',
      { events: without(good.events, 'b') },
      /b was answered, and the stream has lost it/,
    ],
    [
      'an answered call that the archive lost',
      { rows: without(good.rows, 'b') },
      /b was answered, and the archive has lost it/,
    ],
    [
      'a call twice in the stream',
      { events: [...good.events, { callId: 'k-9', marker: 'a' }] },
      /a is in the stream more than once/,
    ],
    ['a row twice', { rows: [...good.rows, kept('d')] }, /d is in the archive more than once/],
    [
      'one id for two calls',
      { events: [kept('a'), { callId: 'k-a', marker: 'b' }, kept('d')] },
      /call k-a is in the stream more than once/,
    ],
    [
      'a call nobody asked for',
      { events: [...good.events, kept('x')], rows: [...good.rows, kept('x')] },
      /x is in the stream, and nobody/,
    ],
    [
      'stream and archive that differ',
      { rows: [kept('a'), kept('b'), { callId: 'k-7', marker: 'd' }] },
      /d is in the archive otherwise/,
    ],
    [
      'an event that never arrived',
      { events: [...good.events, kept('c')] },
      /c is in the stream and never reached/,
    ],
    [
      'an outage without an answer',
      { outages: [{ what: 'the bus', from: 13, to: 18, isServed: true }] },
      /no call was answered while the bus/,
    ],
    [
      'a failure during an outage',
      { told: [...good.told, { marker: 'e', askedAt: 10, endedAt: 11, outcome: 'refused' }] },
      /e was refused while the bus was away/,
    ],
    ['a marker that was used twice', { told: [...good.told, answered('a', 40)] }, /a was asked twice/],
    [
      'time that goes back',
      { told: [{ ...answered('a', 3), endedAt: 2 }, ...good.told.slice(1)] },
      /a ended before/,
    ],
  ];

  it.each(plants)('%s', (_what, change, breach) => {
    expect(checkHistory({ ...good, ...change }).join('\n')).toMatch(breach);
  });
});

describe('any history', () => {
  const markers = uniqueArray(integer({ min: 0, max: 500 }).map(String), {
    minLength: 1,
    maxLength: 40,
  });

  it('that is kept whole has no breach, and one call fewer anywhere is one', () => {
    assert(
      property(markers, nat(), boolean(), (names, pick, inStream) => {
        const told = names.map((name, index) => answered(name, index * 10));
        const all = names.map(kept);
        const whole: History = { told, events: all, rows: all, outages: [] };
        expect(checkHistory(whole)).toEqual([]);
        const gap = all.toSpliced(pick % all.length, 1);
        const torn = inStream ? { ...whole, events: gap } : { ...whole, rows: gap };
        expect(checkHistory(torn).length).toBeGreaterThan(0);
      }),
    );
  });
});
