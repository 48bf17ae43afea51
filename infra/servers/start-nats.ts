/**
 * Runs the embedded nats-server: JetStream on disk, loopback only, a random token, and the same port again after a
 * restart so that clients reconnect by themselves. A left-over of an earlier node on the same data is stopped first,
 * because two servers on one store destroy it.
 */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';

import { DreyError } from '../../machines/words/errors.ts';
import { natsConfig } from '../nats/config.ts';
import { startChild, stopProcess } from './child.ts';
import type { Child, StopStep } from './child.ts';
import { makeFolder, openDataFolder, openServerFolder, serverUser } from './folders.ts';
import { logLength, logTail, turnLog } from './log-file.ts';
import { removePortFiles, waitUntilReady } from './nats-ready.ts';
import { isAtLeast, natsVersion } from './nats-version.ts';
import { loopback, portTaken, portTriesMax, rememberPort, wishedPort } from './port.ts';
import { findProcesses } from './processes.ts';
import { runnableBy } from './runnable.ts';
import type { RunningServer, ServerOptions } from './running.ts';
import { keepSecret, writeWhole } from './whole-file.ts';

export interface NatsOptions extends ServerOptions {
  /** The nats-server to run: what findNatsServer found. */
  readonly binary: string;
  /** Sync every message to disk before it is acknowledged; needs nats-server 2.10. */
  readonly syncAlways?: boolean | undefined;
}

/** Recovering a large store takes its time: 650,000 messages were ready after 1.4 s. */
const readyWithinMs = 120_000;
const stopSteps: readonly StopStep[] = [{ signal: 'SIGTERM', withinMs: 10_000 }];

/** The paths of one server's folder and what it was told. */
interface Setup {
  readonly program: string;
  readonly conf: string;
  readonly store: string;
  readonly logFile: string;
  readonly portFile: string;
  readonly token: string;
  readonly syncAlways: boolean;
}

/** Starts the server, or fails with the reason out of its log. */
export async function startNats(asked: NatsOptions): Promise<RunningServer> {
  const o = { ...asked, user: await serverUser(join(asked.dataDir, 'nats', 'store'), asked.user) };
  const setup = await prepare(o);
  await stopLeftOver(setup.conf, o);
  for (let tries = 1; ; tries += 1) {
    const wished = await wishedPort(o.port, setup.portFile, 'nats-server');
    const outcome = await tryStart(o, setup, wished ?? -1);
    if (outcome.at === 'ready') {
      await rememberPort(setup.portFile, outcome.port);
      await writeContext(o.dataDir, setup.token, outcome.port);
      o.log.info(
        { pid: outcome.child.pid, port: outcome.port, version: outcome.version },
        'nats-server is ready.',
      );
      return toRunning(outcome, setup.token);
    }
    if (outcome.at === 'port_taken' && o.port !== undefined) throw portTaken(o.port, 'nats-server');
    if (outcome.at === 'port_taken' && tries < portTriesMax) continue;
    throw new DreyError(
      'process_failed',
      `nats-server did not start: ${outcome.why} Its log is ${setup.logFile}.`,
      {
        details: { program: setup.program, logFile: setup.logFile },
      },
    );
  }
}

type Outcome =
  | { readonly at: 'ready'; readonly child: Child; readonly port: number; readonly version: string }
  | { readonly at: 'port_taken' | 'failed'; readonly why: string };

async function prepare(o: NatsOptions): Promise<Setup> {
  await openDataFolder(o.dataDir, o.user);
  const folder = join(await realpath(o.dataDir), 'nats');
  await makeFolder(folder, o.user === undefined ? 0o700 : 0o711);
  const store = join(folder, 'store');
  await openServerFolder(store, o.user);
  const syncAlways = o.syncAlways ?? false;
  if (syncAlways) await assertCanSync(o.binary);
  return {
    program: await runnableBy(o.binary, o.user, o.cacheDir),
    conf: join(folder, 'nats.conf'),
    store,
    logFile: join(store, 'nats.log'),
    portFile: join(folder, 'port'),
    token: (await keepSecret(join(folder, 'token'))).secret,
    syncAlways,
  };
}

/** Old servers do not know the setting; a promise that is silently not kept is worse than an error. */
async function assertCanSync(binary: string): Promise<void> {
  const version = await natsVersion(binary);
  if (version !== undefined && isAtLeast(version, '2.10.0')) return;
  throw new DreyError(
    'config_invalid',
    `Power-safe durability needs nats-server 2.10 or newer, but ${binary} is ${version ?? 'none'}; ` +
      `name a newer one in DREY_NATS_SERVER.`,
  );
}

async function tryStart(o: NatsOptions, setup: Setup, port: number): Promise<Outcome> {
  const text = natsConfig({ port, token: setup.token, storeDir: setup.store, syncAlways: setup.syncAlways });
  await writeWhole(setup.conf, text, { mode: 0o600, owner: o.user });
  await removePortFiles(setup.store);
  await turnLog(setup.logFile);
  const before = await logLength(setup.logFile);
  const words = [configWord(setup.conf)];
  const child = await startChild({
    program: setup.program,
    words,
    folder: setup.store,
    user: o.user,
    output: 'ignore',
  });
  const ready = await waitUntilReady({ child, program: setup.program, store: setup.store }, readyWithinMs);
  if (ready !== undefined) return { at: 'ready', child, ...ready };
  const late = child.ended() === undefined;
  await stopProcess(child.pid, stopSteps);
  const tail = await logTail(setup.logFile, before);
  if (/address already in use/i.test(tail)) return { at: 'port_taken', why: tail };
  return {
    at: 'failed',
    why: late ? `it was not ready within ${readyWithinMs / 1_000} s.` : tail || 'it ended at once.',
  };
}

/** Where the NATS CLI finds address and token of the embedded server (`nats --context <file>`). */
export function natsContextFile(dataDir: string): string {
  return join(dataDir, 'nats', 'context.json');
}

/** It holds the token, so it is for the node's own user only, as the token's file is. */
async function writeContext(dataDir: string, token: string, port: number): Promise<void> {
  const context = { description: 'the bus of a Drey node', url: `nats://${loopback}:${port}`, token };
  await writeWhole(natsContextFile(dataDir), `${JSON.stringify(context)}\n`, { mode: 0o600 });
}

function toRunning(ready: Extract<Outcome, { at: 'ready' }>, token: string): RunningServer {
  const { child, port, version } = ready;
  return {
    kind: 'nats',
    url: `nats://${token}@${loopback}:${port}`,
    port,
    pid: child.pid,
    version,
    exited: child.exited,
    async stop() {
      if (child.ended() !== undefined) return;
      await stopProcess(child.pid, stopSteps);
      await child.exited;
    },
  };
}

/** One word, and one that nobody else uses: by it a left-over is known in the list of processes. */
function configWord(conf: string): string {
  return `--config=${conf}`;
}

async function stopLeftOver(conf: string, o: NatsOptions): Promise<void> {
  const word = configWord(conf);
  const found = await findProcesses(
    ({ command }) => command.at(-1) === word || command[0]?.endsWith(` ${word}`) === true,
  );
  for (const { pid } of found) {
    o.log.warn(
      { pid },
      'A nats-server of an earlier node still runs on this data folder; it is stopped first.',
    );
    await stopProcess(pid, stopSteps);
  }
}
