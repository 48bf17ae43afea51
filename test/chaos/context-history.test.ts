// The checker of contexts itself: silent on a good history, and it finds each violation that is planted in one.
import { describe, expect, it } from 'vitest';
import { checkContexts } from './context-history.ts';
import type { Commanded, ContextHistory, KeptVersion } from './context-history.ts';

const contextId = 'c-1';
const sent = (marker: string, outcome: Commanded['outcome'] = 'acknowledged'): Commanded => ({
  contextId,
  marker,
  outcome,
});
const kept = (version: number, ...markers: readonly string[]): KeptVersion => ({
  contextId,
  version,
  markers,
});

/** Three commands that were acknowledged and one that was not; the order of arrival is the bus's. */
const good: ContextHistory = {
  commanded: [sent('a'), sent('b'), sent('x', 'unknown'), sent('c')],
  contexts: [kept(3, 'a', 'b', 'c')],
  versions: [kept(2, 'c'), kept(1, 'a'), kept(3, 'b')],
  events: [kept(1, 'a'), kept(2, 'c'), kept(3, 'b')],
};

describe('a good history of contexts', () => {
  it('has no breach', () => {
    expect(checkContexts(good)).toEqual([]);
  });

  it('may hold what was never acknowledged, once', () => {
    expect(
      checkContexts({
        ...good,
        contexts: [kept(4, 'a', 'b', 'c', 'x')],
        versions: [...good.versions, kept(4, 'x')],
        events: [...good.events, kept(4, 'x')],
      }),
    ).toEqual([]);
  });
});

describe('a planted violation is found:', () => {
  const plants: readonly (readonly [string, Partial<ContextHistory>, RegExp])[] = [
    [
      'an acknowledged command that no version has',
      { commanded: [...good.commanded, sent('lost')] },
      /lost for c-1 was acknowledged, and no version has it/,
    ],
    [
      'a command that was applied twice',
      {
        contexts: [kept(4, 'a', 'b', 'c')],
        versions: [...good.versions, kept(4, 'a')],
        events: [...good.events, kept(4, 'a')],
      },
      /a made 2 versions of c-1/,
    ],
    [
      'a change that nobody sent',
      { commanded: good.commanded.filter(({ marker }) => marker !== 'b') },
      /b is in c-1, and nobody sent it/,
    ],
    [
      'a gap between versions',
      { versions: [kept(1, 'a'), kept(3, 'b'), kept(4, 'c')] },
      /gap or a repetition at 3/,
    ],
    ['a version that does not stand', { contexts: [kept(2, 'a', 'b', 'c')] }, /stands at 2 of 3/],
    ['a context that is gone', { contexts: [] }, /stands at undefined of 3/],
    [
      'a change that the state lost',
      { contexts: [kept(3, 'a', 'b')] },
      /does not hold what its versions set/,
    ],
    ['a version that nobody was told of', { events: good.events.slice(1) }, /2 events, 3 versions/],
    ['a version told twice', { events: [...good.events, kept(3, 'b')] }, /4 events, 3 versions/],
    ['versions told out of order', { events: good.events.toReversed() }, /otherwise than the table/],
  ];

  it.each(plants)('%s', (_, plant, sentence) => {
    const breaches = checkContexts({ ...good, ...plant });
    expect(breaches.some((breach) => sentence.test(breach))).toBe(true);
  });
});
