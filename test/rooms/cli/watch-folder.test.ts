/** How long a watched folder is left alone: by the work it cost, not by how long that took. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchFolder } from '../../../src/cli/imports/watch-folder.ts';
import { openWatchState } from '../../../src/cli/imports/watch-state.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder('drey-watch');
});
afterEach(() => folder.remove());

/** Looks so many times at one file that changes each time; gives back the rests between, and how often it was read. */
async function look(times: number, costMs: number): Promise<{ rests: number[]; reads: number }> {
  let nowMs = 1_000_000;
  let spentMs = 0;
  let reads = 0;
  const rests: number[] = [];
  const file = join(folder.path, 'one.jsonl');
  const write = (n: number) =>
    writeFile(
      file,
      `${JSON.stringify({ type: 'user', uuid: `p${n}`, sessionId: 's', parentUuid: null, message: { content: `task ${n}` } })}\n`.repeat(
        n,
      ),
    );
  await write(1);
  await watchFolder({
    folder: folder.path,
    format: undefined,
    state: await openWatchState(join(folder.path, 'state')),
    world: { now: () => nowMs, spentMs: () => spentMs, stdin: new PassThrough().end() },
    stop: {
      isAsked: () => rests.length >= times,
      within: async (waitMs) => {
        rests.push(waitMs);
        nowMs += waitMs;
        await write(rests.length + 1);
      },
      end: () => undefined,
    },
    send: async (episodes) => {
      for await (const _episode of episodes);
      // Somebody else had the processor, or the node was slow to answer.
      nowMs += 30_000;
      spentMs += costMs;
    },
    onRead: async () => void (reads += 1),
    onTrouble: (_file, error) => {
      throw error;
    },
  });
  return { rests, reads };
}

it('goes on after a second, however long it had to wait for others', async () => {
  expect(await look(3, 10)).toEqual({ rests: [1_000, 1_000, 1_000], reads: 3 });
});

it('rests twenty times what its work cost, a minute at most', async () => {
  expect((await look(1, 500)).rests).toEqual([10_000]);
  expect((await look(1, 60_000)).rests).toEqual([60_000]);
});
