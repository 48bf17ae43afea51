/**
 * The address on loopback to which a browser comes back with an authorization code. It takes one answer that carries
 * our state, tells the person that the page can be closed, and is gone.
 */
import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { DreyError } from '../../machines/words/errors.ts';

export interface Code {
  readonly code: string;
  /** Who says to have issued it. */
  readonly iss: string | undefined;
}

export interface CodeListener {
  readonly address: string;
  /** The code that comes with this state; rejects when it is refused or does not come in time. */
  code(state: string, withinMs: number): Promise<Code>;
  close(): Promise<void>;
}

const host = '127.0.0.1';
const path = '/callback';

/** Listens on a free port, or on the one that a client id is bound to. */
export async function listenForCode(port = 0): Promise<CodeListener> {
  const server = createServer();
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new DreyError('port_in_use', `The port ${port} for the way back from the browser is taken.`, {
      cause,
    });
  }
  const bound = server.address();
  const taken = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    address: `http://${host}:${taken}${path}`,
    code: (state, withinMs) =>
      new Promise((resolve, reject) => {
        const sentence = `nobody gave the authorization within ${Math.round(withinMs / 1_000)} s`;
        const late = setTimeout(() => reject(new DreyError('call_timeout', sentence)), withinMs);
        server.on('request', (req, res) => {
          const url = new URL(req.url ?? '/', `http://${host}`);
          if (req.method !== 'GET' || url.pathname !== path)
            return answer(res, 404, 'There is nothing here.');
          // Anybody on this machine may knock; only who knows our state is listened to.
          if (!isSame(url.searchParams.get('state') ?? '', state))
            return answer(res, 400, 'This is not the authorization that was asked for; nothing was changed.');
          clearTimeout(late);
          const code = url.searchParams.get('code');
          if (code === null) {
            answer(res, 200, 'Drey was not let in. This page can be closed.');
            return reject(toRefused(url.searchParams));
          }
          answer(res, 200, 'Drey was let in. This page can be closed.');
          resolve({ code, iss: url.searchParams.get('iss') ?? undefined });
        });
      }),
    async close() {
      server.close();
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), 500);
      if (server.listening) await once(server, 'close');
      clearTimeout(cut);
    },
  };
}

function toRefused(answered: URLSearchParams): Error {
  const error = answered.get('error') ?? 'no code came back';
  const described = answered.get('error_description');
  return new Error(`${error}${described === null ? '' : ` (${described})`}`.slice(0, 500));
}

function isSame(given: string, state: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(state)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function answer(res: ServerResponse, status: number, sentence: string): void {
  res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', connection: 'close' });
  res.end(`<!doctype html><title>Drey</title><p>${sentence}</p>`);
}
