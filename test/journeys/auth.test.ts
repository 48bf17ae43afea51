// A hosted server that asks for authorization: the node says so, a person lets it in with `drey auth`, and calls work.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOAuthServer } from '../support/oauth-server.ts';
import type { OAuthServer } from '../support/oauth-server.ts';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectOld } from './rig/clients.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { startServers } from './rig/servers.ts';
import type { Servers } from './rig/servers.ts';
import { readStatus } from './rig/status.ts';

/** A browser that agrees to everything. */
const browser = `${process.execPath} --input-type=module --eval await(await(fetch(process.argv.at(-1)))).text()`;

let servers: Servers;
let oauth: OAuthServer;
let place: Place;
let node: NodeProcess;

beforeAll(async () => {
  [servers, oauth] = await Promise.all([startServers(), startOAuthServer()]);
  place = await createPlace({
    learning: { enabled: false },
    mcpServers: { tickets: { url: oauth.mcpUrl } },
  });
  node = await startNodeProcess({ ...place, env: { ...place.env, ...servers.env } });
});

afterAll(async () => {
  await node?.stop();
  await oauth?.close();
  await servers?.stop();
  await place?.remove();
});

const drey = (...words: readonly string[]) =>
  runDrey(place, [...words, '--data', place.dataFolder], { BROWSER: browser });
const stateOf = async (id: string) =>
  (await readStatus(node)).resources.find((resource) => resource.id === id)?.state;

async function greet(): Promise<string> {
  const agent = await connectOld(node.url);
  try {
    return (await agent.call('tickets__greet', {})).text;
  } finally {
    await agent.close();
  }
}

describe('a hosted upstream', () => {
  it('that nobody authorized says which command does it', async () => {
    const { stdout } = await drey('status');
    expect(stdout).toContain(
      'r-tickets: the upstream "tickets" needs authorization: run "drey auth tickets"',
    );
    expect((await drey('auth', '--list')).stdout).toContain('No upstream has let us in yet.');
  });

  it('is let in by a person, and comes up at once', async () => {
    const { code, stdout } = await drey('auth', 'tickets');
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('The node was told.'),
    });
    await until('it is up', async () => (await stateOf('r-tickets')) === 'healthy');
    expect(await greet()).toBe('hello');
    expect(JSON.parse((await drey('auth', '--list', '--json')).stdout)).toEqual({ grants: ['tickets'] });
  });

  it('whose tokens are refused gets new ones without anybody noticing', async () => {
    oauth.revoke();
    expect(await greet()).toBe('hello');
    expect(oauth.asked.at(-1)).toBe('token refresh_token');
  });

  it('leaves no token readable in the data folder', async () => {
    const folder = join(place.dataFolder, 'secrets');
    const texts = await Promise.all(
      (await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')),
    );
    expect(texts.join('\n')).not.toMatch(/access_token|refresh_token|tickets/);
  });

  it('is forgotten on request', async () => {
    expect(await drey('auth', 'tickets', '--forget')).toMatchObject({ code: 0 });
    expect(await drey('auth', 'tickets', '--forget')).toMatchObject({ code: 64 });
    // The token it held is still good, but the node does not use it any more.
    await until('the status says so', async () =>
      (await drey('status')).stdout.includes('run "drey auth tickets"'),
    );
    await expect(greet()).rejects.toThrow('needs authorization');
  });

  it('that nobody configured, or that needs no authorization, is named', async () => {
    expect(await drey('auth', 'other')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('tickets'),
    });
    expect(await drey('auth')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('Name the upstream'),
    });
  });
});
