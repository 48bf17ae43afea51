// Backtests of a history: what is held out is never learned from, and figures are what counting by hand gives.
import { describe, expect, it } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { type Backtest, backtest } from '../../../src/learning/learning.ts';
import { readNotes, toEpisode } from './episodes.ts';

function run(history: readonly Episode[]): Backtest[] {
  const work = backtest('acme', history);
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

const first = 'amber basil cedar dahlia elder fennel garnet hazel'.split(' ');
const second = 'quartz river stone timber upland valley willow yarrow'.split(' ');
/** A name of its own for every number below 64: digits alone would make all wordings one. */
const toName = (n: number) => `${first[n >> 3] ?? ''}-${second[n & 7] ?? ''}`;
const notes = (n: number) => ({
  ...readNotes(n, `${toName(n)}.md`),
  task: `Summarise the notes of ${toName(n)}`,
});
const mails = (n: number) =>
  toEpisode(n, `Write a mail to ${toName(n)} about the delay`, [
    { tool: 'crm__find_person', args: { name: toName(n) } },
    { tool: 'mail__send', args: { to: `${toName(n)}@example.com` } },
  ]);
const steady = Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? notes(n) : mails(n)));

describe('a history in which tasks recur', () => {
  const cards = run(steady);

  it('is looked at in both ways, each episode on one side', () => {
    expect(cards.map(({ split, taught }) => [split, taught])).toEqual([
      ['time', 42],
      ['task', expect.any(Number)],
    ]);
    for (const { taught, heldOut, tasks } of cards) {
      expect(taught + heldOut).toBe(steady.length);
      expect(tasks).toBeLessThanOrEqual(heldOut);
    }
  });

  it('is served well, and better than by the sequence that is most frequent', () => {
    for (const { scores, baselines } of cards) {
      expect(scores['sop1_f1']).toBeGreaterThan(0.95);
      expect(scores['next3']).toBeGreaterThan(0.95);
      // One of two procedures is right for half of the tasks, and shares no tool with the other.
      expect(baselines.mostFrequent['sop1_f1']).toBeCloseTo(0.5, 0);
      expect(scores['sop1_f1']).toBeGreaterThan(baselines.mostFrequent['sop1_f1'] ?? 1);
    }
  });

  it('puts every answer into the diagram', () => {
    for (const { reliability, heldOut } of cards) {
      const positions = heldOut * 3;
      expect(reliability.nextSteps.reduce((sum, { weight }) => sum + weight, 0)).toBe(positions);
      expect(reliability.nextSteps).toHaveLength(10);
    }
  });

  it('gives the same figures whatever the order in which the history is told', () => {
    expect(run([...steady].reverse())).toEqual(cards);
  });
});

it('the past alone teaches: what came up later is not known', () => {
  const late = steady.map((one, n) => (n < 42 ? notes(n) : { ...mails(n), episodeId: one.episodeId }));
  const [card] = run(late);
  expect([card?.split, card?.scores['sop1_f1'], card?.scores['sop_coverage']]).toEqual(['time', 0, 0]);
});

it('failures are learned from and never asked about', () => {
  const history = steady.map((one, n) =>
    n >= 42 && n % 3 === 0 ? { ...one, outcome: 'failure' as const } : one,
  );
  expect(run(history)[0]).toMatchObject({ taught: 42, heldOut: 12 });
});

it('a history that is too short says nothing', () => {
  expect(run(steady.slice(0, 6))).toEqual([]);
  expect(run([])).toEqual([]);
});
