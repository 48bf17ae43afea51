/**
 * Fetches the official release archive of nats-server, checks it against the release's SHA256SUMS, and unpacks the one
 * program in it. An archive that does not match is thrown away unread.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { extract } from 'tar';

import { DreyError, isDreyError } from '../../machines/words/errors.ts';
import { openDraft, shelve } from './cache-shelf.ts';
import { isUsable } from './nats-version.ts';
import type { Attempt } from './nats-version.ts';
import type { Log } from './running.ts';

export interface ReleaseOptions {
  readonly baseUrl: string;
  readonly version: string;
  readonly shelf: string;
  readonly log: Log;
  /** Until the server answers; a machine without internet must not wait long. */
  readonly connectWithinMs: number;
  readonly withinMs: number;
}

const sumsBytesMax = 256 * 1024;
const archiveBytesMax = 100 * 1024 * 1024;
const systems: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', freebsd: 'freebsd' };
const machines: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  ia32: '386',
  arm: 'arm7',
  s390x: 's390x',
  ppc64: 'ppc64le',
};

/** The name of the archive for a machine; undefined when there is none that we can unpack. */
export function archiveName(version: string, platform: string, arch: string): string | undefined {
  const system = systems[platform];
  const machine = machines[arch];
  return system && machine ? `nats-server-v${version}-${system}-${machine}.tar.gz` : undefined;
}

/** The program out of the release, or why it cannot be had. */
export async function natsFromRelease(o: ReleaseOptions): Promise<Attempt> {
  const name = archiveName(o.version, process.platform, process.arch);
  if (name === undefined) return { why: `there is no archive for ${process.platform} ${process.arch}` };
  const folder = `${o.baseUrl.replace(/\/+$/, '')}/v${o.version}`;
  const deadline = AbortSignal.timeout(o.withinMs);
  let draft: string | undefined;
  try {
    const sums = await fetchText(`${folder}/SHA256SUMS`, o.connectWithinMs);
    const expected = sumOf(sums, name);
    if (expected === undefined) return { why: `its SHA256SUMS does not list ${name}` };
    o.log.info({ url: `${folder}/${name}` }, 'Fetching nats-server.');
    draft = await openDraft(o.shelf);
    const archive = join(draft, 'archive.tar.gz');
    const seen = await fetchFile(`${folder}/${name}`, archive, deadline);
    if (seen !== expected) throw corrupt(name, expected, seen);
    await extract({ file: archive, cwd: draft, strip: 1, filter: (path) => path.endsWith('/nats-server') });
    const attempt = await isUsable(join(draft, 'nats-server'));
    if (!('path' in attempt)) return attempt;
    return {
      path: await shelve(o.shelf, attempt.path, attempt.version, 'nats-server'),
      version: attempt.version,
    };
  } catch (error) {
    if (isDreyError(error) && error.code === 'download_corrupt')
      o.log.error({ code: error.code }, error.message);
    return { why: reasonOf(error) };
  } finally {
    if (draft !== undefined) await rm(draft, { recursive: true, force: true, maxRetries: 5 });
  }
}

function corrupt(name: string, expected: string, seen: string): DreyError {
  return new DreyError(
    'download_corrupt',
    `the archive ${name} does not match the release's SHA256SUMS (it should be ${expected}, it is ${seen}) and was thrown away`,
    { details: { name, expected, seen } },
  );
}

/** The sum listed for a file; the format is that of sha256sum(1). */
function sumOf(sums: string, name: string): string | undefined {
  for (const line of sums.split('\n')) {
    const parts = /^([0-9a-f]{64})\s+\*?(\S+)\s*$/i.exec(line);
    if (parts?.[2] === name) return parts[1]?.toLowerCase();
  }
  return undefined;
}

async function fetchText(url: string, withinMs: number): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(withinMs) });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const text = await answer.text();
  if (text.length > sumsBytesMax) throw new Error(`${url} is too long to be a list of checksums`);
  return text;
}

/** Writes the answer to a file and returns its SHA-256. */
async function fetchFile(url: string, path: string, deadline: AbortSignal): Promise<string> {
  const answer = await fetch(url, { signal: deadline });
  if (!answer.ok || answer.body === null) throw new Error(`${url} answered ${answer.status}`);
  const hash = createHash('sha256');
  let seenBytes = 0;
  await pipeline(
    Readable.fromWeb(answer.body),
    async function* measure(chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        seenBytes += chunk.length;
        if (seenBytes > archiveBytesMax) throw new Error(`${url} is larger than ${archiveBytesMax} bytes`);
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(path),
    { signal: deadline },
  );
  return hash.digest('hex');
}

/** fetch says only "fetch failed"; what failed is its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
