/** The transcripts below a folder: files that may hold some by their names, a bounded number of them. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DreyError } from '../../../machines/words/errors.ts';

/** Files followed in one folder, and folders looked into. */
const filesMax = 10_000;
const foldersMax = 10_000;

const names = /\.(?:jsonl|ndjson|json)(?:\.gz|\.zst)?$/i;

export interface FoundFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly changedMs: number;
  readonly inode: number;
}

/** Finds them, the oldest change first; throws `file_unreadable` when the folder itself cannot be read. */
export async function findTranscripts(folder: string): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  const waiting = [folder];
  for (let at = 0; at < waiting.length && at < foldersMax; at += 1) {
    const current = waiting[at] ?? folder;
    // One that has just gone, or is somebody else's, hides nothing but itself.
    const entries = await readdir(current, { withFileTypes: true }).catch((cause: unknown) => {
      if (at > 0) return [];
      throw new DreyError('file_unreadable', `${folder} cannot be read as a folder.`, { cause });
    });
    for (const entry of entries) {
      const path = join(current, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile() && names.test(entry.name) && found.length < filesMax) {
        const facts = await stat(path).catch(() => undefined);
        if (facts === undefined) continue;
        found.push({ path, sizeBytes: facts.size, changedMs: facts.mtimeMs, inode: facts.ino });
      }
    }
  }
  return found.toSorted((a, b) => a.changedMs - b.changedMs || (a.path < b.path ? -1 : 1));
}
