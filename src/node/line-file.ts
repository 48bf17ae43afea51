/**
 * A file of lines in the data folder that survives the process: a line is there for good when `append` returns. What the
 * lines say is not its business.
 */
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { LineFile } from '../actors/actors.ts';

/** Opens the file of this name; it is made with its first line. */
export function openLineFile(path: string): LineFile {
  return {
    read: () => readLines(path),
    append(line) {
      mkdirSync(dirname(path), { recursive: true });
      writeSynced(path, 'a', `${line}\n`);
    },
    replace(lines) {
      mkdirSync(dirname(path), { recursive: true });
      const draft = `${path}.new`;
      writeFileSync(draft, '', { mode: 0o600 });
      writeSynced(draft, 'w', lines.map((line) => `${line}\n`).join(''));
      renameSync(draft, path);
    },
  };
}

/** A line that the writer did not finish begins where the next one would: it is ended first. */
function readLines(path: string): readonly string[] {
  try {
    const text = readFileSync(path, 'utf8');
    if (text !== '' && !text.endsWith('\n')) writeSynced(path, 'a', '\n');
    return text.split('\n').filter((line) => line !== '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function writeSynced(path: string, flags: 'a' | 'w', text: string): void {
  const fd = openSync(path, flags, 0o600);
  try {
    writeSync(fd, text);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
