// Groups that must not outlive a node: it is killed with SIGKILL, and so is its watcher, and strangers are left alone.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProcesses, isAlive, startMark } from '../../../infra/servers/processes.ts';
import { endLeftGroups } from '../../../infra/servers/servers.ts';
import { runProgram } from '../../support/programs.ts';
import type { Program } from '../../support/programs.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';

let folder: TemporaryFolder;
let keeper: Program;
let left: number;

beforeEach(async () => {
  folder = await temporaryFolder('drey-groups');
});

afterEach(async () => {
  await keeper.kill();
  if (isAlive(left)) process.kill(-left, 'SIGKILL');
  await folder.remove();
});

async function start(...words: string[]): Promise<void> {
  keeper = runProgram('group-keeper', [folder.path, ...words]);
  left = Number(await keeper.line());
}

const file = () => join(folder.path, 'upstream-groups.json');
const kept = async () => JSON.parse(await readFile(file(), 'utf8').catch(() => '[]')) as { leader: number }[];
const untilKept = () => until('it is kept', async () => (await kept()).some(({ leader }) => leader === left));

/** The watcher that this keeper started: its child, by what the kernel says of parents. */
async function findWatcher(): Promise<number> {
  const isWatcher = async (pid: number) =>
    (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.split(' ')[1] ===
    String(keeper.pid);
  const all = await findProcesses(({ command }) => command.at(-1) === 'drey-watcher');
  for (const { pid } of all) if (await isWatcher(pid)) return pid;
  throw new Error('there is no watcher');
}

test('a group that ignores the end of its input goes with a node that is killed', async () => {
  await start();
  await untilKept();
  await keeper.kill();
  await until('it is gone', () => !isAlive(left));
});

test.runIf(process.platform === 'linux')(
  'what is left because the watcher was killed as well is ended by the next start, and only that',
  async () => {
    await start();
    await untilKept();
    process.kill(await findWatcher(), 'SIGKILL');
    await keeper.kill();
    expect(isAlive(left)).toBe(true);
    const mine = await startMark(left);
    await writeFile(file(), JSON.stringify([{ leader: left, mark: 'another start' }, { leader: 1 }, 7]));
    expect(await endLeftGroups({ dataDir: folder.path, log: quietLog })).toEqual([]);
    expect(isAlive(left)).toBe(true);
    await writeFile(file(), JSON.stringify([{ leader: left, mark: mine }]));
    expect(await endLeftGroups({ dataDir: folder.path, log: quietLog })).toEqual([left]);
    await until('it is gone', () => !isAlive(left));
  },
);

test('a group that ended before it was kept is nobody’s to end', async () => {
  await start('forgotten');
  // Another that is kept comes after it: by then the first was kept, or never will be.
  await until('the one after it is kept', async () => (await kept()).length > 0);
  await keeper.kill();
  expect((await kept()).map(({ leader }) => leader)).not.toContain(left);
  await endLeftGroups({ dataDir: folder.path, log: quietLog });
  expect(isAlive(left)).toBe(true);
});

test('a folder that keeps nothing, or nonsense, ends nothing', async () => {
  await start();
  await untilKept();
  for (const text of ['', '{', '{}', '[[]]']) {
    await writeFile(file(), text);
    expect(await endLeftGroups({ dataDir: folder.path, log: quietLog })).toEqual([]);
  }
});
