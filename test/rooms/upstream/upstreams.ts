/**
 * What the tests of this room share: opening fixtures, which are closed again after each test, and reading outcomes.
 */
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { CallOutcome } from '../../../machines/words/calls.ts';
import {
  openUpstream,
  parseUpstreamConfig,
  type Log,
  type Upstream,
} from '../../../src/upstream/upstream.ts';

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/upstreams/${name}`, import.meta.url));

/** A program from node_modules, run without a shell. */
export const installed = (path: string): string =>
  fileURLToPath(new URL(`../../../node_modules/@modelcontextprotocol/${path}`, import.meta.url));

const ignore = (): void => undefined;
export const quietLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

export interface OpenFixture {
  readonly alias?: string;
  readonly env?: Record<string, string | undefined>;
  readonly startTimeoutMs?: number;
  readonly log?: Log;
}

/** Opens an upstream from its configuration; it is closed when the test ends. */
export async function open(entry: object, options: OpenFixture = {}): Promise<Upstream> {
  const { alias = 'it', env = process.env, startTimeoutMs = 10_000, log = quietLog } = options;
  const upstream = await openUpstream({
    alias,
    config: parseUpstreamConfig(alias, entry),
    clientInfo: { name: 'drey-test', version: '0' },
    log,
    env,
    startTimeoutMs,
    callTimeoutMs: 10_000,
  });
  onTestFinished(() => upstream.close());
  return upstream;
}

/** A fixture run by this Node. */
export const program = (name: string, ...args: string[]) => ({
  command: process.execPath,
  args: [fixture(name), ...args],
});

export interface CallExtras {
  readonly args?: string;
  readonly meta?: string;
  readonly traceparent?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly notify?: (notification: string) => void;
}

export function call(upstream: Upstream, tool: string, extras: CallExtras = {}): Promise<CallOutcome> {
  return upstream.call({ tool, args: '{}', signal: new AbortController().signal, ...extras });
}

/** The parsed result of a call that must have finished. */
export function resultOf(outcome: CallOutcome): { content: { text?: string }[]; [key: string]: unknown } {
  if (outcome.outcome !== 'finished')
    throw new Error(`it ${outcome.outcome}: ${outcome.code} ${outcome.message}`);
  return JSON.parse(outcome.result);
}

export function textOf(outcome: CallOutcome): string | undefined {
  return resultOf(outcome).content[0]?.text;
}

/** Where the kernel shows no processes, tests that count them are skipped. */
export const hasProcesses = existsSync('/proc/self/stat');

/** State and parent of a process, as the kernel tells. */
async function statOf(pid: number | string): Promise<{ state: string; parent: number } | undefined> {
  try {
    const [state = '', parent] = (await readFile(`/proc/${pid}/stat`, 'utf8'))
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

/** True while a process runs; a zombie does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await statOf(pid);
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X';
}

/** The processes that a process has started and not yet buried. */
export async function childrenOf(parent: number): Promise<{ state: string; parent: number }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name));
  const stats = await Promise.all(pids.map(statOf));
  return stats
    .filter((stat) => stat?.parent === parent)
    .flatMap((stat) => (stat === undefined ? [] : [stat]));
}

/** Polls until the condition holds; fails after a bounded time. */
export async function until(isSo: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
