/** Making a program that lies where the unprivileged user cannot go (below root's home, say) runnable for that user. */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, copyFile, readFile, realpath, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { firstClosedFolder, makeFolder } from './folders.ts';
import type { OsUser } from './running.ts';

/** The program's own path when the user can run it, otherwise the path of a copy in the cache folder. */
export async function runnableBy(
  program: string,
  user: OsUser | undefined,
  cacheDir: string,
): Promise<string> {
  if (user === undefined) return program;
  const real = await realpath(program);
  // The last link of the chain is the program itself: "passing" it is running it.
  if ((await firstClosedFolder(real, user)) === undefined) return real;
  const mark = createHash('sha256')
    .update(await readFile(real))
    .digest('hex')
    .slice(0, 16);
  const folder = join(cacheDir, 'copies', mark);
  await makeFolder(folder, 0o755);
  const copy = join(folder, basename(real));
  if ((await stat(copy).catch(() => undefined)) !== undefined) return copy;
  const draft = `${copy}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await copyFile(real, draft);
  await chmod(draft, 0o755);
  await rename(draft, copy);
  return copy;
}
