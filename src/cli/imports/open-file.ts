/** Opens a transcript, plain, gzip or zstd (told apart by its first bytes), as a stream of bytes that counts what was read. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { DreyError } from '../../../machines/words/errors.ts';

const chunkBytes = 64 * 1024;
const gzipMagic = [0x1f, 0x8b];
const zstdMagic = [0x28, 0xb5, 0x2f, 0xfd];

export interface OpenedFile {
  /** The unpacked bytes. Ends with `file_unreadable` where the file breaks off. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Bytes of the file, as it lies there, that were read so far. */
  readonly readBytes: () => number;
}

/** Bytes of all files together; undefined when one of them is no plain file. Throws `file_unreadable`. */
export async function measureFile(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    if (found.isDirectory())
      throw new DreyError('file_unreadable', `${path} is a folder; name the files in it.`);
    return found.isFile() ? found.size : undefined;
  } catch (cause) {
    throw toUnreadable(path, cause);
  }
}

/** Opens a file; `stdin` is what `-` stands for. */
export function openFile(path: string, stdin: Readable): OpenedFile {
  const source = path === '-' ? stdin : createReadStream(path, { highWaterMark: chunkBytes });
  let count = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      count += chunk.length;
      yield chunk;
    }
  };
  return { bytes: readUnpacked(path, counted()), readBytes: () => count };
}

async function* readUnpacked(
  path: string,
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const first = await takeFirst(chunks);
    const all = join(first, chunks);
    if (begins(first, gzipMagic)) yield* unpack(all);
    else if (begins(first, zstdMagic)) yield* (await import('./unpack-zstd.ts')).unpackZstd(all);
    else yield* all;
  } catch (cause) {
    throw toUnreadable(path, cause);
  } finally {
    await chunks.return();
  }
}

function begins(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

/** The first bytes, enough for every magic number unless the file is shorter. */
async function takeFirst(chunks: AsyncGenerator<Uint8Array, void, undefined>): Promise<Uint8Array> {
  let first: Uint8Array = new Uint8Array();
  while (first.length < zstdMagic.length) {
    const next = await chunks.next();
    if (next.done === true) break;
    first = first.length === 0 ? next.value : Buffer.concat([first, next.value]);
  }
  return first;
}

async function* join(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (first.length > 0) yield first;
  yield* rest;
}

async function* unpack(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { pipeline } = await import('node:stream/promises');
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  // A failure on either side reaches the reader of `gunzip`; here it only must not go unobserved.
  const done = pipeline(packed, gunzip).catch(() => undefined);
  try {
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) yield chunk;
  } finally {
    gunzip.destroy();
    await done;
  }
}

function toUnreadable(path: string, cause: unknown): DreyError {
  if (cause instanceof DreyError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = reasons.get(code) ?? (cause instanceof Error ? cause.message : String(cause));
  return new DreyError('file_unreadable', `${path} cannot be read: ${why}.`, { cause });
}

const reasons = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'this user may not read it'],
  ['EISDIR', 'it is a folder'],
  ['Z_BUF_ERROR', 'the gzip data breaks off'],
  ['Z_DATA_ERROR', 'the gzip data is damaged'],
  ['ZSTD_SHORT', 'the zstd data breaks off'],
  ['ZSTD_DAMAGED', 'the zstd data is damaged'],
]);
