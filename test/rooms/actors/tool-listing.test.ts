/** From what upstreams offer to what clients get: walls, names and trust hold for listing and for calling. */
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CallCommand } from '../../../machines/words/calls.ts';
import { openBoards, openUpstreams } from '../../../src/actors/actors.ts';
import { composeListing, toHeldRoute } from '../../../src/actors/upstreams/tool-listing.ts';
import { createClock } from '../../../src/node/clock.ts';
import type { Verdict } from '../../../src/upstream/upstream.ts';
import { createWorld } from './world.ts';

const tool = (name: string, description = 'does it') => ({ name, definition: { name, description } });
const trustOf = (verdicts: Readonly<Record<string, Verdict>>) => ({
  pin: () => undefined,
  verdict: (_server: string, { name }: { readonly name: string }) => verdicts[name] ?? ('trusted' as const),
});
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/upstreams/${name}`, import.meta.url));

const command: CallCommand = {
  callId: 'k-1',
  name: 'x',
  args: '{}',
  meta: undefined,
  traceparent: undefined,
  signal: new AbortController().signal,
  notify: undefined,
};

describe('a listing', () => {
  it('holds back what is not trusted, under its own name, with the command that helps', async () => {
    const entries = [{ alias: 'fs', tools: [tool('read'), tool('write'), tool('new'), tool('gone')] }];
    const trust = trustOf({ write: 'changed', new: 'fresh', gone: 'away' });
    const { tools, held } = composeListing({ entries, prefix: 'always', reserved: [], trust });
    expect(tools.map(({ name }) => name)).toEqual(['fs__read']);
    expect(held.map(({ name, why }) => `${name} ${why}`)).toEqual([
      'fs__write changed',
      'fs__new fresh',
      'fs__gone away',
    ]);
    const outcomes = await Promise.all(held.map((one) => toHeldRoute(one).call(command, 'default')));
    expect(outcomes).toMatchObject([
      {
        outcome: 'refused',
        code: 'tool_changed',
        message: expect.stringContaining('drey tools approve fs write'),
      },
      {
        outcome: 'refused',
        code: 'tool_unapproved',
        message: expect.stringContaining('drey tools approve fs new'),
      },
      { outcome: 'refused', code: 'tool_unapproved', retryAfterMs: 2_000 },
    ]);
  });

  it('gives nobody else the name of what it holds back', () => {
    const entries = [
      { alias: 'a', tools: [tool('read')] },
      { alias: 'b', tools: [tool('read')] },
    ];
    const names = (verdicts: Readonly<Record<string, Verdict>>) => {
      const { tools, held } = composeListing({
        entries,
        prefix: 'conflict',
        reserved: [],
        trust: { pin: () => undefined, verdict: (server) => verdicts[server] ?? 'trusted' },
      });
      return [...tools, ...held].map(({ name }) => name).toSorted();
    };
    expect(names({ a: 'changed' })).toEqual(names({}));
  });

  it('writes hidden characters out and flags the tool; what cannot be kept is left out', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(120)}1${'}'.repeat(120)}`);
    const tools = [tool('read', 'ok\u202e'), { name: 'deep', definition: deep }, tool('nul\0')];
    const entries = [{ alias: 'fs', tools }];
    const listing = composeListing({ entries, prefix: 'always', reserved: [], trust: trustOf({}) });
    expect(listing.tools).toEqual([
      {
        name: 'fs__read',
        server: 'fs',
        tool: 'read',
        definition: { name: 'fs__read', description: 'ok\\u{202e}' },
        stale: false,
        flags: ['hidden_characters'],
      },
    ]);
    expect(listing.held.map(({ tool: name, why }) => [name, why])).toEqual([
      ['deep', 'unusable'],
      ['nul\0', 'unusable'],
    ]);
  });

  it('accounts for every tool exactly once, and no name stands for two', () => {
    const names = fc.constantFrom('read', 'Read', 'rea\u200bd', 'a__read', 'b__read', 'task', 'x'.repeat(70));
    const list = fc.uniqueArray(names, { maxLength: 5 });
    const verdict = fc.constantFrom<Verdict>('trusted', 'changed', 'fresh', 'away');
    const mode = fc.constantFrom('always' as const, 'conflict' as const, 'never' as const);
    fc.assert(
      fc.property(list, list, mode, fc.func(verdict), (one, two, prefix, judge) => {
        const entries = [
          { alias: 'a', tools: one.map((name) => tool(name)) },
          { alias: 'b', tools: two.map((name) => tool(name)) },
        ];
        const trust = {
          pin: () => undefined,
          verdict: (server: string, { name }: { name: string }) => judge(server, name),
        };
        const { tools, held } = composeListing({ entries, prefix, reserved: ['task'], trust });
        expect(tools.length + held.length).toBe(one.length + two.length);
        const shown = [...tools, ...held].flatMap(({ name }) => (name === null ? [] : [name]));
        expect(new Set(shown).size).toBe(shown.length);
        for (const name of shown) expect(name).toMatch(/^[A-Za-z0-9_-]{1,50}$/);
        expect(shown).not.toContain('task');
        for (const { server, tool: name } of tools) expect(judge(server, name)).toBe('trusted');
      }),
    );
  });
});

describe('the lists of an upstream', () => {
  it('are walls for listing and for calling, of a real upstream', async () => {
    const { announcer, log } = createWorld();
    const boards = openBoards(log);
    const upstreams = openUpstreams({
      configs: {
        one: {
          command: process.execPath,
          args: [fixture('echo.mjs')],
          tools: { allow: ['tool_*'], deny: ['*_1'] },
        },
        silent: { command: process.execPath, args: [fixture('misbehaving.mjs'), '--silent'] },
      },
      prefix: 'always',
      reserved: [],
      breaker: {},
      clientInfo: { name: 'test', version: '1' },
      env: process.env,
      clock: createClock(),
      log,
      announcer,
      ...boards,
    });
    onTestFinished(() => upstreams.close());
    // The silent one is not waited for longer than this, and holds up nobody.
    await upstreams.settled(2_000);
    expect(boards.catalogue.read().tools.map(({ name }) => name)).toEqual(['one__tool_0', 'one__tool_2']);
    expect(upstreams.resolve('one__tool_1')).toBeUndefined();
    expect(await upstreams.resolve('one__tool_0')?.call(command, 'default')).toMatchObject({
      outcome: 'finished',
    });
  });
});
