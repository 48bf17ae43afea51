// What is foreseen where few tasks are known: no surer than so few successes can be.
import { describe, expect, it } from 'vitest';
import { createLearner, finish, foresee, train } from '../../../src/learning/learning.ts';
import { toEpisode } from './episodes.ts';

const rooms = ['garden', 'kitchen', 'attic', 'cellar', 'porch', 'garage'];

/** So many tasks that were all done alike. */
function learn(times: number) {
  const learner = createLearner({ namespace: 'acme' });
  rooms.slice(0, times).forEach((room, n) => {
    const calls = ['fs__list', 'fs__read', 'fs__write'].map((tool) => ({ tool }));
    learner.learn(toEpisode(n, `Write a summary of the notes in /srv/${room}`, calls));
  });
  return finish(train(learner.keeper.traces));
}

function ask(times: number, task = 'Could you give me a summary of the notes in /srv/loft?') {
  const seen = [{ symbol: 'fs__list\n', args: {}, result: 'ok', error: false }];
  return foresee(learn(times), task, seen, 3);
}

describe('a next step after few tasks', () => {
  it('is no surer than a procedure of three successes, and rests on these three', () => {
    const { next, alike } = ask(3);
    expect(next[0]?.tool).toBe('fs__read');
    expect(alike).toBe(3);
    expect(next[0]?.probability).toBeGreaterThanOrEqual(0.7);
    expect(next[0]?.probability).toBeLessThan(0.74);
  });

  it('rests on all that took the same steps, though one of them alone has the very words', () => {
    expect(ask(3, 'Write a summary of the notes in /srv/attic').alike).toBe(3);
  });

  it('gets surer with each further one', () => {
    const [two, three, six] = [2, 3, 6].map((times) => ask(times).next[0]?.probability ?? 0);
    expect(two).toBeLessThan(0.7);
    expect(three).toBeLessThan(six ?? 0);
    expect(six).toBeLessThan(0.9);
  });
});
