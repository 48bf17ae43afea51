/** Imports: the same facts with the same ids each time, redacted like any other. */
import { describe, expect, it } from 'vitest';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import { limits } from '../../../machines/words/limits.ts';
import { announceImport, toImportedIds } from '../../../src/actors/actors.ts';
import { createWorld } from './world.ts';

const secret = `sk-ant-api03-${'aB3d'.repeat(23)}-AA`;

const episode: ImportedEpisode = {
  source: 'claude-code:one',
  key: '7',
  task: `Read the notes with ${secret}`,
  outcome: 'success',
  agent: 'claude',
  startedAt: '2026-01-02T03:04:05Z',
  calls: [
    {
      server: 'fs',
      tool: 'read',
      args: { path: '/a' },
      result: 'text',
      error: false,
      at: '2026-01-02T03:04:06Z',
    },
    { tool: 'Bash', args: { command: 'ls' }, result: { out: 1 }, error: true },
  ],
};

function importing(imported: ImportedEpisode, namespace = 'acme') {
  const world = createWorld();
  const calls = announceImport(imported, { ...world, namespace, principal: 'ada' });
  return { ...world, calls };
}

describe('an imported episode', () => {
  it('becomes the facts that its session would have left', () => {
    const { events, calls } = importing(episode);
    const { session, taskId } = toImportedIds('acme', episode);
    expect(calls).toBe(2);
    expect(events).toMatchObject([
      {
        type: 'task.started',
        at: '2026-01-02T03:04:05.000Z',
        data: { taskId, source: 'import', principal: 'ada' },
      },
      {
        type: 'call.finished',
        at: '2026-01-02T03:04:06.000Z',
        data: { name: 'fs__read', server: 'fs', tool: 'read', isError: false, imported: true, taskId },
      },
      { type: 'call.finished', data: { name: 'Bash', server: '', isError: true } },
      { type: 'task.finished', data: { taskId, outcome: 'success', calls: 2 } },
    ]);
    expect(new Set(events.map(({ actor }) => actor.id))).toEqual(new Set([session]));
    expect(JSON.stringify(events)).not.toContain(secret);
  });

  it('has the same ids each time, whenever and by whomever it is imported', async () => {
    const first = importing(episode);
    const later = createWorld();
    await later.clock.advance(1_000_000);
    announceImport(episode, { ...later, namespace: 'acme', principal: 'grace' });
    expect(later.events.map(({ id }) => id)).toEqual(first.events.map(({ id }) => id));
    expect(new Set(first.events.map(({ id }) => id)).size).toBe(4);
  });

  it('has other ids in another namespace, from another source and under another key', () => {
    const ids = [
      toImportedIds('acme', episode),
      toImportedIds('other', episode),
      toImportedIds('acme', { ...episode, source: 'claude-code:two' }),
      toImportedIds('acme', { ...episode, key: '8' }),
    ].flatMap(({ session, taskId, episodeId }) => [session, taskId, episodeId]);
    expect(new Set(ids).size).toBe(12);
  });

  it('that grew adds only what is new', () => {
    const more = { tool: 'Edit', args: {}, result: null, error: false };
    const before = new Set(importing(episode).events.map(({ id }) => id));
    const grown = importing({ ...episode, calls: [...episode.calls, more] }).events;
    expect(grown.filter(({ id }) => !before.has(id)).map(({ type }) => type)).toEqual([
      'call.finished',
      'task.finished',
    ]);
    const told = importing({ ...episode, outcome: 'failure' }).events;
    expect(told.filter(({ id }) => !before.has(id)).map(({ type }) => type)).toEqual(['task.finished']);
  });

  it('without times gets the time of its import, and calls inherit the last known one', () => {
    const { startedAt: _unknown, ...timeless } = episode;
    const { events } = importing({
      ...timeless,
      calls: [
        { tool: 'Read', args: {}, result: '', error: false },
        { tool: 'Read', args: {}, result: '', error: false, at: '2026-05-05T00:00:00Z' },
        { tool: 'Read', args: {}, result: '', error: false, at: 'yesterday' },
      ],
    });
    expect(events.map(({ at }) => at.slice(0, 10))).toEqual([
      '2026-01-01',
      '2026-01-01',
      '2026-05-05',
      '2026-05-05',
      '2026-05-05',
    ]);
  });

  it('keeps at most as many calls as an episode may have', () => {
    const call = { tool: 'Read', args: {}, result: '', error: false };
    const calls = Array.from({ length: limits.episodeCallsMax + 5 }, () => call);
    expect(importing({ ...episode, calls }).calls).toBe(limits.episodeCallsMax);
  });
});
