// Which element of a list is meant: found in episodes, filled in a run, and what speaks against it is kept.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { clean } from '../../../src/learning/clean.ts';
import { createLearner, fillArguments } from '../../../src/learning/learning.ts';
import { findArguments } from '../../../src/learning/sources.ts';
import { type CallSketch, toEpisode } from './episodes.ts';

function learn(episodes: readonly Episode[]) {
  const learner = createLearner({ namespace: 'acme' });
  for (const episode of episodes) learner.learn(episode);
  const [sop] = learner.derive().sops;
  return sop?.procedure ?? [];
}

/** Parcels are listed and two of them looked at: the first one, and then one that was not looked at yet. */
const look = (n: number, street: string, ids: readonly string[], second = ids[1] ?? ''): Episode =>
  toEpisode(n, `Look at two parcels for ${street} street`, [
    { tool: 'post__list_parcels', args: { street }, result: { parcels: ids.map((id) => ({ id })) } },
    { tool: 'post__weigh_parcel', args: { id: ids[0] } },
    { tool: 'post__scan_parcel', args: { id: second } },
  ]);

/** Lamps and who sells them; the seller's number is taken from the element that has the lamp that was chosen. */
const ask = (n: number, lamp: string, at: number): Episode => {
  const offers = [0, 1, 2].map((place) => ({
    lamp: place === at ? lamp : `other-${n}-${place}`,
    seller: `s-${n}${place}00`,
  }));
  return toEpisode(n, `Ask who sells what I chose, number ${n} of my lamps`, [
    { tool: 'shop__chosen', result: { lamp } },
    { tool: 'shop__get_lamp', args: { lamp } },
    { tool: 'shop__list_offers', result: { offers } },
    { tool: 'shop__get_seller', args: { seller: `s-${n}${at}00` } },
  ]);
};

const parcels = [
  look(1, 'oak', ['p-117', 'p-118', 'p-119']),
  look(2, 'elm', ['p-227', 'p-228']),
  look(3, 'ash', ['p-337', 'p-338', 'p-339', 'p-340']),
];

describe('an element of a list', () => {
  it('is the first that no earlier call was given', () => {
    const [, weigh, scan] = learn(parcels);
    expect(weigh?.args['id']).toMatchObject({ from: 'result', step: 0, selector: 'first', support: 1 });
    expect(scan?.args['id']).toEqual({
      from: 'result',
      step: 0,
      path: '/parcels/0/id',
      selector: 'unused',
      support: 1,
    });
    const taken = [
      { step: 0, args: { street: 'fir' }, result: { parcels: [{ id: 'p-901' }, { id: 'p-902' }] } },
      { step: 1, args: { id: 'p-901' } },
    ];
    const fill = (steps: typeof taken) => scan && fillArguments(scan, 'Look at parcels', steps);
    expect(fill(taken)?.values.get('id')).toBe('p-902');
    // Where the first one was left out, it is the one that nobody looked at.
    expect(fill(taken.slice(0, 1))?.values.get('id')).toBe('p-901');
    const all = [...taken, { step: 1, args: { id: 'p-902' } }];
    expect(fill(all)).toMatchObject({ missing: ['id'] });
  });

  it('is the one of which an earlier call was given something else', () => {
    const episodes = [ask(1, 'amber', 2), ask(2, 'brass', 0), ask(3, 'coral', 1), ask(4, 'dusk', 2)];
    const binding = learn(episodes).at(-1)?.args['seller'];
    expect(binding).toEqual({
      from: 'result',
      step: 2,
      path: '/offers/0/seller',
      selector: 'joined',
      support: 1,
    });
    const step = { args: { seller: binding ?? { from: 'ask' as const, support: 1 } } };
    const fill = (lamps: readonly string[]) => {
      const offers = lamps.map((lamp, at) => ({ lamp, seller: `s-77${at}` }));
      const taken = [
        { step: 1, args: { lamp: 'Ember' } },
        { step: 2, args: {}, result: { offers } },
      ];
      return fillArguments(step, 'Ask', taken).values.get('seller');
    };
    expect(fill(['flint', 'ember', 'gold'])).toBe('s-771');
    // Neither where it is in none, nor where it is in two.
    expect(fill(['flint', 'gold'])).toBeUndefined();
    expect(fill(['ember', 'ember'])).toBeUndefined();
  });

  it('is told by the same rule wherever it is found and filled', () => {
    const id = fc.constantFrom('u-17', 'u-18', 'u-19', 'ada', 'bob', 'x', '7', 12, 5, null, true);
    const elements = fc.oneof(
      fc.array(id, { maxLength: 5 }),
      fc.array(fc.record({ id, name: id, owner: fc.array(id, { maxLength: 2 }) }), { maxLength: 5 }),
    );
    const calls = fc.array(
      fc.record({ args: fc.record({ id, name: id }), result: fc.record({ list: elements, one: id }) }),
      { minLength: 2, maxLength: 5 },
    );
    fc.assert(
      fc.property(calls, fc.constantFrom('about ada', 'u-18 or bob', ''), (made, task) => {
        const sketches = made.map((call): CallSketch => ({ tool: 'any', ...call }));
        const found = findArguments(task, clean(toEpisode(1, task, sketches)).calls);
        const taken = made.slice(0, -1).map((call, step) => ({ step, ...call }));
        for (const { value, sources } of found.at(-1)?.args ?? [])
          for (const source of sources) {
            if (source.from !== 'result' || /^(?:any|part of text)$/.test(source.selector)) continue;
            const { path, call: step, selector } = source;
            const binding = { from: 'result' as const, step, path, selector, support: 1 };
            const { values } = fillArguments({ args: { it: binding } }, task, taken);
            expect(String(values.get('it')).toLowerCase()).toBe(String(value).toLowerCase());
          }
      }),
    );
  });
});

