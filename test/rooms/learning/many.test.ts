/** A kind of task that came more often than learning looks at: what it looks at depends on the log, not on the order of arrival. */
import { describe, expect, it } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { createLearner } from '../../../src/learning/learning.ts';
import { readNotes, toEpisode } from './episodes.ts';

/** More than any bound on the cases of one cluster. */
const many = 400;

const log = Array.from({ length: many }, (_, n) =>
  readNotes(n, `file${n}.md`, {
    ...(n % 7 === 3 ? { outcome: 'failure' as const } : {}),
    // Work changes: later it is asked for in other words.
    ...(n < many / 2 ? {} : { task: `Summarise what file${n}.md says for the meeting` }),
  }),
);

const derive = (episodes: readonly Episode[], every = Number.POSITIVE_INFINITY) => {
  const learner = createLearner({ namespace: 'acme' });
  episodes.forEach((episode, at) => {
    learner.learn(episode);
    if (at % every === every - 1) learner.derive();
  });
  return learner.derive().sops;
};

describe('learner of very many episodes of one kind', () => {
  it('derives the same whatever the order of arrival, and however often it derived in between', () => {
    const sops = derive(log);
    // A stride that shares no divisor with the length visits every episode.
    const shuffled = log.map((_, at) => log[(at * 171) % many]).filter((one) => one !== undefined);
    expect(new Set(shuffled).size).toBe(many);
    expect(derive(shuffled)).toEqual(sops);
    expect(derive(shuffled, 37)).toEqual(sops);
  });

  it('counts all of them, and tells of their beginning and end', () => {
    const [sop] = derive(log);
    expect(sop?.occurrences).toBe(log.filter(({ outcome }) => outcome === 'success').length);
    expect(sop?.firstSeenAt).toBe(log[0]?.startedAt);
    expect(sop?.lastSeenAt).toBe(log.findLast(({ outcome }) => outcome === 'success')?.endedAt);
    expect(sop?.status).toBe('active');
  });

  const words = [
    'amber',
    'birch',
    'cedar',
    'delta',
    'ember',
    'fjord',
    'grove',
    'heath',
    'inlet',
    'jetty',
    'knoll',
    'lagoon',
  ];
  /** Masking leaves letters: each of these is a wording of its own. */
  const toWording = (n: number) =>
    `Summarise the notes of the ${words[n % 12]} ${words[Math.floor(n / 12) % 12]} ${words[Math.floor(n / 144)]} meeting`;
  const failsEach = (share: number, count: number) =>
    Array.from({ length: count }, (_, n) =>
      readNotes(n, `file${n}.md`, {
        task: toWording(n),
        ...(n % share === 1 ? { outcome: 'failure' as const } : {}),
      }),
    );

  it('is as sure of many as of few where as many fail', () => {
    const [few] = derive(failsEach(6, 120));
    const [more] = derive(failsEach(6, 600));
    expect(more?.confidence).toBeGreaterThanOrEqual((few?.confidence ?? 1) - 0.02);
  });

  it('counts everybody who did it, however much one of them does', () => {
    const early = [0, 1, 2].map((n) => readNotes(n, `file${n}.md`, { principal: 'grace' }));
    const late = Array.from({ length: many }, (_, n) => readNotes(n + 3, `file${n}.md`));
    const [sop] = derive([...early, ...late]);
    expect(sop).toMatchObject({ status: 'active' });
    expect(sop?.alone).toBeUndefined();
  });

  it('forgets no miss, and is not washed clean by episodes in which nothing was done', () => {
    const right = Array.from({ length: 6 }, (_, n) => readNotes(n, `file${n}.md`));
    const other = Array.from({ length: 8 }, (_, n) =>
      toEpisode(10 + n, `Summarise the notes in file${n}.md`, [
        { tool: 'web__search' },
        { tool: 'mail__send' },
      ]),
    );
    const idle = Array.from({ length: many }, (_, n) =>
      toEpisode(30 + n, `Summarise the notes in file${n}.md`, [], { outcome: 'failure' }),
    );
    const find = (episodes: readonly Episode[]) =>
      derive(episodes).find(({ procedure }) => procedure.some(({ tool }) => tool.includes('list_directory')));
    const before = find([...right, ...other]);
    const after = find([...right, ...other, ...idle]);
    expect(after?.reliability).toEqual(before?.reliability);
    expect(after?.status).toBe(before?.status);
  });

  it('reads the steps off what people asked for, not off the one job that runs every hour', () => {
    const asked = Array.from({ length: 60 }, (_, n) =>
      readNotes(n, `file${n}.md`, { task: toWording(n), principal: `p${n % 3}` }),
    );
    const hourly = Array.from({ length: many }, (_, n) =>
      toEpisode(100 + n, 'Summarise the notes of the weekly meeting', [
        { tool: 'fs__list_directory', args: { path: 'notes', limit: 10 }, result: { files: ['a.md'] } },
        { tool: 'fs__read_file', args: { path: 'a.md' }, result: { text: 'words' } },
        { tool: 'chat__post', args: { text: 'done' } },
      ]),
    );
    const [sop] = derive([...asked, ...hourly]);
    const post = sop?.procedure.find(({ tool }) => tool.includes('post'));
    expect(post === undefined || post.optional).toBe(true);
    expect(sop?.occurrences).toBeGreaterThan(60);
  });
});
