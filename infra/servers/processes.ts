/**
 * Which processes exist, when they started and what their command lines say: enough to tell our own left-overs from
 * strangers. A pid alone is never trusted, because pids are used again.
 */
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';

/** One process and the words it was started with (or the title it gave itself). */
export interface SeenProcess {
  readonly pid: number;
  readonly command: readonly string[];
}

const run = promisify(execFile);
const psTimeoutMs = 5_000;
const psOutputBytesMax = 8 * 1024 * 1024;

/** True while the process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  return isPidTaken(pid) && readStat(pid)?.state !== 'Z';
}

/** True while a process has this pid, even one that has ended and was not fetched by its parent yet (a zombie). */
export function isPidTaken(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists but belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * A mark that no two processes share, not even two that had the same pid: boot and start time. Undefined when the
 * process is gone (or a zombie).
 */
export async function startMark(pid: number): Promise<string | undefined> {
  if (!isAlive(pid)) return undefined;
  if (process.platform === 'linux') {
    const seen = readStat(pid);
    return seen === undefined ? undefined : `${bootId()}:${seen.startTicks}`;
  }
  const listed = await ps(['-o', 'lstart=', '-p', String(pid)]);
  return listed.trim() || undefined;
}

/** Every process that `matches` says yes to; this process never counts. */
export async function findProcesses(matches: (seen: SeenProcess) => boolean): Promise<SeenProcess[]> {
  const all = process.platform === 'linux' ? listFromProc() : await listFromPs();
  return all.filter((seen) => seen.pid !== process.pid && matches(seen) && isAlive(seen.pid));
}

function listFromProc(): SeenProcess[] {
  const found: SeenProcess[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = readOrEmpty(`/proc/${name}/cmdline`);
    if (line !== '') found.push({ pid: Number(name), command: line.replace(/\0+$/, '').split('\0') });
  }
  return found;
}

async function listFromPs(): Promise<SeenProcess[]> {
  const listed = await ps(['-axo', 'pid=,command=']);
  return listed.split('\n').flatMap((line) => {
    const parts = /^\s*(\d+)\s+(.*)$/.exec(line);
    return parts === null ? [] : [{ pid: Number(parts[1]), command: [parts[2] ?? ''] }];
  });
}

async function ps(words: string[]): Promise<string> {
  try {
    return (await run('ps', words, { timeout: psTimeoutMs, maxBuffer: psOutputBytesMax })).stdout;
  } catch {
    return '';
  }
}

/** State and start time out of /proc; the second field (the name) may hold spaces and brackets, so cut behind it. */
function readStat(pid: number): { readonly state: string; readonly startTicks: string } | undefined {
  const line = readOrEmpty(`/proc/${pid}/stat`);
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return line === '' || !state || !startTicks ? undefined : { state, startTicks };
}

function bootId(): string {
  return readOrEmpty('/proc/sys/kernel/random/boot_id').trim();
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
