/** The servers' own log files: kept within a bound over restarts, and read when a start failed. */
import { open, rename, stat } from 'node:fs/promises';

const logBytesMax = 10 * 1024 * 1024;
const tailBytes = 2_048;

/** Moves a log that has grown too large aside; one older log is kept. */
export async function turnLog(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && found.size > logBytesMax) await rename(path, `${path}.1`);
}

/** Where the log ends now, so that a tail can leave out what was there before. */
export async function logLength(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** The last lines written since `from`. */
export async function logTail(path: string, from: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - tailBytes, 0);
    const length = Math.max(size - start, 0);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, start);
    return buffer.toString('utf8').trim();
  } finally {
    await file.close();
  }
}
