/** Runs whole commands in the test's process, in a world of their own, and keeps what they print. */
import { PassThrough } from 'node:stream';
import { runCli } from '../../src/cli/cli.ts';
import type { StartedNode, World } from '../../src/cli/cli.ts';

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliWorld {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Columns of a terminal; without it both streams are pipes. */
  readonly columns?: number;
  readonly stdin?: PassThrough;
  readonly openEditor?: World['openEditor'];
  readonly spentMs?: World['spentMs'];
  readonly startNode?: (flags: Record<string, unknown>) => Promise<StartedNode>;
}

export interface Command {
  readonly ended: Promise<CliRun>;
  readonly out: () => string;
  readonly err: () => string;
  readonly exits: number[];
  readonly told: object[];
  /** Addresses shown in a browser. */
  readonly opened: string[];
  signal(name: NodeJS.Signals): void;
}

/** Runs a command to its end. */
export async function cli(words: readonly string[], world: CliWorld = {}): Promise<CliRun> {
  return startCli(words, world).ended;
}

/** Starts a command that does not end by itself. */
export function startCli(words: readonly string[], given: CliWorld = {}): Command {
  const [stdout, stderr] = [openScreen(given.columns), openScreen(given.columns)];
  const handlers = new Set<(signal: NodeJS.Signals) => void>();
  const exits: number[] = [];
  const told: object[] = [];
  const opened: string[] = [];
  const world: World = {
    env: { HOME: '/nowhere', ...given.env },
    cwd: given.cwd ?? '/nowhere',
    uid: 1_000,
    stdin: given.stdin ?? new PassThrough().end(),
    stdout: stdout.stream,
    stderr: stderr.stream,
    now: () => Date.now(),
    spentMs: given.spentMs ?? (() => 0),
    self: [process.execPath, 'nothing'],
    calledAs: 'drey',
    exitNow: (code) => void exits.push(code),
    onSignal: (handler) => {
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    tellParent: (message) => void told.push(message),
    openAddress: (url) => void opened.push(url),
    openEditor: (editor) => given.openEditor?.(editor) ?? Promise.resolve(null),
    startNode: ({ flags }) =>
      given.startNode?.({ ...flags }) ?? Promise.reject(new Error('this world starts no node')),
  };
  return {
    ended: runCli(words, world).then((code) => ({ code, out: stdout.text(), err: stderr.text() })),
    out: stdout.text,
    err: stderr.text,
    exits,
    told,
    opened,
    signal: (name) => handlers.forEach((handler) => handler(name)),
  };
}

function openScreen(columns: number | undefined): { stream: World['stdout']; text: () => string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  return {
    stream: Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns }),
    text: () => text,
  };
}
