/** Connections by key: who may share which, over real programs that tell which process they are and who asks. */
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CallOutcome, ClientAbility } from '../../../machines/words/calls.ts';
import { openBoards, openUpstreams } from '../../../src/actors/actors.ts';
import { Connections, ownPrincipal, toConnectionKey } from '../../../src/actors/upstreams/connections.ts';
import { createClock } from '../../../src/node/clock.ts';
import { until } from '../../support/until.ts';
import { createWorld } from './world.ts';

const program = fileURLToPath(new URL('../../fixtures/upstreams/echo.mjs', import.meta.url));
const echo = { command: process.execPath, args: [program] };
const each = { ...echo, credentials: 'principal', env: { FOR: '${DREY_PRINCIPAL}' } } as const;

interface Told {
  readonly pid: number;
  readonly for?: string;
  readonly client: object;
}

async function open(config: Parameters<typeof openUpstreams>[0]['configs'][string]) {
  const { announcer, log } = createWorld();
  const boards = openBoards(log);
  const upstreams = openUpstreams({
    configs: { one: config },
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
  await upstreams.settled(20_000);
  return {
    boards,
    upstreams,
    async call(principal: string, abilities?: readonly ClientAbility[], args: object = {}): Promise<Told> {
      const outcome = await upstreams.resolve('one__tool_0')?.call(
        {
          callId: 'k-1',
          name: 'one__tool_0',
          args: JSON.stringify(args),
          meta: undefined,
          traceparent: undefined,
          signal: new AbortController().signal,
          notify: undefined,
          principal,
          abilities,
        },
        'default',
      );
      if (outcome?.outcome !== 'finished') throw new Error(JSON.stringify(outcome));
      return JSON.parse(outcome.result) as Told;
    },
  };
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('an upstream with credentials of each principal', () => {
  it('has one connection for each, shared by all calls of that one', async () => {
    const { call } = await open(each);
    const [own, ann, bob] = await Promise.all([call(ownPrincipal), call('ann'), call('bob')]);
    expect([own.for, ann.for, bob.for]).toEqual([ownPrincipal, 'ann', 'bob']);
    expect(new Set([own.pid, ann.pid, bob.pid]).size).toBe(3);
    const begunAt = performance.now();
    const many = await Promise.all(Array.from({ length: 8 }, () => call('ann', [], { slowMs: 200 })));
    expect(new Set(many.map(({ pid }) => pid))).toEqual(new Set([ann.pid]));
    // One after the other they would take 1.6 s.
    expect(performance.now() - begunAt).toBeLessThan(1_400);
  });

  it('closes one that nobody used for a while, and opens it again', async () => {
    const { call } = await open({ ...each, idleStopMs: 100 });
    const { pid } = await call('ann');
    await until('it is closed', () => !isRunning(pid));
    expect((await call('ann')).for).toBe('ann');
  });

  it('ends all of them with itself', async () => {
    const { call, upstreams } = await open(each);
    const { pid } = await call('ann');
    await upstreams.close();
    expect(isRunning(pid)).toBe(false);
  });
});

describe('a client that can be asked', () => {
  it('has connections on which the upstream was told so, each for one call at a time', async () => {
    const { call } = await open(echo);
    const plain = await call('ann');
    // What everybody shares declares whatever any client might be able to do.
    expect(Object.keys(plain.client).toSorted()).toEqual(['elicitation', 'roots', 'sampling']);
    const asked = await call('ann', ['sampling', 'roots']);
    expect(asked.client).toEqual({ roots: {}, sampling: {} });
    expect(asked.pid).not.toBe(plain.pid);
    // The same set in another order is the same kind; another set is another.
    expect((await call('bob', ['roots', 'sampling'])).pid).toBe(asked.pid);
    expect((await call('bob', ['roots'])).pid).not.toBe(asked.pid);
    const atOnce = await Promise.all([1, 2].map(() => call('ann', ['roots'], { slowMs: 300 })));
    expect(new Set(atOnce.map(({ pid }) => pid)).size).toBe(2);
    expect((await call('bob')).pid).toBe(plain.pid);
  });
});

describe('the key of a connection', () => {
  const abilities = fc.uniqueArray(fc.constantFrom<ClientAbility>('elicitation', 'roots', 'sampling'));

  it('never joins principals where each has credentials, nor clients that can be asked different things', () => {
    const caller = fc.record({ principal: fc.constantFrom('local', 'ann', 'bob'), abilities });
    fc.assert(
      fc.property(caller, caller, fc.boolean(), fc.boolean(), (a, b, isEach, isModern) => {
        const [one, other] = [a, b].map((who) => JSON.stringify(toConnectionKey({ isEach, isModern }, who)));
        const isSameWho = !isEach || a.principal === b.principal;
        const isSameSet = isModern || a.abilities.toSorted().join() === b.abilities.toSorted().join();
        expect(one === other).toBe(isSameWho && isSameSet);
      }),
    );
  });
});

describe('connections that cannot be opened', () => {
  const finished: CallOutcome = { outcome: 'finished', result: '{}', isError: false };
  const asked = () => ({ namespace: 'default', signal: new AbortController().signal });
  const key = (principal: string) => ({ principal, abilities: [] });
  const openAll = (openOne: () => Promise<{ onClosed: () => () => void; close: () => Promise<void> }>) =>
    new Connections({
      name: 'one',
      open: openOne,
      startMs: 10_000,
      idleMs: 60_000,
      clock: createClock(),
      log: createWorld().log,
    });

  it('refuse all who wait at once, with the reason', async () => {
    const connections = openAll(() => Promise.reject(new Error('no way in')));
    const begunAt = performance.now();
    const all = await Promise.all(
      [1, 2, 3].map(() => connections.use(key('ann'), asked(), async () => finished)),
    );
    for (const outcome of all)
      expect(outcome).toMatchObject({ outcome: 'refused', message: expect.stringContaining('no way in') });
    expect(performance.now() - begunAt).toBeLessThan(5_000);
    await connections.close();
    expect(await connections.use(key('ann'), asked(), async () => finished)).toMatchObject({
      outcome: 'refused',
      code: 'resource_unavailable',
    });
  });

  it('are never more kinds than the maximum', async () => {
    const connections = openAll(async () => ({
      onClosed: () => () => undefined,
      close: async () => undefined,
    }));
    const outcomes: CallOutcome[] = [];
    for (let number = 0; number < 257; number += 1)
      outcomes.push(await connections.use(key(`p${number}`), asked(), async () => finished));
    expect(outcomes.slice(0, 256).every(({ outcome }) => outcome === 'finished')).toBe(true);
    expect(outcomes[256]).toMatchObject({ outcome: 'refused', code: 'limit_reached' });
    expect(connections.size).toBe(256);
    await connections.close();
  });
});
