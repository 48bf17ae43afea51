/**
 * What a watcher of a folder remembers: how far each file was taken in. It is written whole beside the user's other
 * state after each change, so a watcher that is killed goes on where it was; what it then sends again is a duplicate.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';

/** Files that are remembered; the one that changed longest ago is forgotten first. */
const filesMax = 10_000;
/** Bytes at a file's beginning that tell it from another one under its name. */
const headBytesMax = 1_024;

const Watched = z.object({
  sizeBytes: z.number(),
  changedMs: z.number(),
  headBytes: z.number(),
  head: z.string(),
  /** Episodes that were whole and are sent: the file's first ones. */
  sent: z.int(),
  /** Episodes that were sent although the file may go on with them: a mark of what was sent, by their names. */
  tail: z.record(z.string(), z.string()),
  /** When the episodes at its end that are not sent yet may be; null when there are none. */
  dueMs: z.number().nullable(),
  /** The last bad line that was told. */
  told: z.int(),
});
export type Watched = z.infer<typeof Watched>;

const State = z.object({ version: z.literal(1), files: z.record(z.string(), Watched) });

export interface WatchState {
  readonly get: (path: string) => Watched | undefined;
  readonly set: (path: string, watched: Watched) => void;
  readonly save: () => Promise<void>;
}

/** Where the state of a watched folder lies. */
export function toStateFile(
  env: Readonly<Record<string, string | undefined>>,
  what: readonly (string | undefined)[],
): string {
  const home = env['XDG_STATE_HOME'] || join(env['HOME'] || '/tmp', '.local', 'state');
  const name = createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
  return join(home, 'drey', `watch-${name}.json`);
}

/** Reads what was remembered; a file that makes no sense is as good as none. */
export async function openWatchState(path: string): Promise<WatchState> {
  const files = new Map(Object.entries(await readState(path)));
  return {
    get: (file) => files.get(file),
    set: (file, watched) => {
      files.delete(file);
      files.set(file, watched);
      const [oldest] = files.keys();
      if (files.size > filesMax && oldest !== undefined) files.delete(oldest);
    },
    save: async () => {
      try {
        await write();
      } catch (cause) {
        throw new DreyError('unexpected', `What was taken in cannot be noted in ${path}.`, { cause });
      }
    },
  };
  async function write(): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const fresh = `${path}.${randomUUID()}`;
    await writeFile(fresh, JSON.stringify({ version: 1, files: Object.fromEntries(files) }), { mode: 0o600 });
    await rename(fresh, path);
  }
}

async function readState(path: string): Promise<Record<string, Watched>> {
  try {
    const parsed = State.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.data.files : {};
  } catch {
    return {};
  }
}

/** A mark of a file's beginning, as long as it was when the mark was first made. */
export async function readHead(
  path: string,
  headBytes = headBytesMax,
): Promise<{ headBytes: number; head: string }> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(Math.max(1, headBytes)), 0, headBytes, 0);
    const head = createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex').slice(0, 16);
    return { headBytes: bytesRead, head };
  } finally {
    await file.close();
  }
}
