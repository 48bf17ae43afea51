/** Writing what a command was asked to leave in a file. It never replaces one that is there. */
import { open } from 'node:fs/promises';
import { DreyError } from '../../machines/words/errors.ts';

/** Writes a new file; where it is there already, or cannot be written, it says so and how to go on. */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o644);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    const why = isThere ? 'it is there already; name a new file' : String(cause);
    throw new DreyError('argument_invalid', `${path} was not written: ${why}.`, { cause });
  }
}
