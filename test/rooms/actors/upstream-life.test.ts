/** How upstreams come and go while the node lives: asleep until called, changed and removed under calls. Real programs. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CallOutcome } from '../../../machines/words/calls.ts';
import { openBoards, openUpstreams } from '../../../src/actors/actors.ts';
import type { Boards, KnownTools, Upstreams } from '../../../src/actors/actors.ts';
import { createBreakers } from '../../../src/actors/breaker/breakers.ts';
import { LiveUpstream } from '../../../src/actors/upstreams/upstream.ts';
import { createClock } from '../../../src/node/clock.ts';
import { until } from '../../support/until.ts';
import { createWorld } from './world.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/upstreams/${name}`, import.meta.url));
const echo = { command: process.execPath, args: [fixture('echo.mjs')] };
const dead = { command: process.execPath, args: [fixture('misbehaving.mjs'), '--exit-at-start'] };

type Configs = Parameters<typeof openUpstreams>[0]['configs'];

async function open(configs: Configs, known?: KnownTools) {
  const { announcer, log, types, sentences } = createWorld();
  const boards = openBoards(log);
  const upstreams = openUpstreams({
    configs,
    prefix: 'always',
    reserved: [],
    breaker: { windowSize: 4, minCalls: 2, failureRate: 50, openMs: 300 },
    clientInfo: { name: 'test', version: '1' },
    env: process.env,
    clock: createClock(),
    log,
    announcer,
    known,
    ...boards,
  });
  onTestFinished(() => upstreams.close());
  await upstreams.settled(20_000);
  return { upstreams, boards, types, sentences };
}

let calls = 0;
function call(upstreams: Upstreams, name: string, args: object = {}): Promise<CallOutcome> {
  const route = upstreams.resolve(name);
  if (route === undefined) throw new Error(`there is no ${name}`);
  calls += 1;
  return route.call(
    {
      callId: `k-${calls}`,
      name,
      args: JSON.stringify(args),
      meta: undefined,
      traceparent: undefined,
      signal: new AbortController().signal,
      notify: undefined,
    },
    'default',
  );
}

/** Calls the tool that tells which process it is. */
async function pidOf(upstreams: Upstreams, alias: string): Promise<number> {
  const outcome = await call(upstreams, `${alias}__tool_0`);
  if (outcome.outcome !== 'finished') throw new Error(`it ${outcome.outcome}: ${outcome.message}`);
  return JSON.parse(outcome.result).pid;
}

const stateOf = ({ health }: Boards, alias: string) => health.read().resources[`r-${alias}`]?.state;
const names = ({ catalogue }: Boards) => catalogue.read().tools.map((tool) => tool.name);
const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

function remember(): KnownTools {
  const kept = new Map<string, Parameters<KnownTools['write']>[2]>();
  return {
    read: (alias) => kept.get(alias),
    write: (alias, _config, tools) => void kept.set(alias, tools),
  };
}

describe('a lazy upstream', () => {
  it('whose tools nobody knows tells them first, rests, and comes back for a call', async () => {
    const { upstreams, boards, types } = await open({ one: { ...echo, start: 'lazy', idleStopMs: 100 } });
    expect(names(boards)).toEqual(['one__tool_0', 'one__tool_1', 'one__tool_2']);
    await until('it sleeps', () => stateOf(boards, 'one') === 'asleep');
    expect(boards.catalogue.read().tools.map(({ stale }) => stale)).toEqual([false, false, false]);
    const first = await pidOf(upstreams, 'one');
    expect(stateOf(boards, 'one')).toBe('healthy');
    await until('it sleeps again', () => stateOf(boards, 'one') === 'asleep');
    expect(isRunning(first)).toBe(false);
    expect(await pidOf(upstreams, 'one')).not.toBe(first);
    expect(types('resource').filter((type) => type === 'resource.registered')).toHaveLength(3);
  });

  it('whose tools are known is not started before its first call, and many callers share one start', async () => {
    const known = remember();
    const before = await open({ one: echo }, known);
    await before.upstreams.close();
    const { upstreams, boards, types } = await open({ one: { ...echo, start: 'lazy' } }, known);
    expect(names(boards)).toHaveLength(3);
    expect(stateOf(boards, 'one')).toBe('asleep');
    expect(types('resource')).toEqual([]);
    const pids = await Promise.all(Array.from({ length: 8 }, () => pidOf(upstreams, 'one')));
    expect(new Set(pids).size).toBe(1);
  });

  it('does not sleep under a call that takes longer than its rest', async () => {
    const { upstreams, boards } = await open({ one: { ...echo, start: 'lazy', idleStopMs: 60 } });
    const slow = await call(upstreams, 'one__tool_1', { slowMs: 400 });
    expect(slow).toMatchObject({ outcome: 'finished' });
    await until('it sleeps', () => stateOf(boards, 'one') === 'asleep');
  });

  it('that cannot start says why to its caller, who waited no longer than the start', async () => {
    const known = remember();
    known.write('dead', dead, [{ name: 'open', definition: { name: 'open' } }]);
    const { upstreams } = await open({ dead: { ...dead, start: 'lazy' } }, known);
    expect(await call(upstreams, 'dead__open')).toMatchObject({
      outcome: 'refused',
      code: 'upstream_unavailable',
      message: expect.stringContaining('cannot open the vault'),
    });
  });

  it('is told under one id, asleep and awake', async () => {
    const { boards } = await open({ One: { ...echo, start: 'lazy', idleStopMs: 50 } });
    await until('it sleeps', () => Object.values(boards.health.read().resources)[0]?.state === 'asleep');
    expect(Object.keys(boards.health.read().resources)).toHaveLength(1);
  });

  it('is ended while it sleeps', async () => {
    const { upstreams, boards } = await open({ one: { ...echo, start: 'lazy', idleStopMs: 50 } });
    await until('it sleeps', () => stateOf(boards, 'one') === 'asleep');
    await upstreams.close();
    expect(stateOf(boards, 'one')).toBe('disposed');
    expect(await call(upstreams, 'one__tool_0')).toMatchObject({ outcome: 'refused' });
  });
});

