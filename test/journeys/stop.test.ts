// How a node ends: calls under way are finished, everything it started goes with it, and what was learned stays.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew, connectOld, getSops } from './rig/clients.ts';
import { createPlace, referenceServer, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { untilLearned } from './rig/status.ts';
import { lookAt } from './rig/truth.ts';

const endedWithinMs = 10_000;
const slow = 'every__trigger-long-running-operation';

let place: Place;
let node: NodeProcess;

beforeEach(async () => {
  place = await createPlace();
  await place.writeConfig({
    mcpServers: { every: referenceServer(place, 'server-everything') },
    learning: { quietMs: 500 },
  });
  node = await startNodeProcess({ ...place });
});

afterEach(async () => {
  await node?.stop();
  await place?.remove();
});

function untilNothingRuns(): Promise<true> {
  return until('nothing runs here any more', () => place.running().length === 0, 15_000);
}

/** Resolves once the call is with the upstream: the session has it in flight. */
async function untilUnderWay(): Promise<void> {
  await until('the call is under way', async () => {
    const { sessions } = await node.get<{ sessions: readonly { calls: number }[] }>('/api/v1/sessions');
    return sessions.some(({ calls }) => calls > 0);
  });
}

describe.each([
  ['over HTTP, 2026-07-28', connectNew],
  ['over HTTP, 2025 era', connectOld],
] as const)('SIGTERM during a slow call %s', (_how, connect) => {
  it('lets it finish, and ends with code 0 in time and with everything', async () => {
    const agent = await connect(node.url);
    const calling = agent.call(slow, { duration: 3, steps: 3 });
    await untilUnderWay();
    const toldAt = performance.now();
    const ending = node.stop();
    expect(await calling).toMatchObject({ isError: false, text: expect.stringContaining('completed') });
    expect(await ending).toBe(0);
    expect(performance.now() - toldAt).toBeLessThan(endedWithinMs);
    await untilNothingRuns();
    expect(existsSync(join(place.dataFolder, 'node.json'))).toBe(false);
    await agent.close().catch(() => undefined);
  });
});

describe('a call that would take longer than anybody waits', () => {
  it('is cut, told to its client, and does not keep the node or its servers', async () => {
    const agent = await connectNew(node.url);
    const calling = agent.call(slow, { duration: 60, steps: 60 }).then(
      (answer) => (answer.isError ? 'refused' : 'finished'),
      () => 'refused',
    );
    await untilUnderWay();
    const toldAt = performance.now();
    expect(await node.stop()).toBe(0);
    expect(performance.now() - toldAt).toBeLessThan(20_000);
    expect(await calling).toBe('refused');
    await untilNothingRuns();
    expect(existsSync(join(place.dataFolder, 'node.json'))).toBe(false);
  });
});

describe('drey down', () => {
  it('ends the node and everything it started; asked again it says that none runs', async () => {
    const ended = new Promise<number | null>((resolve) => node.child.once('exit', resolve));
    const first = await runDrey(place, ['down', '--data', place.dataFolder]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(await ended).toBe(0);
    await untilNothingRuns();
    expect(existsSync(join(place.dataFolder, 'node.json'))).toBe(false);
    const second = await runDrey(place, ['down', '--data', place.dataFolder]);
    expect(second.code).toBe(0);
    expect(second.stdout).toMatch(/^No node runs for /);
  });
});

describe('a second start on the same data folder', () => {
  it('finds its procedures and forgets none of its events', async () => {
    const task = 'add the numbers 1 and 2 and announce the sum';
    for (const [a, b] of [
      [3, 4],
      [20, 22],
      [7, 8],
    ]) {
      const agent = await connectNew(node.url);
      await agent.call('task', {
        action: 'start',
        task: `Add the numbers ${a} and ${b}, then announce the sum`,
      });
      const { text } = await agent.call('every__get-sum', { a, b });
      await agent.call('every__echo', { message: text });
      await agent.call('task', { action: 'finish', outcome: 'success' });
      await agent.close();
    }
    await untilLearned(node);
    const asking = await connectNew(node.url);
    const before = await until(
      'a procedure is served',
      async () => {
        const sops = await getSops(asking, task);
        return sops.length > 0 ? sops : undefined;
      },
      30_000,
    );
    await asking.close();
    const eventsBefore = await lookAt(place.dataFolder, (truth) => truth.calls());

    expect(await node.stop()).toBe(0);
    await untilNothingRuns();
    node = await startNodeProcess({ ...place });

    const again = await connectNew(node.url);
    expect(await getSops(again, task)).toEqual(before);
    await again.close();
    await untilLearned(node);
    expect(await lookAt(place.dataFolder, (truth) => truth.calls())).toEqual(eventsBefore);
  });
});
