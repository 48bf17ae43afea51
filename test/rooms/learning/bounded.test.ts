/** A history that is bigger than a learner, and one that is told in slices. */
import { describe, expect, it } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { createLearner } from '../../../src/learning/learning.ts';
import { readNotes } from './episodes.ts';

const many = 240;
const casesMax = 60;
const log = Array.from({ length: many }, (_, n) =>
  readNotes(n, `file${n}.md`, n % 3 === 0 ? { task: `Summarise what file${n}.md says for the meeting` } : {}),
);
/** A stride that shares no divisor with the length visits every episode. */
const shuffled = log.flatMap((_, at) => log[(at * 77) % many] ?? []);

function learn(episodes: readonly Episode[], max = casesMax, every = Number.POSITIVE_INFINITY) {
  const learner = createLearner({ namespace: 'acme', casesMax: max });
  episodes.forEach((episode, at) => {
    learner.learn(episode);
    if (at % every === every - 1) learner.derive();
  });
  return learner;
}

describe('a history that is bigger than a learner', () => {
  it('is learned from by lot, whatever the order of arrival and however often was derived in between', () => {
    const learner = learn(log);
    const { episodes, share } = learner.size;
    expect(episodes).toBeLessThanOrEqual(casesMax);
    expect(share).toBeLessThan(1);
    const { sops } = learner.derive();
    expect(sops[0]?.occurrences).toBeGreaterThan(3);
    expect(sops[0]?.occurrences).toBeLessThanOrEqual(casesMax);
    expect(new Set(shuffled).size).toBe(many);
    expect(learn(shuffled).derive().sops).toEqual(sops);
    expect(learn(shuffled, casesMax, 17).derive().sops).toEqual(sops);
  });

  it('lets nothing go as long as everything fits', () => {
    const learner = learn(log, many);
    expect(learner.size).toMatchObject({ episodes: many, share: 1 });
    expect(learner.derive().sops).toEqual(learn(log, many * 2).derive().sops);
  });

  it('forgets what it knows and what it let go', () => {
    const learner = learn(log);
    learner.derive();
    for (const { episodeId } of log) learner.forget(episodeId);
    expect(learner.derive().sops).toEqual([]);
    expect(learner.size.episodes).toBe(0);
  });

  it('learns in numbers that other words had before as one that never knew those', () => {
    const words = 'amber birch cedar delta ember fjord grove heath'.split(' ');
    const other = log.map((episode, at) => ({
      ...episode,
      task: `Weigh the ${words[at % 8] ?? ''} of ${words[(at + 3) % 7] ?? ''}`,
    }));
    const learner = learn(log, many, 50);
    learner.derive();
    other.forEach((episode, at) => {
      learner.learn(episode);
      if (at % 31 === 30) learner.derive();
    });
    expect(learner.derive().sops).toEqual(learn(other, many).derive().sops);
  });
});

describe('a long log', () => {
  it('is told in slices, and what comes or goes in between counts', () => {
    const long = Array.from({ length: 620 }, (_, n) => readNotes(n, `file${n}.md`));
    const learner = createLearner({ namespace: 'acme' });
    const [early, late] = [long.slice(0, 20), long.slice(20)];
    for (const episode of late) learner.learn(episode);
    let slices = 1;
    expect(learner.work()).toBe(true);
    for (const episode of early) learner.learn(episode);
    learner.forget(long[580]?.episodeId ?? '');
    learner.forget(long[30]?.episodeId ?? '');
    while (learner.work()) slices += 1;
    expect(slices).toBeGreaterThan(1);
    const anew = createLearner({ namespace: 'acme' });
    long.forEach((episode, at) => {
      if (at !== 30 && at !== 580) anew.learn(episode);
    });
    expect(learner.derive().sops).toEqual(anew.derive().sops);
    expect(learner.derive().sops[0]?.occurrences).toBe(long.length - 2);
  });
});
