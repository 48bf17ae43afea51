/**
 * Starting and ending the processes of this room. Children get a session of their own, so that a Ctrl-C in the
 * terminal reaches the node alone and the node decides the order of stopping.
 */
import { spawn } from 'node:child_process';
import { setTimeout as rest } from 'node:timers/promises';

import { DreyError } from '../../machines/words/errors.ts';
import { isAlive } from './processes.ts';
import type { OsUser, ProcessExit } from './running.ts';

/** A started child and the promise of its end. */
export interface Child {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  /** How it ended, once it has. */
  ended(): ProcessExit | undefined;
}

export interface ChildOptions {
  readonly program: string;
  readonly words: readonly string[];
  readonly folder: string;
  readonly user: OsUser | undefined;
  /** Where its output goes: an open file, or nowhere. A pipe would kill the child when the node dies. */
  readonly output: number | 'ignore';
}

/** One signal and how long it may take before the next one. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly withinMs: number;
}

const pollMs = 20;
/** What the kernel needs to take a killed process away, generously. */
const killedWithinMs = 5_000;

/** Starts a long-running child; it rejects when the program cannot be run at all. */
export async function startChild(o: ChildOptions): Promise<Child> {
  const child = spawn(o.program, o.words, {
    cwd: o.folder,
    detached: true,
    stdio: ['ignore', o.output, o.output],
    env: childEnvironment(),
    ...(o.user === undefined ? {} : { uid: o.user.uid, gid: o.user.gid }),
  });
  let end: ProcessExit | undefined;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      end = { code, signal };
      resolve(end);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      const as = o.user === undefined ? '' : ` as the user ${o.user.name}`;
      reject(
        new DreyError('process_failed', `${o.program} cannot be run${as}: ${cause.message}.`, { cause }),
      );
    });
  });
  if (child.pid === undefined)
    throw new DreyError('process_failed', `${o.program} was started without a pid.`);
  return { pid: child.pid, exited, ended: () => end };
}

/** What a server may see of our environment: nothing that holds a secret or steers Postgres by accident (PGPORT). */
export function childEnvironment(): Record<string, string> {
  const path = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  return { PATH: path, LC_ALL: 'C', TZ: 'UTC' };
}

/** Sends one signal after the other until the process is gone; true when it went without SIGKILL. */
export async function stopProcess(pid: number, steps: readonly StopStep[]): Promise<boolean> {
  for (const step of steps) {
    if (!send(pid, step.signal)) return true;
    if (await waitUntilGone(pid, step.withinMs)) return true;
  }
  send(pid, 'SIGKILL');
  await waitUntilGone(pid, killedWithinMs);
  return false;
}

/** Waits until the process is gone, at most so long. */
export async function waitUntilGone(pid: number, withinMs: number): Promise<boolean> {
  return waitFor(() => !isAlive(pid), withinMs);
}

/** Asks again and again until the answer is yes; false when it was not yes within the time. */
export async function waitFor(ask: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  for (;;) {
    if (await ask()) return true;
    if (performance.now() >= end) return false;
    await rest(pollMs);
  }
}

/** False when there is nobody to send it to. */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw new DreyError('process_failed', `Process ${pid} cannot be stopped: it belongs to another user.`, {
      cause: error,
    });
  }
}