describe('what speaks against a binding', () => {
  it('is counted, with the calls, newest first', () => {
    const odd = [look(4, 'yew', ['p-441', 'p-442'], 'q-8'), look(5, 'bay', ['p-551', 'p-552'], 'q-9')];
    const more = [look(6, 'box', ['p-661', 'p-662', 'p-663']), look(7, 'may', ['p-771', 'p-772', 'p-773'])];
    const binding = learn([...parcels, ...odd, ...more])[2]?.args['id'];
    expect(binding).toMatchObject({ selector: 'unused', against: 2, exceptions: ['e-5-k2', 'e-4-k2'] });
    expect(binding?.support).toBeCloseTo(5 / 7);
  });

  it('names a few calls, however many there are', () => {
    const many = Array.from({ length: 20 }, (_, n) => {
      const ids = [0, 1, 2].map((at) => `p-${n}${at}${at}`);
      return look(10 + n, `a${'bcdefghijklmnopqrstu'.charAt(n)}`, ids, n % 4 === 0 ? 'q-90' : ids[1]);
    });
    const binding = learn(many)[2]?.args['id'];
    expect(binding).toMatchObject({ selector: 'unused', against: 5, support: 0.75 });
    expect(binding?.exceptions).toEqual(['e-26-k2', 'e-22-k2', 'e-18-k2']);
  });

  it('is not what nobody can tell: a place that was not there, or a value that was hidden in part', () => {
    const list = (n: number) => look(n, 'pine', [`p-${n}1`, `p-${n}2`]);
    const without = { ...list(4), calls: list(4).calls.map((call) => ({ ...call, result: {} })) };
    const hide = (args: unknown) => ({ ...(args as object), id: 'of [redacted:token]' });
    const hidden = {
      ...list(5),
      calls: list(5).calls.map((call, at) => (at === 2 ? { ...call, args: hide(call.args) } : call)),
    };
    const binding = learn([...parcels, without, hidden])[2]?.args['id'];
    expect(binding).toMatchObject({ selector: 'unused', support: 3 / 5 });
    expect(binding).not.toHaveProperty('against');
    expect(binding).not.toHaveProperty('exceptions');
  });

  it('is kept for words of the task, earlier arguments and constants as well', () => {
    const file = (n: number, name: string, opened: string, mode: string, closed: string): Episode =>
      toEpisode(n, `Show me the file ${name}`, [
        { tool: 'fs__read_file', args: { path: opened, mode } },
        { tool: 'fs__close_file', args: { path: closed } },
      ]);
    const usual = ['a', 'b', 'c', 'd', 'e'].map((letter, n) => {
      const name = `${letter}/${letter}.md`;
      return file(n, name, name, 'plain', name);
    });
    const [read, close] = learn([...usual, file(8, 'f/f.md', 'g/g.md', 'raw', 'h/h.md')]);
    expect(read?.args['path']).toMatchObject({ from: 'task', against: 1, exceptions: ['e-8-k0'] });
    expect(read?.args['mode']).toMatchObject({ from: 'constant', against: 1, exceptions: ['e-8-k0'] });
    expect(close?.args['path']).toMatchObject({ against: 1, exceptions: ['e-8-k1'] });
  });
});
