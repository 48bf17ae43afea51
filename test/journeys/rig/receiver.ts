/**
 * The site that the inspector's page frames, on an origin of its own: the package's receiver in a page. It serves that
 * and the modules it is made of, and nothing else of this machine.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { packageRoot } from '../demo/node.ts';

export interface ReceiverSite {
  readonly url: string;
  close(): Promise<void>;
}

/** Packages whose files the page may load. */
const served = ['@statelyai/inspect/dist/', 'xstate/dist/', 'xstate/dev/dist/'];
/** What the package needs for sending only. */
const unused = 'export default class {}\nexport const stringify = JSON.stringify;\n';

/** Starts serving on a free port. */
export async function serveReceiver(): Promise<ReceiverSite> {
  const server = createServer((req, res) => {
    read(req.url ?? '/').then(
      ([type, body]) => res.writeHead(200, { 'content-type': type }).end(body),
      () => res.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/receiver.html`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(address: string): Promise<readonly [string, string]> {
  const script = 'text/javascript; charset=utf-8';
  const { pathname } = new URL(address, 'http://localhost');
  if (pathname === '/unused.js') return [script, unused];
  if (pathname === '/receiver.html') {
    const page = await readFile(join(packageRoot, 'test/fixtures/inspector/receiver.html'), 'utf8');
    return ['text/html; charset=utf-8', page];
  }
  const path = normalize(pathname.replace(/^\/modules\//, ''));
  if (!pathname.startsWith('/modules/') || !served.some((folder) => path.startsWith(folder)))
    throw new Error('it is not served here');
  return [script, await readFile(join(packageRoot, 'node_modules', path), 'utf8')];
}
