/**
 * Runs the embedded Postgres: on loopback with a random password, on the same port again after a restart. Whatever an
 * earlier node left running on the same data, even backends whose postmaster was killed, is stopped first; nobody has
 * to clean up by hand.
 */
import { open, readFile, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { DreyError } from '../../machines/words/errors.ts';
import { startChild, stopProcess, waitFor } from './child.ts';
import type { Child, StopStep } from './child.ts';
import { makeFolder, openDataFolder, serverUser } from './folders.ts';
import { logLength, logTail, turnLog } from './log-file.ts';
import { freePort, loopback, portTaken, portTriesMax, rememberPort, wishedPort } from './port.ts';
import { findPostgres } from './postgres-binaries.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { clusterName, databaseName, openPostgresData, roleName } from './postgres-data.ts';
import { findProcesses, isPidTaken } from './processes.ts';
import type { SeenProcess } from './processes.ts';
import type { RunningServer, ServerOptions } from './running.ts';
import { keepSecret } from './whole-file.ts';

/** Replaying the log after a crash takes its time. */
const readyWithinMs = 120_000;
/** SIGINT ends sessions and writes a checkpoint; SIGQUIT leaves that to the next start. */
const stopSteps: readonly StopStep[] = [
  { signal: 'SIGINT', withinMs: 15_000 },
  { signal: 'SIGQUIT', withinMs: 5_000 },
];
const backendStopSteps: readonly StopStep[] = [{ signal: 'SIGQUIT', withinMs: 2_000 }];

interface Setup {
  readonly binaries: PostgresBinaries;
  readonly place: string;
  readonly password: string;
  readonly logFile: string;
  readonly portFile: string;
}

/** Starts the server, or fails with the reason out of its log. */
export async function startPostgres(asked: ServerOptions): Promise<RunningServer> {
  const o = { ...asked, user: await serverUser(join(asked.dataDir, 'postgres', 'data'), asked.user) };
  const setup = await prepare(o);
  for (let tries = 1; ; tries += 1) {
    const port = (await wishedPort(o.port, setup.portFile, 'Postgres')) ?? (await freePort());
    const outcome = await tryStart(o, setup, port);
    if (outcome.at === 'ready') {
      await rememberPort(setup.portFile, port);
      o.log.info({ pid: outcome.child.pid, port, version: setup.binaries.version }, 'Postgres is ready.');
      return toRunning(outcome.child, port, setup, o);
    }
    if (outcome.at === 'port_taken' && o.port !== undefined) throw portTaken(o.port, 'Postgres');
    if (outcome.at !== 'failed' && tries < portTriesMax) continue;
    throw new DreyError(
      'process_failed',
      `Postgres did not start: ${outcome.why} Its log is ${setup.logFile}.`,
      {
        details: { program: setup.binaries.postgres, logFile: setup.logFile },
      },
    );
  }
}

type Outcome =
  | { readonly at: 'ready'; readonly child: Child }
  | { readonly at: 'port_taken' | 'left_over' | 'failed'; readonly why: string };

async function prepare(o: ServerOptions): Promise<Setup> {
  await openDataFolder(o.dataDir, o.user);
  const folder = join(await realpath(o.dataDir), 'postgres');
  await makeFolder(folder, o.user === undefined ? 0o700 : 0o711);
  const binaries = await findPostgres(o);
  const { secret: password, isNew: isNewPassword } = await keepSecret(join(folder, 'password'));
  await stopLeftOvers(join(folder, 'data'), o);
  const place = await openPostgresData({ binaries, folder, password, isNewPassword, user: o.user });
  return { binaries, place, password, logFile: join(folder, 'postgres.log'), portFile: join(folder, 'port') };
}

async function tryStart(o: ServerOptions, setup: Setup, port: number): Promise<Outcome> {
  await turnLog(setup.logFile);
  const before = await logLength(setup.logFile);
  const output = await open(setup.logFile, 'a', 0o600);
  let child: Child;
  try {
    const words = ['-D', setup.place, '-p', String(port)];
    child = await startChild({
      program: setup.binaries.postgres,
      words,
      folder: setup.place,
      user: o.user,
      output: output.fd,
    });
  } finally {
    await output.close();
  }
  if (await waitUntilReady(child, setup.place)) return { at: 'ready', child };
  const late = child.ended() === undefined;
  await stopProcess(child.pid, stopSteps);
  const tail = await logTail(setup.logFile, before);
  if (/Address already in use/i.test(tail)) return { at: 'port_taken', why: tail };
  if (/pre-existing shared memory block|lock file "postmaster.pid" already exists/.test(tail)) {
    await stopLeftOvers(setup.place, o);
    return { at: 'left_over', why: tail };
  }
  return {
    at: 'failed',
    why: late ? `it was not ready within ${readyWithinMs / 1_000} s.` : tail || 'it ended at once.',
  };
}

/** Postgres says in the eighth line of its pid file how far it is. */
async function waitUntilReady(child: Child, place: string): Promise<boolean> {
  await waitFor(async () => child.ended() !== undefined || (await isReady(child.pid, place)), readyWithinMs);
  return child.ended() === undefined && isReady(child.pid, place);
}

async function isReady(pid: number, place: string): Promise<boolean> {
  const lines = (await readFile(join(place, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

function toRunning(child: Child, port: number, setup: Setup, o: ServerOptions): RunningServer {
  return {
    kind: 'postgres',
    url: `postgres://${roleName}:${setup.password}@${loopback}:${port}/${databaseName}`,
    port,
    pid: child.pid,
    version: setup.binaries.version,
    exited: child.exited,
    async stop() {
      if (child.ended() === undefined && !(await stopProcess(child.pid, stopSteps))) {
        await stopLeftOvers(setup.place, o);
      }
      await child.exited;
    },
  };
}

/**
 * Stops a postmaster on this data, then backends that outlived theirs, and removes a pid file that would block the
 * start because its pid belongs to a stranger by now, or to a zombie (a container whose first process fetches none).
 * With a pid that nobody has Postgres copes by itself, and more carefully.
 */
async function stopLeftOvers(place: string, o: ServerOptions): Promise<void> {
  for (const { pid } of await findProcesses((seen) => isPostmaster(seen, place))) {
    o.log.warn({ pid }, 'A Postgres of an earlier node still runs on this data folder; it is stopped first.');
    await stopProcess(pid, stopSteps);
  }
  const title = `postgres: ${clusterName(place)}: `;
  const backends = await findProcesses(({ command }) => command[0]?.startsWith(title) === true);
  await Promise.all(backends.map(({ pid }) => stopProcess(pid, backendStopSteps)));
  const pidFile = join(place, 'postmaster.pid');
  const named = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (named > 0 && isPidTaken(named)) await rm(pidFile, { force: true });
}

function isPostmaster({ command }: SeenProcess, place: string): boolean {
  const [program = '', flag, folder] = command;
  // Where only whole lines are listed, they are taken apart by what we know of them.
  if (command.length === 1) return program.includes(`/postgres -D ${place} -p `);
  return basename(program) === 'postgres' && flag === '-D' && folder === place;
}
