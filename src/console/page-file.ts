/** Files of a page, read once and served from memory. */
import { existsSync, readFileSync } from 'node:fs';
import { DreyError } from '../../machines/words/errors.ts';

export interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

/**
 * Reads one; it lies beside the source, and the compiled program finds it from `dist/src/console`. Its name must not be
 * that of a module here: the compiled one would be served in its place.
 */
export function readPageFile(name: string, type: string): PageFile {
  const places = [
    new URL(`./${name}`, import.meta.url),
    new URL(`../../../src/console/${name}`, import.meta.url),
  ];
  const place = places.find((candidate) => existsSync(candidate));
  if (place === undefined) {
    throw new DreyError(
      'file_unreadable',
      `the console's ${name} is missing; reinstall drey, its package is incomplete`,
    );
  }
  return { type, body: readFileSync(place) };
}
