// Clients of both eras, over both ways in, at one and the same node; `drey stdio` starts it where none runs.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { connectNew, connectOld, spawnNew, spawnOld } from './rig/clients.ts';
import type { Agent } from './rig/clients.ts';
import { createPlace, referenceServer, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { lookAt } from './rig/truth.ts';

interface Address {
  readonly url: string;
  readonly pid: number;
}

let place: Place;
let words: readonly string[];

beforeAll(async () => {
  place = await createPlace();
  await place.writeConfig({ mcpServers: { every: referenceServer(place, 'server-everything') } });
  words = ['--data', place.dataFolder, '--config', place.config];
});

afterAll(async () => {
  if (place === undefined) return;
  await runDrey(place, ['down', '--data', place.dataFolder]);
  await until('nothing runs here any more', () => place.running().length === 0, 30_000);
  await place.remove();
});

async function readAddress(): Promise<Address> {
  const { stdout } = await runDrey(place, ['status', '--json', '--data', place.dataFolder]);
  return JSON.parse(stdout) as Address;
}

function nodesRunning(): readonly string[] {
  return place
    .running()
    .map(({ words: line }) => line)
    .filter((line) => /drey\.js up /.test(line));
}

async function completesACall(agent: Agent, message: string): Promise<void> {
  try {
    const listed = await until(
      'the upstream is listed',
      async () => {
        const tools = await agent.tools();
        return tools.includes('every__echo') ? tools : undefined;
      },
      30_000,
    );
    expect(listed).toContain('acontext_get_sops');
    const answer = await agent.call('every__echo', { message });
    expect(answer).toMatchObject({ text: `Echo: ${message}`, isError: false });
    const own = await agent.call('acontext_get_sops', { trigger_pattern: 'anything' });
    expect(own.structured).toEqual({ sops: [] });
  } finally {
    await agent.close();
  }
}

describe('two clients that start at once where no node runs', () => {
  it('both complete a call, and one node serves them', async () => {
    const [older, newer] = await Promise.all([spawnOld(place, words), spawnNew(place, words)]);
    expect(nodesRunning()).toHaveLength(1);
    await Promise.all([completesACall(older, 'old and first'), completesACall(newer, 'new and first')]);
  });

  it('leave the node running for the next one', async () => {
    const before = await readAddress();
    await completesACall(await spawnOld(place, words), 'old and later');
    await completesACall(await spawnNew(place, words), 'new and later');
    expect(await readAddress()).toMatchObject({ url: before.url, pid: before.pid });
    expect(nodesRunning()).toHaveLength(1);
  });
});

describe('the same node over HTTP', () => {
  it('serves a client of the 2025 era', async () => {
    const { url } = await readAddress();
    await completesACall(await connectOld(url), 'old over http');
  });

  it('serves a client pinned to 2026-07-28', async () => {
    const { url } = await readAddress();
    await completesACall(await connectNew(url), 'new over http');
  });
});

describe('what they left', () => {
  it('is one event and one row for each call, whatever the era and the way', async () => {
    const expected = ['first', 'later'].flatMap((when) => [`new and ${when}`, `old and ${when}`]);
    expected.push('new over http', 'old over http');
    await lookAt(place.dataFolder, async (truth) => {
      const messages = await until(
        'the last call is on the bus',
        async () => {
          const calls = await truth.calls();
          return calls.length >= expected.length
            ? calls.map(({ data }) => data.args.value?.['message'])
            : undefined;
        },
        20_000,
      );
      expect(messages.toSorted()).toEqual(expected.toSorted());
      const opened = (await truth.events()).filter(({ type }) => type === 'session.opened');
      const revisions = new Set(
        opened.map(({ data }) => `${String(data['transport'])} ${String(data['revision'])}`),
      );
      for (const known of ['stdio 2026-07-28', 'http 2026-07-28', 'stdio 2025-11-25', 'http 2025-11-25'])
        expect(revisions).toContain(known);
    });
  });
});