describe('upstreams that are configured anew', () => {
  it('come, go and change, and what stays as it was keeps its process', async () => {
    const { upstreams, boards } = await open({ stays: echo, goes: echo, changes: echo });
    const [stays, goes, changes] = [
      await pidOf(upstreams, 'stays'),
      await pidOf(upstreams, 'goes'),
      await pidOf(upstreams, 'changes'),
    ];
    const applied = upstreams.apply({
      comes: echo,
      stays: { ...echo },
      changes: { ...echo, env: { NEW: 'yes' } },
    });
    expect(applied).toEqual({ added: ['comes'], changed: ['changes'], removed: ['goes'] });
    // What a changed one offered stays listed while it starts.
    expect(names(boards)).toContain('changes__tool_0');
    expect(upstreams.resolve('goes__tool_0')).toBeUndefined();
    expect(await pidOf(upstreams, 'stays')).toBe(stays);
    expect(await pidOf(upstreams, 'changes')).not.toBe(changes);
    await until('the new one is there', () => names(boards).includes('comes__tool_0'));
    expect(names(boards)[0]).toBe('comes__tool_0');
    await until('the old ones are gone', () => !isRunning(goes) && !isRunning(changes));
    await until('the removed one is told no more', () => stateOf(boards, 'goes') === undefined);
    expect(Object.keys(boards.health.read().breakers)).toEqual(['b-stays', 'b-comes', 'b-changes']);
    expect(stateOf(boards, 'changes')).toBe('healthy');
    expect(upstreams.apply({ comes: echo, stays: echo, changes: { ...echo, env: { NEW: 'yes' } } })).toEqual({
      added: [],
      changed: [],
      removed: [],
    });
  });

  it('let calls finish that are under way on what is removed or changed', async () => {
    const { upstreams, boards } = await open({ goes: echo, changes: echo });
    const under = [
      call(upstreams, 'goes__tool_1', { slowMs: 600 }),
      call(upstreams, 'changes__tool_1', { slowMs: 600 }),
    ];
    upstreams.apply({ changes: { ...echo, timeoutMs: 5_000 } });
    // The new one takes calls while the old one finishes.
    const now = await pidOf(upstreams, 'changes');
    const ended = await Promise.all(under);
    expect(ended).toMatchObject([{ outcome: 'finished' }, { outcome: 'finished' }]);
    expect(stateOf(boards, 'changes')).toBe('healthy');
    expect(await pidOf(upstreams, 'changes')).toBe(now);
  });

  it('that were removed and come back at once are told as they are now', async () => {
    const { upstreams, boards } = await open({ one: echo });
    const slow = call(upstreams, 'one__tool_1', { slowMs: 400 });
    upstreams.apply({});
    upstreams.apply({ one: { ...echo, callsMax: 3 } });
    expect(await slow).toMatchObject({ outcome: 'finished' });
    await until('it is up', () => stateOf(boards, 'one') === 'healthy');
    expect(await call(upstreams, 'one__tool_0')).toMatchObject({ outcome: 'finished' });
    expect(stateOf(boards, 'one')).toBe('healthy');
  });

  it('that make no sense are refused as a whole', async () => {
    const { upstreams, boards } = await open({ one: echo });
    const pid = await pidOf(upstreams, 'one');
    const odd = { ...echo, breaker: { failureRate: 0 } };
    expect(() => upstreams.apply({ two: echo, odd })).toThrow('the upstream "odd"');
    expect(await pidOf(upstreams, 'one')).toBe(pid);
    expect(Object.keys(boards.health.read().resources)).toEqual(['r-one']);
  });

  it('have breakers of their own settings', async () => {
    const bad = { command: process.execPath, args: [fixture('misbehaving.mjs')], timeoutMs: 100 };
    const { upstreams } = await open({ strict: { ...bad, breaker: { minCalls: 1, openMs: 60_000 } }, bad });
    for (const alias of ['strict', 'bad']) await call(upstreams, `${alias}__hang`);
    expect(await call(upstreams, 'strict__twice')).toMatchObject({ code: 'breaker_open' });
    expect(await call(upstreams, 'bad__twice')).toMatchObject({ outcome: 'finished' });
  });
});

describe('an upstream that is taken out', () => {
  it('is not kept by a call that does not end: it is cut after the bound, and said so', async () => {
    const { announcer, log, sentences } = createWorld();
    const { health } = openBoards(log);
    const clock = createClock();
    const one = new LiveUpstream(
      'one',
      echo,
      {
        breaker: {},
        breakers: createBreakers({ config: {}, clock, log, announcer, health }),
        clientInfo: { name: 'test', version: '1' },
        env: process.env,
        clock,
        log,
        announcer,
        health,
        onOpened: () => undefined,
        onChange: () => undefined,
        onTools: () => undefined,
      },
      undefined,
    );
    await one.resource.settled();
    const endless = one.resource.current?.call({
      tool: 'tool_0',
      args: '{"slowMs":60000}',
      signal: new AbortController().signal,
    });
    expect(one.busy).toBe(1);
    await one.drain(200);
    expect(await endless).toMatchObject({ outcome: 'failed', countsAgainst: false });
    expect(sentences).toContain('calls of a removed upstream are cut');
    expect(health.read().resources).toEqual({});
  });
});
