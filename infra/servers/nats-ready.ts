/**
 * Knowing when a nats-server that was just started serves: it writes the port it chose to a file once it listens, and
 * greets everybody who connects with what it is.
 */
import { readFile, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, join } from 'node:path';

import { waitFor } from './child.ts';
import type { Child } from './child.ts';
import { loopback } from './port.ts';

/** What a ready server says about itself. */
export interface Ready {
  readonly port: number;
  readonly version: string;
}

const answerWithinMs = 2_000;

/** Waits until the server listens and JetStream is there; undefined when it ended or the time is over. */
export async function waitUntilReady(
  o: { readonly child: Child; readonly program: string; readonly store: string },
  withinMs: number,
): Promise<Ready | undefined> {
  const { child } = o;
  const portsFile = join(o.store, `${basename(o.program)}_${child.pid}.ports`);
  let ready: Ready | undefined;
  await waitFor(async () => {
    if (child.ended() !== undefined) return true;
    const port = parsePort(await readFile(portsFile, 'utf8').catch(() => ''));
    if (port === undefined) return false;
    const greeting = await greetingOf(port);
    if (greeting?.jetstream !== true) return false;
    ready = { port, version: greeting.version };
    return true;
  }, withinMs);
  return ready;
}

function parsePort(text: string): number | undefined {
  const port = Number(/"nats:\/\/[^"]*:(\d+)"/.exec(text)?.[1]);
  return Number.isInteger(port) ? port : undefined;
}

/** The INFO line that a nats-server sends to everybody who connects. */
function greetingOf(port: number): Promise<{ version: string; jetstream: boolean } | undefined> {
  return new Promise((resolve) => {
    let seen = '';
    const socket = connect({ port, host: loopback });
    const end = (answer?: { version: string; jetstream: boolean }): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(answerWithinMs, () => end());
    socket.on('error', () => end());
    socket.on('close', () => end());
    socket.on('data', (chunk) => {
      seen += chunk.toString('utf8');
      if (!seen.includes('\r\n')) return;
      const version = /"version":"([^"]+)"/.exec(seen)?.[1];
      end(version === undefined ? undefined : { version, jetstream: seen.includes('"jetstream":true') });
    });
  });
}

/** A server that was killed leaves its file behind, and pids are used again. */
export async function removePortFiles(store: string): Promise<void> {
  const names = await readdir(store);
  await Promise.all(
    names.filter((name) => name.endsWith('.ports')).map((name) => rm(join(store, name), { force: true })),
  );
}
