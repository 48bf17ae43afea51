/** Real clients of both SDK lines, connected to a gateway over HTTP or over its byte stream; they close with the test. */
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { ClientOptions, JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import type { ClientOptions as OldOptions } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const info = { name: 'test-client', version: '1.0.0' };

interface Where {
  readonly url: string;
  readonly port: number;
}

interface With<O> {
  readonly options?: O;
  readonly token?: string;
  readonly way?: 'http' | 'stream';
  /** Called before the connection is made. */
  readonly prepare?: (client: never) => void;
}

function toHeaders(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** A client of the 1.x line. */
export async function connectOld(
  { url, port }: Where,
  {
    options = {},
    token,
    way = 'http',
    prepare,
  }: Omit<With<OldOptions>, 'prepare'> & {
    prepare?: (client: OldClient) => void;
  } = {},
): Promise<OldClient> {
  const client = new OldClient(info, options);
  prepare?.(client);
  const headers = toHeaders(token);
  await client.connect(
    way === 'http'
      ? new OldTransport(new URL(`${url}/mcp`), { requestInit: { headers } })
      : await openStream(port, headers),
  );
  onTestFinished(() => client.close());
  return client;
}

/** A client of the 2.x line, pinned to 2026-07-28. */
export async function connectNew(
  { url, port }: Where,
  {
    options = {},
    token,
    way = 'http',
    prepare,
  }: Omit<With<ClientOptions>, 'prepare'> & {
    prepare?: (client: Client) => void;
  } = {},
): Promise<Client> {
  const client = new Client(info, { ...options, versionNegotiation: { mode: { pin: '2026-07-28' } } });
  prepare?.(client);
  const headers = toHeaders(token);
  await client.connect(
    way === 'http'
      ? new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } })
      : await openStream(port, headers),
  );
  onTestFinished(() => client.close());
  return client;
}

/** The gateway's byte stream, as `drey stdio` reaches it, as a transport of either SDK. */
async function openStream(port: number, headers: Record<string, string>): Promise<Transport> {
  const socket = await new Promise<Duplex>((resolve, reject) => {
    const asked = { connection: 'Upgrade', upgrade: 'drey-stdio', ...headers };
    const req = request({ port, host: '127.0.0.1', path: '/stdio', headers: asked });
    req.on('upgrade', (_res, opened) => resolve(opened));
    req.on('response', (res) => reject(new Error(`it answered ${res.statusCode}`)));
    req.on('error', reject);
    req.end();
  });
  let rest = '';
  const transport: Transport = {
    start: () => {
      socket.on('data', (chunk: Buffer) => {
        const lines = (rest + chunk.toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) transport.onmessage?.(JSON.parse(line) as JSONRPCMessage);
      });
      socket.on('close', () => transport.onclose?.());
      return Promise.resolve();
    },
    send: async (message) => void socket.write(`${JSON.stringify(message)}\n`),
    close: async () => void socket.end(),
  };
  return transport;
}
