/**
 * What upstreams told last, in one file of the data folder. An entry counts only for the configuration under which it was
 * told; a file that cannot be read is an empty one.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { toPlainError } from '../../machines/words/errors.ts';
import type { Log } from '../actors/actors.ts';

/** Upstreams that are remembered; more are a sign that something makes them up. */
const upstreamsMax = 1_000;

export interface KnownFile<T> {
  read(alias: string, config: object): T | undefined;
  /** The file is written anew, whole or not at all, where it says something else; never throws. */
  write(alias: string, config: object, told: T): void;
}

/** Reads the file. */
export function openKnownFile<T>({
  file,
  told,
  log,
}: {
  readonly file: string;
  readonly told: z.ZodType<T>;
  readonly log: Log;
}): KnownFile<T> {
  const Entries = z.record(z.string(), z.object({ config: z.string(), told }));
  const readAll = (): z.infer<typeof Entries> => {
    try {
      return Entries.parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch {
      return {};
    }
  };
  const kept = new Map(Object.entries(readAll()));
  return {
    read(alias, config) {
      const known = kept.get(alias);
      return known?.config === toDigest(config) ? known.told : undefined;
    },
    write(alias, config, now) {
      const known = { config: toDigest(config), told: now };
      if (JSON.stringify(known) === JSON.stringify(kept.get(alias))) return;
      if (!kept.has(alias) && kept.size >= upstreamsMax) return;
      kept.set(alias, known);
      try {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(kept)), { mode: 0o600 });
        renameSync(`${file}.new`, file);
      } catch (error) {
        log.warn({ err: toPlainError(error), file }, 'what upstreams told last could not be written');
      }
    },
  };
}

function toDigest(config: object): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('base64url');
}
