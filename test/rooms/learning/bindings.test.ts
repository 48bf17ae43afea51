// Where arguments of next steps come from: the task's own words, what was given before, and what results brought.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { bindArguments, createLearner, finish, train } from '../../../src/learning/learning.ts';
import { toEpisode } from './episodes.ts';

function learn(episodes: readonly Episode[]) {
  const learner = createLearner({ namespace: 'acme' });
  for (const episode of episodes) learner.learn(episode);
  return finish(train(learner.keeper.traces));
}

/** A customer's order is found and looked at; only some tasks go on to ship it. */
function orders(n: number): Episode {
  const [user, order] = [`user_${n}x`, `#W${n}00`];
  const goods = ['Lamp', 'Chair', 'Kettle'];
  return toEpisode(n, `My username is "${user}," and my ${goods[n % 3]?.toLowerCase() ?? ''} is broken`, [
    { tool: 'shop__find_user', args: { username: user }, result: { found: true } },
    {
      tool: 'shop__get_orders',
      args: { username: user },
      result: goods.map((name, at) => ({ name, order_id: `${order}${at}` })),
    },
    { tool: 'shop__get_order', args: { order_id: `${order}${n % 3}` }, result: { ok: true } },
    ...(n === 0 ? [{ tool: 'shop__ship', args: { username: user, speed: 'slow' } }] : []),
  ]);
}

describe('bindings', () => {
  const learned = learn(Array.from({ length: 12 }, (_, n) => orders(n)));
  const task = 'My username is "newcomer," and the kettles are broken';
  const found = { tool: 'shop__find_user', args: { username: 'newcomer' }, result: { found: true } };
  const listed = {
    tool: 'shop__get_orders',
    args: { username: 'newcomer' },
    result: [
      { name: 'Chair', order_id: '#W1' },
      { name: 'Kettle', order_id: '#W2' },
    ],
  };

  it('takes a value from the task, without the comma that its quotes hold', () => {
    const bound = bindArguments(learned, task, [], 'shop__find_user').get('username');
    expect(bound?.value).toBe('newcomer');
    expect(bound?.probability).toBeGreaterThan(0.7);
  });

  it('takes the element that the task speaks of, whatever the ending of the word', () => {
    expect(bindArguments(learned, task, [found, listed], 'shop__get_order').get('order_id')?.value).toBe(
      '#W2',
    );
  });

  it('knows an argument of a tool that was seen once by its name', () => {
    const bound = bindArguments(learned, 'Ship it', [found, listed], 'shop__ship').get('username');
    expect(bound?.value).toBe('newcomer');
  });

  it('leaves an argument that hardly any call has to the agent', () => {
    const rarely = learn(
      Array.from({ length: 30 }, (_, n) => {
        const episode = orders(n);
        const [first, ...others] = episode.calls;
        const args = n === 3 ? { username: `user_${n}x`, order_id: '#W9' } : first?.args;
        return first === undefined ? episode : { ...episode, calls: [{ ...first, args }, ...others] };
      }),
    );
    const bound = bindArguments(rarely, task, [found, listed], 'shop__find_user');
    expect([...bound.keys()]).toEqual(['username']);
  });

  it('makes no constant of what one call that changes something was given', () => {
    expect(bindArguments(learned, task, [found], 'shop__ship').has('speed')).toBe(false);
  });

  it('gives only what stands in the task, in a call or in a result, and probabilities, in whatever order it learned', () => {
    const word = fc.stringMatching(/^[a-z]{3,8}\d{2,4}$/);
    const lists = fc.array(fc.record({ id: word, other: word }), { minLength: 3, maxLength: 12 });
    fc.assert(
      fc.property(lists, word, word, (all, asked, brought) => {
        const episodes = all.map(({ id, other }, n) =>
          toEpisode(n, `Find case ${id} please`, [
            { tool: 'desk__find', args: { key: id }, result: [{ ref: other }, { ref: `${other}b` }] },
            { tool: 'desk__open', args: { ref: other, key: id } },
          ]),
        );
        const calls = [{ tool: 'desk__find', args: { key: asked }, result: [{ ref: brought }] }];
        const [one, other] = [episodes, episodes.toReversed()].map((each) =>
          bindArguments(learn(each), `Find case ${asked} please`, calls, 'desk__open'),
        );
        expect(other).toEqual(one);
        for (const { value, probability } of one?.values() ?? []) {
          expect([asked, brought, 'Find', 'case', 'please', 'Find case']).toContain(value);
          expect(probability).toBeGreaterThan(0);
          expect(probability).toBeLessThan(1);
        }
      }),
      { numRuns: 5 },
    );
  });
});
