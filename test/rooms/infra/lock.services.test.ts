// The data folder's lock, with real processes that race, die and leave it behind.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { startMark } from '../../../infra/servers/processes.ts';
import { lockDataFolder } from '../../../infra/servers/servers.ts';
import { runProgram } from '../../support/programs.ts';
import type { Program } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';

// Two dozen processes are started here; a busy machine may take its time.
vi.setConfig({ testTimeout: 90_000 });

const takers = 8;
let folder: TemporaryFolder;
let running: Program[];

beforeEach(async () => {
  folder = await temporaryFolder('drey-lock');
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((program) => program.kill()));
  await folder.remove();
});

const take = (pid = process.pid) => lockDataFolder({ dataDir: folder.path, pid, now: () => 0 });

/** Lets so many processes go for the lock at the same moment; answers what each of them said. */
async function race(): Promise<{ readonly program: Program; readonly said: string }[]> {
  const programs = Array.from({ length: takers }, () => runProgram('lock-taker', [folder.path]));
  running.push(...programs);
  await Promise.all(programs.map((program) => program.line()));
  programs.forEach((program) => program.say('go\n'));
  return Promise.all(programs.map(async (program) => ({ program, said: await program.line() })));
}

describe('the lock of a data folder', () => {
  test('is taken by one node; the next one is told who has it', async () => {
    await take();
    await expect(take()).rejects.toMatchObject({ code: 'data_folder_locked', details: { pid: process.pid } });
    await expect(take()).rejects.toThrow(`in use by the node with pid ${process.pid}`);
  });

  test('can be taken again after it was given back, any number of times', async () => {
    for (let i = 0; i < 40; i += 1) await (await take()).release();
    const lock = await take();
    await expect(take()).rejects.toMatchObject({ code: 'data_folder_locked' });
    await lock.release();
    expect((await readdir(join(folder.path, 'lock'))).length).toBeLessThan(20);
  });

  test('given back twice does not take it from the next holder', async () => {
    const first = await take();
    await first.release();
    await take();
    await first.release();
    await expect(take()).rejects.toMatchObject({ code: 'data_folder_locked' });
  });

  test('goes to exactly one of many at once, also when the holder before them was killed', async () => {
    for (let round = 0; round < 3; round += 1) {
      const results = await race();
      const winners = results.filter(({ said }) => said === 'won');
      expect(winners).toHaveLength(1);
      const refusal = `data_folder_locked ${winners[0]?.program.pid}`;
      expect(results.filter(({ said }) => said === refusal)).toHaveLength(takers - 1);
      // What the next round finds is the lock of a dead process.
      await Promise.all(results.map(({ program }) => program.kill()));
    }
  });

  test('of a dead node does not count when its pid belongs to a stranger by now', async () => {
    await mkdir(join(folder.path, 'lock'));
    const text = JSON.stringify({ pid: process.pid, mark: 'of an earlier process with this pid' });
    await writeFile(join(folder.path, 'lock', '000000000001'), text);
    await expect(take()).resolves.toBeDefined();
  });

  test('that a power cut left without its content does not count', async () => {
    await mkdir(join(folder.path, 'lock'));
    await writeFile(join(folder.path, 'lock', '000000000001'), '');
    await expect(take()).resolves.toBeDefined();
  });

  test('knows a process by more than its pid', async () => {
    const program = runProgram('lock-taker', [folder.path]);
    await program.line();
    const mark = await startMark(program.pid);
    expect(mark).toBeDefined();
    expect(mark).toBe(await startMark(program.pid));
    expect(mark).not.toBe(await startMark(process.pid));
    await program.kill();
    expect(await startMark(program.pid)).toBeUndefined();
  });
});
