/** The file that a node in the background writes to: appended to, and moved aside when it has grown. */
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DreyError } from '../../machines/words/errors.ts';

/** A larger file is moved aside before the next start; one older file is kept. */
const logBytesMax = 10_000_000;
/** How far back the last line is looked for. */
const tailBytesMax = 4_096;

export interface NodeLog {
  readonly path: string;
  readonly fd: number;
  close(): Promise<void>;
}

/** Opens the log of a data folder, making the folder if need be. */
export async function openNodeLog(dataFolder: string, uid: number | undefined): Promise<NodeLog> {
  const path = join(dataFolder, 'node.log');
  try {
    // As root the servers run as somebody else, who must be able to pass through.
    await mkdir(dataFolder, { recursive: true, mode: uid === 0 ? 0o711 : 0o700 });
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size > logBytesMax) await rename(path, `${path}.1`);
    const file = await open(path, 'a', 0o600);
    return { path, fd: file.fd, close: () => file.close() };
  } catch (cause) {
    const sentence = `The data folder ${dataFolder} cannot be written; name another with --data or DREY_DATA.`;
    throw new DreyError('data_folder_unusable', sentence, { cause });
  }
}

/** The last line of a log, for people; undefined where there is none. */
export async function readLastLine(path: string): Promise<string | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - tailBytesMax);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytesMax), 0, tailBytesMax, from);
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
    return lines.findLast((line) => line.trim() !== '')?.trim();
  } finally {
    await file.close();
  }
}
