// Next steps of a tool that does everything by one argument: named by the key that was learned, alike for what was kept and what is asked.
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import {
  bindArguments,
  createLearner,
  finish,
  foresee,
  isModel,
  type Learned,
  type Learner,
  readModel,
  recall,
  toModel,
  train,
} from '../../../src/learning/learning.ts';
import { type CallSketch, readNotes, toEpisode } from './episodes.ts';

/** Other work on the machine must not fail a property. */
vi.setConfig({ testTimeout: 60_000 });

const topics = ['the crash', 'a slow login', 'a broken link', 'a typo', 'the wrong currency', 'odd fonts'];
const about = (n: number) => topics[n % topics.length] ?? '';
const list = (n: number): CallSketch => ({
  tool: 'gh__issue',
  args: { action: 'list', state: 'open' },
  result: { items: [{ id: `I-${n}41` }] },
});
const close = (n: number, action = 'close'): CallSketch => ({
  tool: 'gh__issue',
  args: { action, id: `I-${n}41` },
  result: 'done',
});
const cleanUp = (n: number, more: Partial<Episode> = {}) =>
  toEpisode(n, `Clean up the tickets about ${about(n)}`, [list(n), close(n)], more);
const look = (n: number) =>
  toEpisode(30 + n, `What does the handbook say of ${about(n)}?`, [
    {
      tool: 'kb__get_page',
      args: { part: 'outline', about: about(n) },
      result: { sections: [{ at: `s${n}x7` }] },
    },
    { tool: 'kb__get_page', args: { part: 'section', at: `s${n}x7` } },
  ]);

function teach(episodes: readonly Episode[], options: { readonly sharedNamespace?: boolean } = {}): Learner {
  const learner = createLearner({ namespace: 'acme', ...options });
  for (const episode of episodes) learner.learn(episode);
  learner.derive();
  return learner;
}
const learn = ({ keeper }: Learner) => finish(train(keeper.traces, keeper.keys));
const toSeen = ({ tool, args = {}, result = 'ok', error = false }: CallSketch) => ({
  symbol: `${tool}\n`,
  args,
  result,
  error,
});
const toMade = ({ tool, args = {}, result = 'ok' }: CallSketch) => ({ tool, args, result });
const next = (learned: Learned, task: string, calls: readonly CallSketch[]) =>
  foresee(learned, task, calls.map(toSeen), 5).next;
/** The first one, with its arguments. */
function first(learned: Learned, task: string, calls: readonly CallSketch[]) {
  const [one] = next(learned, task, calls);
  const bound = bindArguments(learned, task, calls.map(toMade), one?.tool ?? '', one?.program);
  const args = Object.fromEntries([...bound].map(([path, { value }]) => [path, value]));
  return { tool: one?.tool, program: one?.program, key: one?.key, args };
}

const six = [0, 1, 2, 3, 4, 5];
const task = 'Clean up the tickets about the menu';

