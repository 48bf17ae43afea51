// Clients and servers of both lines of the official SDK, over both transports, in every combination with Drey between.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { dreyBin, packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { serveOldHttp, serveNewHttp } from './interop/sdk-servers.ts';
import { createPlace } from './rig/place.ts';
import type { Place } from './rig/place.ts';

type AnyClient = Client | OldClient;

let place: Place;
let node: NodeProcess;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  place = await createPlace();
  const stdio = (name: string) => ({
    command: process.execPath,
    args: [join(packageRoot, 'dist/test/journeys/interop/sdk-stdio.js'), name],
  });
  await place.writeConfig({
    mcpServers: {
      'old-http': { url: await listen(await serveOldHttp()) },
      'new-http': { url: await listen(serveNewHttp()) },
      'old-stdio': stdio('old'),
      'new-stdio': stdio('new'),
    },
  });
  node = await startNodeProcess({ dataFolder: place.dataFolder, config: place.config, env: place.env });
});

afterAll(async () => {
  await node?.stop();
  for (const close of closers) await close();
  await place?.remove();
});

async function listen(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

const info = { name: 'drey-interop', version: '1.0.0' };
const pinned = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const;
const command = () => ({
  command: process.execPath,
  args: [dreyBin, 'stdio', '--data', place.dataFolder, '--config', place.config],
  env: place.env,
  stderr: 'ignore' as const,
});
const address = () => new URL('/mcp', node.url);

const clients: readonly (readonly [string, () => Promise<AnyClient>])[] = [
  ['1.x over HTTP', () => connectOld(new OldHttpTransport(address()))],
  ['1.x over stdio', () => connectOld(new OldStdioTransport(command()))],
  ['2.x over HTTP, 2026-07-28', () => connect(pinned, new StreamableHTTPClientTransport(address()))],
  ['2.x over stdio, 2026-07-28', () => connect(pinned, new StdioClientTransport(command()))],
  ['2.x over HTTP, 2025 era', () => connect({}, new StreamableHTTPClientTransport(address()))],
];

async function connectOld(transport: OldHttpTransport | OldStdioTransport): Promise<AnyClient> {
  const client = new OldClient(info);
  await client.connect(transport);
  return client;
}

async function connect(
  options: ConstructorParameters<typeof Client>[1],
  transport: Parameters<Client['connect']>[0],
): Promise<AnyClient> {
  const client = new Client(info, options);
  await client.connect(transport);
  return client;
}

describe.each(clients)('a client of the SDK %s', (_what, open) => {
  let client: AnyClient;
  beforeAll(async () => {
    client = await open();
  });
  afterAll(() => client?.close());

  it.each(['old-http', 'new-http', 'old-stdio', 'new-stdio'])(
    'uses the server "%s"',
    async (alias) => {
      const tool = (name: string) => `${alias}__${name}`;
      const listed = await until(
        `${alias} is listed`,
        async () => {
          const { tools } = await client.listTools();
          return tools.some(({ name }) => name === tool('add')) ? tools : undefined;
        },
        30_000,
      );
      const add = listed.find(({ name }) => name === tool('add'));
      expect(add).toMatchObject({
        title: 'Add',
        description: 'Adds two numbers',
        annotations: { readOnlyHint: true },
        outputSchema: { type: 'object', required: ['sum'] },
        _meta: { 'interop/kept': [1, { deep: true }] },
      });
      const sum = await client.callTool({ name: tool('add'), arguments: { a: 2, b: 0.5 } });
      expect(sum).toMatchObject({
        content: [{ type: 'text', text: '2.5', annotations: { priority: 0.5 } }],
        structuredContent: { sum: 2.5 },
        _meta: { 'interop/said': 'so' },
      });
      const failed = await client.callTool({ name: tool('fail'), arguments: {} });
      expect(failed).toMatchObject({ isError: true, content: [{ type: 'text', text: 'it failed' }] });
      const seen = watchProgress(client);
      await client.callTool({ name: tool('steps'), arguments: {} }, ...withProgress(client));
      expect(seen).toEqual([1, 2, 3]);
      await expect(client.callTool({ name: tool('none'), arguments: {} })).rejects.toMatchObject({
        code: -32_602,
      });
    },
    60_000,
  );
});

/** The two lines take the same options in different places. */
function withProgress(client: AnyClient): never[] {
  const options = { onprogress: () => undefined };
  return (client instanceof OldClient ? [undefined, options] : [options]) as never[];
}

/** Read off the transport: the SDK itself forgets a call's listener when the answer comes with the same read. */
function watchProgress(client: AnyClient): readonly unknown[] {
  const seen: unknown[] = [];
  const { transport } = client as { transport?: { onmessage?: (...message: unknown[]) => void } };
  if (transport === undefined) throw new Error('the client is not connected');
  const { onmessage } = transport;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's transports have callbacks, no events
  transport.onmessage = (...given) => {
    const [message] = given as { method?: string; params?: { progress?: unknown } }[];
    if (message?.method === 'notifications/progress') seen.push(message.params?.progress);
    onmessage?.apply(transport, given);
  };
  return seen;
}
