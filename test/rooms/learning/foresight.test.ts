import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import {
  createLearner,
  finish,
  foresee,
  isModel,
  isStrange,
  readModel,
  recall,
  toModel,
  train,
} from '../../../src/learning/learning.ts';
import { createTraceKeeper } from '../../../src/learning/foresight/keeper.ts';
import { readNotes, toEpisode } from './episodes.ts';
import { episodeLists } from './odd-episodes.ts';

/** Other work on the machine must not fail a property. */
vi.setConfig({ testTimeout: 60_000 });

function keep(episodes: readonly Episode[]) {
  const learner = createLearner({ namespace: 'acme' });
  for (const episode of episodes) learner.learn(episode);
  return learner.keeper.traces;
}

const seen = (tool: string, result: unknown = 'ok') => ({
  symbol: `${tool}\n`,
  args: {},
  result,
  error: false,
});
const notes = ['a', 'b', 'c', 'd', 'e'].map((name, n) => readNotes(n, `${name}.md`));
const mails = [0, 1, 2, 3].map((n) =>
  toEpisode(10 + n, `Send the weekly digest to team ${n}`, [
    { tool: 'mail__compose' },
    { tool: 'mail__send' },
  ]),
);

describe('foresee', () => {
  const learned = finish(train(keep([...notes, ...mails])));

  it('knows how a task begins, goes on and ends', () => {
    const task = 'Summarise the notes in omega.md';
    const next = (...steps: string[]) =>
      foresee(
        learned,
        task,
        steps.map((step) => seen(step)),
        3,
      ).next[0]?.tool;
    expect(next()).toBe('fs__list_directory');
    expect(next('fs__list_directory')).toBe('fs__read_file');
    expect(next('fs__list_directory', 'fs__read_file')).toBeNull();
    expect(foresee(learned, 'Send the digest', [], 1).next[0]?.tool).toBe('mail__compose');
    expect(foresee(learned, task, [], 1).alike).toBeGreaterThanOrEqual(3);
  });

  it('says nothing where neither the task nor its steps are like anything known', () => {
    expect(foresee(learned, '日本の天気は', [seen('weather__get')], 3).next).toEqual([]);
    expect(foresee(finish(train([])), 'Anything', [], 3).next).toEqual([]);
  });

  it('survives being stored', () => {
    const traces = keep([...notes, ...mails]);
    const stored: unknown = JSON.parse(JSON.stringify(toModel(traces, learned)));
    if (!isModel(stored)) throw new Error('it is no model');
    const again = finish(readModel(stored));
    for (const task of ['Summarise omega.md', 'Send the digest']) {
      const [one, other] = [learned, again].map((each) =>
        foresee(each, task, [seen('fs__list_directory')], 5),
      );
      expect(other?.next.map(({ tool }) => tool)).toEqual(one?.next.map(({ tool }) => tool));
      one?.next.forEach(({ probability }, at) =>
        expect(other?.next[at]?.probability).toBeCloseTo(probability, 2),
      );
    }
    expect(isModel({ form: 'another' })).toBe(false);
    expect(isModel(null)).toBe(false);
  });

  it('knows what it knew when another tool came since its weights were learned', () => {
    const tools = ['b__one', 'c__two', 'd__three', 'e__four', 'f__five'];
    const kinds = ['Paint', 'Repair', 'Polish', 'Measure', 'Deliver'];
    const all = Array.from({ length: 60 }, (_, n) =>
      toEpisode(n, `${kinds[n % 5] ?? ''} the thing called ${String.fromCharCode(97 + (n % 23)).repeat(4)}`, [
        { tool: tools[n % 5] ?? '' },
        { tool: tools[(n + 2) % 5] ?? '' },
      ]),
    );
    const before = finish(train(keep(all)));
    const other = toEpisode(90, 'Water the plants on the balcony', [{ tool: 'a__water' }]);
    const after = finish(recall(keep([...all, other]), before));
    for (const [at, kind] of kinds.entries())
      for (const steps of [[], [seen(tools[at] ?? '')]]) {
        const [one, same] = [before, after].map((each) => foresee(each, `${kind} the lamp`, steps, 5).next);
        for (const { tool, probability } of one ?? []) {
          const again = same?.find((next) => next.tool === tool)?.probability;
          expect(again).toBeGreaterThan(probability - 0.05);
          expect(again).toBeLessThan(probability + 0.05);
        }
      }
  });

  it('is made ready in small steps', () => {
    const many = Array.from({ length: 320 }, (_, n) => readNotes(n, `${n}-${n * 7}.md`));
    const traces = keep(many);
    const model = toModel(traces, finish(recall(traces, finish(train(traces.slice(0, 20))))));
    let steps = 0;
    for (const reading = readModel(model); reading.next().done !== true;) steps += 1;
    expect(steps).toBeGreaterThan(traces.length / 10);
  });

  it('asks which tools words want where it judges, and not where it only looks whether a text is strange', () => {
    const ask = vi.spyOn(learned.presence, 'ask');
    expect(isStrange(learned, 'Summarise the notes in omega.md', 0.5)).toBe(false);
    expect(isStrange(learned, 'Refuel the rocket', 0.5)).toBe(true);
    expect(ask).not.toHaveBeenCalled();
    ask.mockRestore();
  });

  it('finds the same nearest tasks however many are asked for', () => {
    fc.assert(
      fc.property(episodeLists, fc.nat(40), (episodes, max) => {
        const { documents } = finish(train(keep(episodes))).knowledge;
        for (const { features } of documents.all.slice(0, 5)) {
          const all = documents.near(features, documents.all.length);
          const sorted = [...all].sort((a, b) => b.likeness - a.likeness || a.document.at - b.document.at);
          expect(all).toEqual(sorted);
          expect(documents.near(features, max)).toEqual(sorted.slice(0, max));
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps nothing of results and arguments in clear', () => {
    const stored = JSON.stringify(toModel(keep(notes), learned));
    expect(stored).not.toContain('secret words');
    expect(stored).not.toContain('a.md');
  });
});

describe('what failed', () => {
  const from = 100;
  /** Two ways to begin of which one went well once; who failed went on to the second step all the same. */
  const failures = Array.from({ length: 12 }, (_, n) =>
    toEpisode(from + n, `Refund order number ${n}`, [{ tool: 'shop__find' }, { tool: 'shop__refund' }], {
      outcome: 'failure',
    }),
  );
  const wins = [
    toEpisode(50, 'Refund my order', [{ tool: 'shop__find' }, { tool: 'shop__refund' }]),
    toEpisode(51, 'Cancel my order', [{ tool: 'shop__find' }, { tool: 'shop__cancel' }]),
  ];
  const chanceOf = (tool: string, episodes: readonly Episode[]) =>
    foresee(finish(train(keep(episodes))), 'An order', [seen('shop__find')], 5).next.find(
      (each) => each.tool === tool,
    )?.probability ?? 0;

  it('tells what agents do next', () => {
    expect(chanceOf('shop__refund', [...wins, ...failures])).toBeGreaterThan(
      chanceOf('shop__refund', wins) + 0.05,
    );
  });

  it('is no task that resembles another, and names no tool that never went well', () => {
    const lost = toEpisode(60, 'Erase the archive', [{ tool: 'disk__erase' }], { outcome: 'failure' });
    const learned = finish(train(keep([...wins, ...failures, lost])));
    const { next, alike } = foresee(learned, 'Erase the archive', [seen('shop__find')], 20);
    expect(next.map(({ tool }) => tool)).not.toContain('disk__erase');
    expect(alike).toBe(0);
    expect(foresee(finish(train(keep([lost]))), 'Erase the archive', [], 3).next).toEqual([]);
  });

  it('ties no tasks together and is stored without its words', () => {
    const traces = keep([...wins, ...failures]);
    const model = toModel(traces, finish(train(traces)));
    expect(model.traces).toHaveLength(wins.length + failures.length);
    expect(model.texts).toHaveLength(wins.length);
    const again = finish(readModel(model));
    expect(again.tasks).toBe(wins.length);
    expect(foresee(again, 'Refund it', [seen('shop__find')], 1).next[0]?.tool).toBe('shop__refund');
  });

  it('does not push out what went well, and goes when it is learned anew', () => {
    const keeper = createTraceKeeper({ wonMax: 5, failedMax: 10 });
    for (const episode of wins) keeper.learn(episode);
    for (const episode of failures) keeper.learn(episode);
    const ids = () => keeper.traces.map(({ id }) => id);
    expect(ids()).toHaveLength(wins.length + 10);
    expect(ids()).toEqual(expect.arrayContaining(wins.map(({ episodeId }) => episodeId)));
    const [changed] = failures.filter(({ episodeId }) => ids().includes(episodeId));
    if (changed === undefined) throw new Error('none was kept');
    keeper.learn({ ...changed, outcome: 'success' });
    expect(ids().filter((id) => id === changed.episodeId)).toHaveLength(1);
    expect(keeper.traces.filter(({ weight }) => weight === 1)).toHaveLength(wins.length + 1);
    keeper.forget(changed.episodeId);
    expect(ids()).not.toContain(changed.episodeId);
  });
});

describe('foresight', () => {
  it('is the same whatever the order of arrival, never names a tool that was not seen, and gives probabilities', () => {
    fc.assert(
      fc.property(
        episodeLists.chain((episodes) =>
          fc.tuple(
            fc.constant(episodes),
            fc.shuffledSubarray(episodes, { minLength: episodes.length, maxLength: episodes.length }),
          ),
        ),
        fc.string(),
        ([episodes, arrived], odd) => {
          const [one, other] = [episodes, arrived].map((each) => finish(train(keep(each))));
          const tools = new Set(
            episodes.flatMap((episode) => episode.calls.map((call) => call.name || call.tool)),
          );
          for (const task of [odd, ...episodes.slice(0, 4).map((episode) => episode.task)]) {
            const steps = [seen([...tools][0] ?? 'none')];
            const first = one === undefined ? undefined : foresee(one, task, steps, 3);
            expect(other === undefined ? undefined : foresee(other, task, steps, 3)).toEqual(first);
            for (const { tool, probability } of first?.next ?? []) {
              if (tool !== null) expect(tools).toContain(tool);
              expect(probability).toBeGreaterThanOrEqual(0);
              expect(probability).toBeLessThanOrEqual(1);
            }
          }
        },
      ),
      { numRuns: 8 },
    );
  });
});