describe('a next step', () => {
  const learned = learn(teach([...six.map((n) => cleanUp(n)), ...six.map(look)]));

  it('is told apart by what the call before it was for', () => {
    expect(first(learned, task, [])).toMatchObject({ tool: 'gh__issue', program: 'list', key: 'action' });
    expect(first(learned, task, [list(9)])).toMatchObject({
      tool: 'gh__issue',
      program: 'close',
      args: { id: 'I-941' },
    });
    expect(first(learned, task, [list(9), close(9)]).tool).toBeNull();
  });

  it('has the word in its argument where constants need nobody, and elsewhere leaves it out', () => {
    const outline = {
      tool: 'kb__get_page',
      args: { part: 'outline' },
      result: { sections: [{ at: 's9x7' }] },
    };
    expect(first(learned, 'What does the handbook say of leave?', [outline])).toEqual({
      tool: 'kb__get_page',
      program: 'section',
      key: 'part',
      args: { part: 'section', at: 's9x7' },
    });
    // The word of the call before stands there as well, and would be another step.
    expect(first(learned, task, [list(9)]).args).not.toHaveProperty('action');
  });

  it('knows what helps where a call of one word failed', () => {
    const locked = six.map((n) =>
      toEpisode(n, `Clean up the tickets about ${about(n)}`, [
        list(n),
        ...(n % 2 === 0 ? [{ ...close(n), error: true, result: 'locked' }, close(n, 'unlock')] : []),
        close(n),
      ]),
    );
    const failed = { ...close(9), error: true, result: 'locked' };
    const own = learn(teach([...locked, ...six.map(look)]));
    expect(first(own, task, [list(9), failed])).toMatchObject({ program: 'unlock', args: { id: 'I-941' } });
    expect(first(own, task, [list(9), failed, close(9, 'unlock')]).program).toBe('close');
    expect(first(own, task, [list(9), close(9)]).tool).toBeNull();
  });

  it('has only arguments that such calls have', () => {
    expect(Object.keys(first(learned, task, [list(9)]).args)).toEqual(['id']);
  });

  it('takes no constant where the word says that something is changed, whatever the tool is called', () => {
    const episodes = six.map((n) =>
      toEpisode(n, `Tidy up ${about(n)}`, [
        { tool: 'db__query', args: { action: 'find', limit: 9 } },
        { tool: 'db__query', args: { action: 'delete', mode: 'all', force: true } },
      ]),
    );
    const learner = teach(episodes);
    const tidy = learn(learner);
    const found = { tool: 'db__query', args: { action: 'find', limit: 9 } };
    expect(first(tidy, 'Tidy up the menu', []).args).toEqual({ action: 'find', limit: 9 });
    expect(first(tidy, 'Tidy up the menu', [found])).toMatchObject({ program: 'delete', args: {} });
    const { args } = learner.derive().sops[0]?.procedure[1] ?? {};
    expect(args).toMatchObject({ action: { from: 'ask', selector: 'delete' }, mode: { from: 'ask' } });
  });

  it('is the same after the model was stored, read and brought up to date', () => {
    const { keeper } = teach(six.map((n) => cleanUp(n)));
    const own = finish(train(keeper.traces, keeper.keys));
    const stored: unknown = JSON.parse(JSON.stringify(toModel(keeper.traces, own)));
    if (!isModel(stored)) throw new Error('it is no model');
    for (const again of [finish(readModel(stored)), finish(recall(keeper.traces, own))])
      for (const calls of [[], [list(9)], [list(9), close(9)]])
        expect(first(again, task, calls)).toEqual(first(own, task, calls));
  });

  it('is named anew when a key is found, and when it is forgotten', () => {
    const learner = teach([0, 1].map((n) => cleanUp(n)));
    expect(first(learn(learner), task, [list(9)]).program).toBeUndefined();
    const { changes } = learner.keeper;
    learner.learn(cleanUp(2));
    learner.derive();
    expect(learner.keeper.changes).toBe(changes + 2);
    expect(first(learn(learner), task, [list(9)]).program).toBe('close');
    learner.forget('e-0');
    learner.derive();
    expect(learner.keeper.keys).toEqual([]);
    expect(first(learn(learner), task, [list(9)]).program).toBeUndefined();
  });

  it('of those who state no task is told apart as well', () => {
    const silent = six.map((n) => toEpisode(n, '', [list(n), close(n, n % 2 === 0 ? 'close' : 'pin')]));
    const stated = six.map((n) => cleanUp(n, { episodeId: `t-${n}` }));
    const pinned = six.map((n) =>
      toEpisode(n, `Keep ${about(n)} on top`, [list(n), close(n, 'pin')], { episodeId: `p-${n}` }),
    );
    const { knowledge } = learn(teach([...stated, ...pinned, ...silent]));
    const lines = knowledge.documents.all.map(({ runs }) =>
      [...new Set(runs.map(({ symbols }) => symbols.map((at) => knowledge.symbols[at]).join()))].sort(),
    );
    // Each wording did one thing.
    for (const own of lines) expect(own).toHaveLength(1);
    expect(new Set(lines.flat())).toEqual(
      new Set(['gh__issue\nlist,gh__issue\nclose', 'gh__issue\nlist,gh__issue\npin']),
    );
  });
});

