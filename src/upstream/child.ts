/**
 * One upstream's process. It leads a process group of its own, and closing ends the whole group within a bound, so that
 * no grandchild of a wrapper (`sh -c`, `npx`) survives. It inherits only a short list of environment variables: our own
 * secrets (the database's address, the bus's token) never reach it.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { limits } from '../../machines/words/limits.ts';
import { isAllowed, redact, type ResolvedConfig, type StdioUpstream } from './config.ts';
import { LineReader, type LineEvents } from './lines.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Hears of process groups, by their leaders. */
export interface Groups {
  started(leader: number): void;
  ended(leader: number): void;
}

export interface ChildOptions extends LineEvents {
  readonly resolved: ResolvedConfig<StdioUpstream>;
  readonly env: Environment;
  readonly onStderr: (text: string) => void;
  /** Who sees to it that its group does not outlive us, should we be killed. */
  readonly groups?: Groups | undefined;
  /** Called once, with a sentence that says why. */
  readonly onEnd: (why: string) => void;
}

/** After its input was closed, a server has this long to end by itself. */
const politeMs = 300;
/** After SIGTERM, the group has this long until SIGKILL. */
const termMs = 1_000;
/** After the process ended, its last output is awaited this long (a grandchild may hold the pipe open). */
const drainMs = 250;
const stderrKeptMax = 4_096;
const shownMax = 300;
/** Bytes that may wait for a child that does not read. */
const unreadBytesMax = 4 * limits.messageBytesMax;

const inheritedNames = ['PATH', 'HOME', 'LANG', 'TERM', 'USER', 'SHELL', 'TMPDIR'];
const inheritedOnWindows = ['APPDATA', 'COMSPEC', 'PATHEXT', 'SYSTEMROOT', 'TEMP', 'USERPROFILE', 'WINDIR'];

/** A running process with line-wise output. */
export class Child {
  readonly #options: ChildOptions;
  #process: ChildProcessWithoutNullStreams | undefined;
  #stderr = '';
  #isCorked = false;
  #ended: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** What was run, what became of it and what it said last; without secrets. */
  describe(fate: string): string {
    const { config, secrets } = this.#options.resolved;
    const ran = redact([config.command, ...(config.args ?? [])].join(' '), secrets).slice(0, shownMax);
    const said = this.#stderr.trim().split('\n').slice(-3).join(' | ').slice(-shownMax);
    return `${fate} (it was run as "${ran}"${said === '' ? '' : `; it last said: ${said}`})`;
  }

  /** Resolves when the process runs, rejects when it cannot be run. */
  async start(): Promise<void> {
    const { config } = this.#options.resolved;
    const started = spawn(config.command, config.args ?? [], {
      env: toChildEnvironment(this.#options.env, config),
      cwd: config.cwd,
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.#process = started;
    const reader = new LineReader(limits.messageBytesMax, this.#options);
    started.stdout.on('data', (chunk: Buffer) => reader.push(chunk));
    started.stdout.on('end', () => void this.#afterDrain('it closed its output'));
    started.stderr.setEncoding('utf8').on('data', (text: string) => this.#keepStderr(text));
    started.stdin.on('error', () => void this.#afterDrain('it closed its input'));
    started.stdout.on('error', () => void this.#afterDrain('its output broke'));
    started.stderr.on('error', () => undefined); // what it said before is kept
    started.on('error', (error) => void this.#afterDrain(`it failed: ${error.message}`));
    started.on('exit', (code, signal) => void this.#afterExit(code, signal));
    try {
      await once(started, 'spawn');
    } catch (error) {
      this.#ended = 'it could not be run';
      throw error;
    }
    if (started.pid === undefined) return;
    guard(started.pid);
    this.#options.groups?.started(started.pid);
  }

  /** False when the line was not taken: the process is gone, or it does not read. */
  write(line: string): boolean {
    const input = this.#process?.stdin;
    if (input === undefined || this.#ended !== undefined || !input.writable) return false;
    if (input.writableLength > unreadBytesMax) return false;
    // What one turn of the event loop brings leaves in one write.
    if (!this.#isCorked) {
      this.#isCorked = true;
      input.cork();
      setImmediate(() => {
        this.#isCorked = false;
        input.uncork();
      });
    }
    input.write(`${line}\n`);
    return true;
  }

  /** Ends the process and everything it started; resolves within about a second and a half, whatever they do. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const running = this.#process;
    if (running?.pid === undefined) return;
    running.stdin.end();
    if (!(await isGone(running, politeMs)) && signalGroup(running, 'SIGTERM')) {
      if (!(await isGone(running, termMs))) signalGroup(running, 'SIGKILL');
    }
    unguard(running.pid);
    this.#options.groups?.ended(running.pid);
    for (const stream of [running.stdin, running.stdout, running.stderr]) stream.destroy();
    this.#end('it was closed');
  }

  #keepStderr(text: string): void {
    const { secrets } = this.#options.resolved;
    this.#stderr = redact(this.#stderr + text, secrets).slice(-stderrKeptMax); // redacted before it is cut
    this.#options.onStderr(redact(text, secrets));
  }

  async #afterExit(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const output = this.#process?.stdout;
    if (output !== undefined && !output.readableEnded) {
      await Promise.race([once(output, 'end'), delay(drainMs)]).catch(() => undefined);
    }
    this.#end(code === null ? `it was killed by ${signal ?? 'a signal'}` : `it ended with code ${code}`);
  }

  /** A pipe closes a moment before the exit code is known, and the exit code says more. */
  async #afterDrain(fate: string): Promise<void> {
    await delay(drainMs);
    this.#end(fate);
  }

  #end(fate: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = fate;
    this.#options.onEnd(this.describe(fate));
    void this.close();
  }
}

/** Only what programs need to run at all, and what was allowed to or configured for this one. */
export function toChildEnvironment(
  env: Environment,
  config: Pick<StdioUpstream, 'env' | 'envAllow'>,
): Record<string, string> {
  const names = process.platform === 'win32' ? [...inheritedNames, ...inheritedOnWindows] : inheritedNames;
  const inherited = Object.entries(env).filter(
    (pair): pair is [string, string] =>
      pair[1] !== undefined &&
      (names.includes(pair[0]) || pair[0].startsWith('XDG_') || isAllowed(config, pair[0])),
  );
  return { ...Object.fromEntries(inherited), ...config.env };
}

/** Whether the whole group is gone within the time. Only the leader's end can be awaited, so the group is asked. */
async function isGone(running: ChildProcessWithoutNullStreams, withinMs: number): Promise<boolean> {
  const stepMs = 20;
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += stepMs) {
    if (!signalGroup(running, 0)) return true;
    await delay(stepMs);
  }
  return !signalGroup(running, 0);
}

/** Signals the process group; false when nobody is left to receive it. */
function signalGroup(running: ChildProcessWithoutNullStreams, signal: NodeJS.Signals | 0): boolean {
  if (running.pid === undefined) return false;
  if (process.platform === 'win32') return running.exitCode === null && running.kill(signal);
  return killGroup(running.pid, signal);
}

function killGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    return false; // ESRCH: nobody is left
  }
}

/** Groups that must not outlive this process when it exits without closing them; one listener for all of them. */
const guarded = new Set<number>();

function guard(leader: number): void {
  if (guarded.size === 0) process.on('exit', killGuarded);
  guarded.add(leader);
}

function unguard(leader: number): void {
  guarded.delete(leader);
  if (guarded.size === 0) process.off('exit', killGuarded);
}

function killGuarded(): void {
  for (const leader of guarded) killGroup(leader, 'SIGKILL');
}
