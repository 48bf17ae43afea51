/**
 * Ports of the embedded servers: always on loopback, and the same one again after a restart, so that clients find
 * the server where it was. A remembered port is a wish, not a claim: somebody else may have it by now.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

import { DreyError } from '../../machines/words/errors.ts';
import { writeWhole } from './whole-file.ts';

export const loopback = '127.0.0.1';

/** How often a start is tried on other ports when the one it was given is taken. */
export const portTriesMax = 5;

/** True when nobody listens on the port. Between this answer and its use somebody may take it. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined;
}

/** Any port that is free now. */
export async function freePort(): Promise<number> {
  const port = await listenOnce(0);
  if (port === undefined)
    throw new DreyError('port_in_use', 'The system has no free port on 127.0.0.1 left.');
  return port;
}

/** The port this server had at its last start. */
export async function rememberedPort(path: string): Promise<number | undefined> {
  try {
    const port = Number((await readFile(path, 'utf8')).trim());
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the port for the next start. */
export async function rememberPort(path: string, port: number): Promise<void> {
  await writeWhole(path, `${port}\n`, { mode: 0o644 });
}

/** The explicit port (an error when taken), the remembered one when free, or undefined for any. */
export async function wishedPort(
  explicit: number | undefined,
  path: string,
  what: string,
): Promise<number | undefined> {
  if (explicit !== undefined) {
    if (await isPortFree(explicit)) return explicit;
    throw portTaken(explicit, what);
  }
  const last = await rememberedPort(path);
  return last !== undefined && (await isPortFree(last)) ? last : undefined;
}

export function portTaken(port: number, what: string): DreyError {
  const sentence = `Port ${port}, which ${what} was told to use, is taken on 127.0.0.1; free it or name another.`;
  return new DreyError('port_in_use', sentence, { details: { port } });
}

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: loopback, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
