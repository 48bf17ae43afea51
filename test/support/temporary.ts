/**
 * Temporary folders for tests. They can be entered by the unprivileged user that the embedded servers run as, and lie
 * where root's home does not hide them.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** A new empty folder; remove() takes it away with all that is in it. */
export async function temporaryFolder(name = 'drey'): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `${name}-`));
  await chmod(path, 0o711);
  return {
    path,
    // Servers that are just ending may still write; a few tries are enough.
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  };
}
