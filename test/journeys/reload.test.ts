// A person edits drey.json while a client works: what changed comes and goes, what did not change is not touched.
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { startServers } from './rig/servers.ts';
import type { Servers } from './rig/servers.ts';

interface Status {
  readonly resources: readonly { readonly id: string; readonly state: string }[];
  readonly config: { readonly error: string | null; readonly restartNeeded: readonly string[] };
}

const program = join(packageRoot, 'test/fixtures/upstreams/echo.mjs');
let echo: { readonly command: string; readonly args: readonly string[]; readonly cwd: string };
const settings = { learning: { enabled: false } };
let servers: Servers;
let place: Place;
let node: NodeProcess;
let client: Client;
let changes = 0;

beforeAll(async () => {
  servers = await startServers();
  place = await createPlace();
  echo = { command: process.execPath, args: [program, place.folder], cwd: place.folder };
  await place.writeConfig({ ...settings, mcpServers: { stays: echo, changes: echo, goes: echo } });
  node = await startNodeProcess({ ...place, env: { ...place.env, ...servers.env } });
  client = new Client({ name: 'watcher', version: '1' });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (changes += 1));
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.url)));
});

afterAll(async () => {
  await client?.close();
  await node?.stop();
  await servers?.stop();
  await place?.remove();
});

const status = (): Promise<Status> => node.get<Status>('/api/v1/status');
async function call(name: string, args: Record<string, unknown> = {}): Promise<{ readonly pid: number }> {
  return (await client.callTool({ name, arguments: args })) as unknown as { pid: number };
}
async function tools(): Promise<readonly string[]> {
  const { tools: listed } = await client.listTools();
  return listed.flatMap(({ name }) => (name.endsWith('__tool_0') ? [name] : []));
}
const pidOf = async (alias: string): Promise<number> => (await call(`${alias}__tool_0`)).pid;
const reload = (words: readonly string[] = []) =>
  runDrey(place, ['reload', '--data', place.dataFolder, ...words]);

describe('a configuration that changes under a running node', () => {
  it('is taken over by itself: calls under way finish, the client is told, what stays keeps its process', async () => {
    const { pid } = await call('stays__tool_0');
    const slow = [call('goes__tool_1', { slowMs: 3_000 }), call('changes__tool_1', { slowMs: 3_000 })];
    // As editors do it: another file takes its place.
    const next = { ...settings, mcpServers: { stays: echo, changes: { ...echo, callsMax: 5 }, comes: echo } };
    await writeFile(`${place.config}~`, JSON.stringify({ port: 0, ...next }));
    await rename(`${place.config}~`, place.config);
    await until('the new tools are there', async () => (await tools()).includes('comes__tool_0'));
    expect(await tools()).toEqual(['stays__tool_0', 'changes__tool_0', 'comes__tool_0']);
    expect(changes).toBeGreaterThan(0);
    expect(await Promise.all(slow)).toMatchObject([{ pid: expect.any(Number) }, { pid: expect.any(Number) }]);
    expect((await call('stays__tool_0')).pid).toBe(pid);
    await expect(call('goes__tool_0')).rejects.toThrow('goes__tool_0');
    await until('the removed one is gone', async () => {
      return !(await status()).resources.some(({ id }) => id === 'r-goes');
    });
  });

  it('that is broken is told and changes nothing', async () => {
    const { pid } = await call('stays__tool_0');
    await place.writeConfig({ ...settings, mcpServers: { stays: { ...echo, arg: [] } } });
    await until('the status tells it', async () => (await status()).config.error !== null);
    const refused = await reload();
    expect(refused).toMatchObject({ code: 78, stderr: expect.stringContaining('unknown key "arg"') });
    const shown = await runDrey(place, ['status', '--data', place.dataFolder]);
    expect(shown.stdout).toContain('not taken over');
    expect(await tools()).toHaveLength(3);
    expect((await call('stays__tool_0')).pid).toBe(pid);
    await writeFile(place.config, '{"mcpServers": ');
    expect(await reload()).toMatchObject({ code: 78, stderr: expect.stringContaining('is not JSON') });
  });

  it('is read at once by "drey reload", which names what only a restart brings', async () => {
    const next = { ...settings, prefix: 'conflict', mcpServers: { stays: echo, comes: echo } };
    await place.writeConfig(next);
    // Sooner than the node would have noticed by itself.
    expect(await node.post('/api/v1/reload', {})).toMatchObject({
      added: [],
      changed: [],
      removed: ['changes'],
      restartNeeded: ['prefix'],
    });
    expect(await tools()).toEqual(['stays__tool_0', 'comes__tool_0']);
    const again = await reload();
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('upstreams are as they were') });
    expect(again.stdout).toContain('next start only: prefix');
    expect((await status()).config).toMatchObject({ error: null, restartNeeded: ['prefix'] });
    await place.writeConfig({ ...settings, mcpServers: { stays: echo } });
    expect(JSON.parse((await reload(['--json'])).stdout)).toMatchObject({ restartNeeded: [] });
    expect(await tools()).toEqual(['stays__tool_0']);
  });

  it('is read at SIGHUP, and the node lives on', async () => {
    await place.writeConfig({ ...settings, mcpServers: { stays: echo, again: echo } });
    node.child.kill('SIGHUP');
    await until('it says so', () => node.output().includes('SIGHUP: the configuration was read again'));
    await until('the new tools are there', async () => (await tools()).includes('again__tool_0'));
  });

  it('leaves no program of an upstream running', async () => {
    const running = place.running().filter(({ words }) => words.includes('echo.mjs'));
    expect(running).toHaveLength(2);
    expect(new Set(await Promise.all(['stays', 'again'].map(pidOf)))).toEqual(
      new Set(running.map(({ pid }) => pid)),
    );
  });
});
