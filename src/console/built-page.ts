/**
 * The console as it was built (`src/console/app`): its files, read once. Script and style are packed once each, when
 * first asked for. It never reads a path that a request names: only what lies in the folder when it is opened.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';

export interface BuiltFile {
  readonly type: string;
  readonly body: Buffer;
  /** Its name changes with its content, so a browser may keep it for good. */
  readonly isForGood: boolean;
  /** The same packed; undefined where that is not worth it. */
  packed(): Buffer | undefined;
}

/** Files that are looked at. */
const filesMax = 200;
const packedBytesMin = 1_000;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const folders = ['../../console/', '../../dist/console/'];

/** The files by their path on the node; none where the console was not built. */
export function readBuiltPage(): ReadonlyMap<string, BuiltFile> {
  const folder = folders
    .map((place) => new URL(place, import.meta.url))
    .find((place) => existsSync(new URL('index.html', place)));
  if (folder === undefined) return new Map();
  const files = readdirSync(folder)
    .filter((name) => types[extname(name)] !== undefined)
    .slice(0, filesMax);
  return new Map(
    files.map((name) => {
      const file = toFile(readFileSync(new URL(name, folder)), types[extname(name)] ?? '');
      return name === 'index.html' ? ['/', { ...file, isForGood: false }] : [`/console/${name}`, file];
    }),
  );
}

function toFile(body: Buffer, type: string): BuiltFile {
  let packed: Buffer | undefined;
  return {
    type,
    body,
    isForGood: true,
    packed: () => (body.length < packedBytesMin ? undefined : (packed ??= gzipSync(body))),
  };
}
