/**
 * One node per data folder. The lock is a folder of numbered files: the highest number holds, taking over a dead
 * holder's lock means creating the next number, and the file system lets exactly one process do that. Nothing is ever
 * removed that could still be the highest, so there is no moment in which two can win.
 */
import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { DreyError } from '../../machines/words/errors.ts';
import { makeFolder } from './folders.ts';
import { startMark } from './processes.ts';
import { createWhole, writeWhole } from './whole-file.ts';

export interface LockOptions {
  readonly dataDir: string;
  /** The process that shall hold the lock: the caller's own. */
  readonly pid: number;
  readonly now: () => number;
}

/** The lock while it is held. */
export interface DataFolderLock {
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly mark: string;
}

/** Old numbers kept, so that nobody who is just reading the folder can miss all of them. */
const numbersKept = 16;
/** Lost races before giving up; each one means that somebody else won. */
const triesMax = 64;

/** Takes the lock, or throws data_folder_locked naming the process that has it. */
export async function lockDataFolder(o: LockOptions): Promise<DataFolderLock> {
  await makeFolder(o.dataDir, 0o700);
  const folder = join(o.dataDir, 'lock');
  await makeFolder(folder, 0o700);
  const mark = (await startMark(o.pid)) ?? 'unknown';
  for (let tries = 0; tries < triesMax; tries += 1) {
    const last = (await numbersIn(folder)).at(-1) ?? 0;
    const holder = await readHolder(folder, last);
    if (holder !== undefined && (await isHeld(holder))) throw locked(o.dataDir, holder.pid);
    const mine = last + 1;
    const text = `${JSON.stringify({ pid: o.pid, mark, at: new Date(o.now()).toISOString() })}\n`;
    if (!(await createWhole(fileOf(folder, mine), text, { mode: 0o600 }))) continue;
    if ((await numbersIn(folder)).at(-1) !== mine) {
      // What we read was history already: others were here meanwhile, and a higher number holds.
      await rm(fileOf(folder, mine), { force: true });
      continue;
    }
    await removeOld(folder, mine);
    return { release: () => release(folder, mine, o.pid) };
  }
  throw new DreyError(
    'data_folder_locked',
    `The lock of ${o.dataDir} is wanted by too many at once; try again.`,
  );
}

/** Giving back leaves the number in place, without a holder: the next one counts on from it. */
async function release(folder: string, mine: number, pid: number): Promise<void> {
  // A data folder that was removed meanwhile needs no giving back.
  if ((await numbersIn(folder).catch(() => [])).at(-1) !== mine) return;
  if ((await readHolder(folder, mine))?.pid !== pid) return;
  await writeWhole(fileOf(folder, mine), '{}\n', { mode: 0o600 });
}

async function isHeld(holder: Holder): Promise<boolean> {
  return (await startMark(holder.pid)) === holder.mark;
}

function locked(dataDir: string, pid: number): DreyError {
  return new DreyError(
    'data_folder_locked',
    `The data folder ${dataDir} is in use by the node with pid ${pid}; stop it (drey down) or name another folder (DREY_DATA).`,
    { details: { folder: dataDir, pid } },
  );
}

async function numbersIn(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((one, other) => one - other);
}

async function readHolder(folder: string, number: number): Promise<Holder | undefined> {
  const text = await readFile(fileOf(folder, number), 'utf8').catch(() => '{}');
  const seen = parse(text);
  if (typeof seen !== 'object' || seen === null || !('pid' in seen) || !('mark' in seen)) return undefined;
  return typeof seen.pid === 'number' && typeof seen.mark === 'string'
    ? { pid: seen.pid, mark: seen.mark }
    : undefined;
}

/** A file that a power cut left without its content names nobody: whoever wrote it is gone. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function removeOld(folder: string, mine: number): Promise<void> {
  const old = (await numbersIn(folder)).filter((number) => number < mine - numbersKept);
  for (const number of old) await rm(fileOf(folder, number), { force: true });
}

function fileOf(folder: string, number: number): string {
  return join(folder, String(number).padStart(12, '0'));
}
