/**
 * The node's one HTTP server: it owns the socket and its limits and hands requests to the gateway and the console.
 * It knows nothing of MCP or REST.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { DreyError } from '../../machines/words/errors.ts';
import { limits } from '../../machines/words/limits.ts';

/** Above every client's own keep-alive, so that we never close a socket a client is about to use. */
const keepAliveMs = 75_000;
/** How often slow requests are looked for; Node's own half minute would outlast the bounds. */
const slowCheckMs = 2_000;
/** While closing: how often connections that have become idle are looked for. */
const idleMs = 50;

export interface HttpFaces {
  /** Answers the request, or says that it is not its own. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Hears of each new connection, before anything is read from it. */
  readonly onConnection?: () => void;
  /** Hears of what went wrong with the server itself, such as a lack of file handles; it goes on listening. */
  readonly onError?: (error: unknown) => void;
}

/** Times within which a client must have spoken. */
export interface HttpBounds {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly checkMs: number;
}

const ownBounds: HttpBounds = {
  headersMs: limits.headersMsMax,
  requestMs: limits.requestMsMax,
  checkMs: slowCheckMs,
};

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Stops accepting, then waits for open requests; what is left after the bound is cut. */
  close(boundMs: number): Promise<void>;
}

const refusals = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
]);

/** What is no HTTP, is too slow or has too many headers gets one line, and its connection is over. */
function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  const status = refusals.get(error.code ?? '') ?? '400 Bad Request';
  if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
  else socket.destroy();
}

/** Listens; throws `port_in_use` or `permission_denied` with the address in the sentence. */
export async function listen(
  host: string,
  port: number,
  faces: HttpFaces,
  bounds: HttpBounds = ownBounds,
): Promise<HttpServer> {
  const server = createServer({
    maxHeaderSize: limits.headerBytesMax,
    keepAliveTimeout: keepAliveMs,
    headersTimeout: bounds.headersMs,
    requestTimeout: bounds.requestMs,
    connectionsCheckingInterval: bounds.checkMs,
  });
  server.maxConnections = limits.connectionsMax;
  const sockets = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    sockets.add(socket);
    faces.onConnection?.();
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    try {
      if (!faces.handle(request, response)) response.writeHead(404).end();
    } catch (error) {
      // One request that breaks its face must not take the process along.
      faces.onError?.(error);
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    }
  });
  server.on('upgrade', faces.handleUpgrade);
  server.on('clientError', refuseBrokenRequest);
  await bind(server, host, port);
  server.on('error', (error) => faces.onError?.(error));
  const address = server.address() as AddressInfo;
  return {
    url: `http://${toReachable(host)}:${address.port}`,
    port: address.port,
    close: (boundMs) => closeServer(server, sockets, boundMs),
  };
}

/**
 * Connections that wait to be taken. Where there is no room the kernel drops what asks for one, and it asks again only
 * after one, three, seven, … seconds: a node that is busy for a moment would keep clients waiting for half a minute.
 */
const backlogMax = 4_096;

/** Throws what `listen` would throw now: a port that is taken is told before anything slow has begun. */
export async function assertFree(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  await bind(server, host, port);
  await new Promise((resolve) => server.close(resolve));
}

/** The host as this machine itself reaches it. */
function toReachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => reject(toListenError(cause, host, port));
    server.once('error', refuse);
    server.listen({ port, host, backlog: backlogMax }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

function toListenError(cause: NodeJS.ErrnoException, host: string, port: number): DreyError {
  if (cause.code === 'EADDRINUSE') {
    return new DreyError(
      'port_in_use',
      `Port ${port} on ${host} is in use; stop what listens there, or choose another with --port (0 takes a free one).`,
      { cause },
    );
  }
  if (cause.code === 'EACCES') {
    return new DreyError(
      'permission_denied',
      `Port ${port} on ${host} may not be opened by this user; choose one above 1023 with --port.`,
      { cause },
    );
  }
  return new DreyError('config_invalid', `Listening on ${host}:${port} is not possible: ${cause.message}.`, {
    cause,
  });
}

async function closeServer(server: Server, sockets: ReadonlySet<Duplex>, boundMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // A connection that was busy until now stays open for the client's next request, which nobody will take.
  const idle = setInterval(() => server.closeIdleConnections(), idleMs);
  const bound = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, boundMs);
  await closed;
  clearInterval(idle);
  clearTimeout(bound);
}
