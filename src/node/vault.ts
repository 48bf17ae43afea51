/**
 * Secrets of the node's own user in the data folder: each in a file of its own, encrypted (AES-256-GCM) with a key that
 * only that user can read. It protects what leaves the folder in backups and logs, not against who may read the key.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { DreyError } from '../../machines/words/errors.ts';
import type { Vault } from '../upstream/upstream.ts';

const Sealed = z.object({ v: z.literal(1), iv: z.base64(), tag: z.base64(), data: z.base64() });
const Opened = z.object({ name: z.string(), secret: z.string() });

const keyBytes = 32;
const ivBytes = 12;
const ending = '.sealed';
/** Secrets that are listed; grants are one for each upstream and principal. */
const namesMax = 10_000;

/** Opens the vault of a data folder; key and folder are made with the first secret. */
export function openVault(dataFolder: string): Vault {
  const folder = join(dataFolder, 'secrets');
  const keyFile = join(folder, 'key');
  const toFile = (name: string): string => join(folder, `${toDigest(name)}${ending}`);
  return {
    read(name) {
      const key = readKey(keyFile);
      return key === undefined ? undefined : unseal(key, toFile(name), toDigest(name))?.secret;
    },
    write(name, secret) {
      const key = readKey(keyFile) ?? makeKey(folder, keyFile);
      const file = toFile(name);
      const own = `${file}.${randomBytes(6).toString('hex')}`;
      writeFileSync(own, seal(key, toDigest(name), JSON.stringify({ name, secret })), { mode: 0o600 });
      renameSync(own, file);
    },
    remove(name) {
      const isThere = read(toFile(name)) !== undefined;
      rmSync(toFile(name), { force: true });
      return isThere;
    },
    names() {
      const key = readKey(keyFile);
      if (key === undefined) return [];
      const files = readdirSync(folder).filter((file) => file.endsWith(ending));
      return files
        .slice(0, namesMax)
        .flatMap((file) => unseal(key, join(folder, file), file.slice(0, -ending.length))?.name ?? [])
        .toSorted();
    },
  };
}

function readKey(file: string): Buffer | undefined {
  const key = read(file);
  if (key === undefined) return undefined;
  if (key.length !== keyBytes)
    throw new DreyError(
      'data_folder_unusable',
      `The key file ${file} is damaged; remove it and run "drey auth" again.`,
    );
  chmodSync(file, 0o600);
  return key;
}

/** Two processes may want the first secret kept at once: one key wins, and both use it. */
function makeKey(folder: string, file: string): Buffer {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, randomBytes(keyBytes), { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'))
      throw new DreyError('data_folder_unusable', `The key file ${file} cannot be written.`, { cause });
  }
  return readFileSync(file);
}

/** The name's digest is sealed in, so that one file cannot take another's place. */
function seal(key: Buffer, digest: string, text: string): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(digest));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const parts = { iv, tag: cipher.getAuthTag(), data };
  return JSON.stringify({
    v: 1,
    ...Object.fromEntries(Object.entries(parts).map(([part, bytes]) => [part, bytes.toString('base64')])),
  });
}

/** Undefined for what is not there, damaged, or sealed with another key. */
function unseal(key: Buffer, file: string, digest: string): z.infer<typeof Opened> | undefined {
  const bytes = read(file);
  if (bytes === undefined) return undefined;
  try {
    const { iv, tag, data } = Sealed.parse(JSON.parse(bytes.toString('utf8')));
    const cipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64'), { authTagLength: 16 });
    cipher.setAAD(Buffer.from(digest)).setAuthTag(Buffer.from(tag, 'base64'));
    const text = Buffer.concat([cipher.update(Buffer.from(data, 'base64')), cipher.final()]);
    return Opened.parse(JSON.parse(text.toString('utf8')));
  } catch {
    return undefined;
  }
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function toDigest(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}
