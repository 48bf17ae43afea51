/** What a node leaves in its data folder for its own user: the address file `node.json` and the token file. */
import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DreyError } from '../../machines/words/errors.ts';

export interface NodeAddress {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
}

/** Writes `node.json`, whole or not at all. */
export async function writeAddress(dataFolder: string, address: NodeAddress): Promise<void> {
  const file = join(dataFolder, 'node.json');
  await writeFile(`${file}.new`, `${JSON.stringify(address)}\n`, { mode: 0o644 });
  await rename(`${file}.new`, file);
}

export async function removeAddress(dataFolder: string): Promise<void> {
  await rm(join(dataFolder, 'node.json'), { force: true });
}

/** The local principal's token; made on the first start, readable by the node's user only. */
export async function readOrMakeToken(dataFolder: string): Promise<string> {
  const file = join(dataFolder, 'token');
  try {
    const token = (await readFile(file, 'utf8')).trim();
    await chmod(file, 0o600);
    if (token.length >= 32) return token;
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) {
      throw new DreyError(
        'data_folder_unusable',
        `The token file ${file} cannot be read; check its owner and permissions.`,
        { cause },
      );
    }
  }
  const token = randomBytes(32).toString('base64url');
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  return token;
}