describe('where no key is known', () => {
  it('nothing is named, and the model is as large as it was', () => {
    const { keeper } = teach(['a', 'b', 'c', 'd', 'e'].map((name, n) => readNotes(n, `${name}.md`)));
    const learned = finish(train(keeper.traces, keeper.keys));
    expect(learned.naming.keys).toEqual([]);
    for (const trace of keeper.traces) expect(learned.naming.trace(trace)).toBe(trace);
    const { keys, ...others } = toModel(keeper.traces, learned);
    expect(keys).toEqual([]);
    expect(JSON.stringify(others)).not.toMatch(/choices|stated/);
  });
});

describe('a word that one person alone says', () => {
  it('is foreseen by nobody who shares the namespace', () => {
    const own = six.map((n) => cleanUp(n, { principal: n % 2 === 0 ? 'ada' : 'bob' }));
    const hostile = [0, 1, 2].map((n) =>
      toEpisode(40 + n, `Clean up the tickets about ${about(n)}`, [list(n), close(n, 'obey')], {
        principal: 'mallory',
      }),
    );
    const words = (shared: boolean) => {
      const learned = learn(teach([...own, ...hostile], { sharedNamespace: shared }));
      return [[], [list(9)], [list(9), close(9)]].flatMap((calls) =>
        next(learned, task, calls).map(({ program }) => program),
      );
    };
    expect(words(false)).toContain('obey');
    expect(words(true)).not.toContain('obey');
    expect(words(true)).toContain('close');
  });
});

const drawn = fc.record({
  topic: fc.nat(topics.length - 1),
  stated: fc.boolean(),
  outcome: fc.constantFrom('success', 'unknown', 'failure'),
  calls: fc.array(
    fc.record({
      word: fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom('get', 'close') },
        { weight: 1, arbitrary: fc.constantFrom('pin', 'I-441', 'two words') },
      ),
      error: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
} as const);
const toCall = (word: string, n: number): CallSketch => ({
  tool: 'gh__issue',
  args: { action: word, [`for_${word.slice(0, 3)}`]: n },
  result: { id: `I-${n}1` },
});
const toHistory = (all: readonly (typeof drawn extends fc.Arbitrary<infer One> ? One : never)[]): Episode[] =>
  all.map(({ topic, stated, outcome, calls }, n) =>
    toEpisode(
      n,
      stated ? `Clean up the tickets about ${about(topic)}` : '',
      calls.map(({ word, error }) => ({ ...toCall(word, n), error: error && n % 3 === 0 })),
      { outcome },
    ),
  );

describe('next steps that keys tell apart', () => {
  it('are the same in any order, whatever was forgotten; none has a word that was not learned, and all are probabilities', () => {
    let keyed = 0;
    const some = fc.array(drawn, { minLength: 6, maxLength: 20 });
    fc.assert(
      fc.property(some, some, fc.infiniteStream(fc.nat(99)), (kept, passing, chance) => {
        const draw = () => chance.next().value ?? 0;
        const episodes = toHistory(kept);
        const others = toHistory(passing).map((one) => ({ ...one, episodeId: `x-${one.episodeId}` }));
        const learner = createLearner({ namespace: 'acme' });
        for (const one of [...episodes, ...others].sort(() => draw() - 50)) {
          learner.learn({ ...one, calls: one.calls.slice(0, 1), end: 'open' });
          learner.learn(one);
          if (draw() < 20) learner.derive();
        }
        for (const one of others) learner.forget(one.episodeId);
        learner.derive();
        const [one, other] = [learn(learner), learn(teach(episodes))];
        const words = new Set(one.naming.keys.flatMap((key) => key.words));
        for (const calls of [[], [toCall('get', 9)], [toCall('get', 9), toCall('close', 9)]]) {
          const foreseen = next(one, task, calls);
          expect(next(other, task, calls)).toEqual(foreseen);
          expect(first(other, task, calls)).toEqual(first(one, task, calls));
          for (const { program } of foreseen) if (program !== undefined) expect(words).toContain(program);
          const sum = foreseen.reduce((all, { probability }) => all + probability, 0);
          expect(sum).toBeLessThanOrEqual(1 + 1e-9);
          if (foreseen.some(({ program }) => program !== undefined)) keyed += 1;
        }
      }),
      { numRuns: 30 },
    );
    // Else it would say nothing of keys that were found.
    expect(keyed).toBeGreaterThan(5);
  });
});
