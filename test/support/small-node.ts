/**
 * A small HTTP server that speaks the node's REST face as far as the command line uses it. It is our own interface: the
 * real node is met in the journeys.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export type Route = (req: IncomingMessage, res: ServerResponse, body: string) => void;

export interface SmallNode {
  readonly url: string;
  readonly seen: Seen[];
  close(): Promise<void>;
}

export interface SmallNodeOptions {
  /** Answers by `METHOD /path`; without one, 404 as the node has it. */
  readonly routes?: Readonly<Record<string, unknown>>;
  /** Keeps no bodies, for very large ones. */
  readonly forgetful?: boolean;
  readonly onUpgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Starts one on a free port. A route is a function, or a value that is answered as JSON. */
export async function startSmallNode({
  routes = {},
  forgetful = false,
  onUpgrade,
}: SmallNodeOptions = {}): Promise<SmallNode> {
  const seen: Seen[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const path = req.url ?? '';
      const { authorization } = req.headers;
      seen.push({ method: req.method ?? '', path, authorization, body: forgetful ? '' : body });
      const route = routes[`${req.method ?? ''} ${path.split('?', 1)[0] ?? ''}`];
      if (typeof route === 'function') (route as Route)(req, res, body);
      else if (route === undefined) sendProblem(res, 404, 'method_unknown', 'there is nothing at this path');
      else sendJson(res, route);
    });
  });
  if (onUpgrade !== undefined) server.on('upgrade', onUpgrade);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with JSON. */
export function sendJson(res: ServerResponse, value: unknown, status = 200): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Answers with a problem, as the node does. */
export function sendProblem(res: ServerResponse, status: number, code: string, detail: string): void {
  res.writeHead(status, { 'content-type': 'application/problem+json' });
  res.end(JSON.stringify({ type: 'about:blank', title: 'Error', status, detail, code }));
}
