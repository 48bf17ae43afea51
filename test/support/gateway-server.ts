/** A gateway over a small house, mounted on a real HTTP server with a free port. */
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openGateway } from '../../src/gateway/gateway.ts';
import type { Gateway, GatewayNeeds } from '../../src/gateway/gateway.ts';
import type { Shedding } from '../../src/gateway/mcp/shedding.ts';
import { createSmallHouse } from './gateway-needs.ts';
import type { SmallHouse } from './gateway-needs.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  json(): any; // oxlint-disable-line typescript/no-explicit-any -- a test looks at what it likes
}

export interface GatewayServer {
  readonly house: SmallHouse;
  readonly gateway: Gateway;
  readonly url: string;
  readonly port: number;
  /** One request with exactly these headers and bytes. */
  send(o: {
    method?: string;
    path?: string;
    headers?: Record<string, string | string[]>;
    body?: string | Buffer;
  }): Promise<Reply>;
  /** Answers that have not ended, on connections that are open. */
  open(): number;
  /** Bytes of answers that nobody took yet. */
  unread(): number;
  /** Cuts the connections on which an answer has begun and not ended; how many there were. */
  breakConnections(): number;
  close(): Promise<void>;
}

/** Starts one; `change` puts something else in the place of what the small house has. */
export async function startGateway(
  change: (needs: GatewayNeeds) => GatewayNeeds = (needs) => needs,
  shedding?: Shedding,
): Promise<GatewayServer> {
  const house = createSmallHouse();
  const gateway = openGateway(change(house.needs), shedding);
  const streams = new Set<ServerResponse>();
  const server = createServer((req, res) => {
    streams.add(res);
    res.once('close', () => streams.delete(res));
    if (!gateway.handle(req, res)) res.writeHead(404).end();
  });
  server.on('upgrade', (req, socket, head) => gateway.handleUpgrade(req, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    house,
    gateway,
    port,
    url: `http://127.0.0.1:${port}`,
    send: ({ method = 'POST', path = '/mcp', headers = {}, body }) =>
      new Promise((resolve, reject) => {
        const req = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (res) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('error', reject);
          res.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({
              status: res.statusCode ?? 0,
              headers: res.headers,
              text,
              json: () => JSON.parse(text) as unknown,
            });
          });
        });
        req.on('error', reject);
        req.end(body);
      }),
    open: () => streams.size,
    unread: () => [...streams].reduce((sum, res) => sum + res.writableLength, 0),
    breakConnections: () => {
      const open = [...streams].filter(
        (res) => res.req.method === 'POST' && res.headersSent && !res.writableEnded,
      );
      for (const res of open) res.destroy();
      return open.length;
    },
    close: async () => {
      await gateway.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
