/** Real upstream programs behind breakers and resources: what crashes comes back, and nothing drags the others along. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CallCommand, CallOutcome } from '../../../machines/words/calls.ts';
import { openBoards, openUpstreams } from '../../../src/actors/actors.ts';
import type { Boards, Upstreams } from '../../../src/actors/actors.ts';
import { createClock } from '../../../src/node/clock.ts';
import { until } from '../../support/until.ts';
import { createWorld } from './world.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/upstreams/${name}`, import.meta.url));
const echo = { command: process.execPath, args: [fixture('echo.mjs')] };
const bad = { command: process.execPath, args: [fixture('misbehaving.mjs')], timeoutMs: 200 };
const dead = { command: process.execPath, args: [fixture('misbehaving.mjs'), '--exit-at-start'] };

async function open(
  configs: Parameters<typeof openUpstreams>[0]['configs'],
  options: Partial<Parameters<typeof openUpstreams>[0]> = {},
) {
  const { announcer, log, events, types, sentences } = createWorld();
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
    ...boards,
    ...options,
  });
  onTestFinished(() => upstreams.close());
  await upstreams.settled(20_000);
  return { upstreams, boards, events, types, sentences };
}

let calls = 0;
function command(name: string): CallCommand {
  calls += 1;
  return {
    callId: `k-${calls}`,
    name,
    args: '{}',
    meta: undefined,
    traceparent: undefined,
    signal: new AbortController().signal,
    notify: undefined,
  };
}

async function call(upstreams: Upstreams, name: string): Promise<CallOutcome> {
  const route = upstreams.resolve(name);
  if (route === undefined) throw new Error(`there is no ${name}`);
  return route.call(command(name), 'default');
}

const resources = ({ health }: Boards) => Object.values(health.read().resources);
const breakers = ({ health }: Boards) => Object.values(health.read().breakers);
const stateOf = ({ health }: Boards, id: string) => health.read().resources[id]?.state;
const names = ({ catalogue }: Boards, stale: boolean) =>
  catalogue.read().tools.flatMap((tool) => (tool.stale === stale ? [tool.name] : []));
/** Counts what clients would be told of. */
function countFaces({ catalogue }: Boards): () => number {
  let changes = 0;
  catalogue.listen(
    () => (changes += 1),
    ({ face }) => face,
  );
  return () => changes;
}

describe('the upstreams of a node', () => {
  it('list their tools under their aliases and take calls', async () => {
    const { upstreams, boards } = await open({ one: echo, off: { ...echo, disabled: true } });
    expect(names(boards, false)).toEqual(['one__tool_0', 'one__tool_1', 'one__tool_2']);
    expect(upstreams.resolve('one__tool_0')).toMatchObject({ server: 'one', tool: 'tool_0' });
    expect(upstreams.resolve('off__tool_0')).toBeUndefined();
    const outcome = await call(upstreams, 'one__tool_0');
    expect(outcome).toMatchObject({ outcome: 'finished', isError: false });
    // What the upstream wrote comes back byte by byte.
    expect(outcome.outcome === 'finished' && outcome.result).toContain(
      '"big":9007199254740993,"one":1.0,"zero":-0',
    );
    expect(resources(boards)).toMatchObject([{ id: 'r-one', state: 'healthy' }]);
  });

  it('come back after a crash, and their tools stay listed meanwhile', async () => {
    const { upstreams, boards, types, sentences } = await open({ bad, one: echo });
    const changes = countFaces(boards);
    const before = names(boards, false);
    expect(await call(upstreams, 'bad__dies_mid_answer')).toMatchObject({
      outcome: 'failed',
      countsAgainst: true,
    });
    await until('the crash was noticed', () => stateOf(boards, 'r-bad') !== 'healthy');
    expect(await call(upstreams, 'bad__twice')).toMatchObject({
      outcome: 'refused',
      code: 'upstream_unavailable',
    });
    expect(await call(upstreams, 'one__tool_0')).toMatchObject({ outcome: 'finished' });
    await until('its tools are marked as stale', () => names(boards, true).includes('bad__twice'));
    expect(names(boards, true)).not.toContain('one__tool_0');
    await until('it is back', () => stateOf(boards, 'r-bad') === 'healthy');
    expect(await call(upstreams, 'bad__twice')).toMatchObject({ outcome: 'finished' });
    await until('nothing is stale', () => names(boards, true).length === 0);
    expect(names(boards, false)).toEqual(before);
    expect(types('resource')).toContain('resource.restarted');
    // A restart with the same tools is no news to clients.
    expect(changes()).toBe(0);
    expect(sentences).toContain('a resource is unhealthy');
  });

  it('that cannot start say why, and leave the others working', async () => {
    const { upstreams, boards } = await open({ dead, missing: { command: '/nowhere/at-all' }, one: echo });
    expect(names(boards, false)).toHaveLength(3);
    expect(await call(upstreams, 'one__tool_0')).toMatchObject({ outcome: 'finished' });
    const views = resources(boards);
    expect(views.find((view) => view.id === 'r-dead')?.lastError).toContain('cannot open the vault');
    expect(views.find((view) => view.id === 'r-missing')?.lastError).toContain('was not found');
  });

  it('are guarded by their breaker: transport failures open it, and it says when to come back', async () => {
    const { upstreams, boards, events } = await open({ bad, one: echo });
    const failed = { outcome: 'failed', code: 'call_timeout', countsAgainst: true };
    expect(await call(upstreams, 'bad__hang')).toMatchObject(failed);
    expect(await call(upstreams, 'bad__hang')).toMatchObject(failed);
    const refused = await call(upstreams, 'bad__twice');
    expect(refused).toMatchObject({ outcome: 'refused', code: 'breaker_open' });
    expect(refused.outcome === 'refused' && refused.retryAfterMs).toBeGreaterThan(0);
    expect(refused.outcome === 'refused' && refused.retryAfterMs).toBeLessThanOrEqual(300);
    expect(breakers(boards)).toMatchObject([
      { id: 'b-bad', state: 'open', retryAt: expect.any(Number) },
      { id: 'b-one', state: 'closed', retryAt: null },
    ]);
    expect(await call(upstreams, 'one__tool_0')).toMatchObject({ outcome: 'finished' });
    await until(
      'a probe is let through',
      async () => (await call(upstreams, 'bad__twice')).outcome === 'finished',
    );
    expect(events.flatMap(({ type }) => (type.startsWith('breaker.') ? [type] : []))).toEqual([
      'breaker.opened',
      'breaker.probing',
      'breaker.closed',
    ]);
    expect(breakers(boards)[0]).toEqual({ id: 'b-bad', state: 'closed', retryAt: null });
  });

  it("do not hold a tool's own errors and refusals against the upstream", async () => {
    const { upstreams, boards } = await open({ bad });
    for (let time = 0; time < 6; time += 1) {
      expect(await call(upstreams, 'bad__tool_error')).toMatchObject({ outcome: 'finished', isError: true });
      expect(await call(upstreams, 'bad__refuses')).toMatchObject({
        outcome: 'failed',
        countsAgainst: false,
      });
    }
    expect(breakers(boards)).toMatchObject([{ state: 'closed' }]);
  });

  it('that change their tools are listed anew, and whoever follows hears of it', async () => {
    const { upstreams, boards } = await open({
      v1: { command: process.execPath, args: [fixture('sdk-v1.mjs')] },
    });
    const changes = countFaces(boards);
    expect(names(boards, false)).toEqual(['v1__add', 'v1__grow']);
    await call(upstreams, 'v1__grow');
    await until('the new tool is listed', () => names(boards, false).includes('v1__grown'));
    expect(changes()).toBe(1);
  });

  it('leave no program running when they are closed', async () => {
    const { upstreams, boards } = await open({
      one: echo,
      bad: { ...bad, args: [...bad.args, '--ignore-signals'] },
    });
    await upstreams.close();
    expect(resources(boards).map(({ state }) => state)).toEqual(['disposed', 'disposed']);
    expect(await call(upstreams, 'one__tool_0')).toMatchObject({
      outcome: 'refused',
      code: 'upstream_unavailable',
    });
  });
});
