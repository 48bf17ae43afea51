/**
 * The tools that upstreams listed last, in one file of the data folder: what sleeps can be listed without being started.
 * An entry counts only for the configuration under which it was told; a file that cannot be read is an empty one.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { toPlainError } from '../../machines/words/errors.ts';
import type { KnownTools, Log } from '../actors/actors.ts';

const Tool = z.object({ name: z.string(), definition: z.record(z.string(), z.unknown()) });
const File = z.record(z.string(), z.object({ config: z.string(), tools: z.array(Tool) }));

/** Upstreams that are remembered; more are a sign that something makes them up. */
const upstreamsMax = 1_000;

/** Reads the file; it is written anew, whole or not at all, with each list that is another one. */
export function openKnownTools({ dataFolder, log }: { dataFolder: string; log: Log }): KnownTools {
  const file = join(dataFolder, 'known-tools.json');
  const kept = new Map(Object.entries(readKept(file)));
  return {
    read(alias, config) {
      const known = kept.get(alias);
      return known?.config === toDigest(config) ? known.tools : undefined;
    },
    write(alias, config, tools) {
      const known = { config: toDigest(config), tools: [...tools] };
      if (JSON.stringify(known) === JSON.stringify(kept.get(alias))) return;
      if (!kept.has(alias) && kept.size >= upstreamsMax) return;
      kept.set(alias, known);
      try {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(kept)), { mode: 0o600 });
        renameSync(`${file}.new`, file);
      } catch (error) {
        log.warn({ err: toPlainError(error) }, 'the known tools could not be written');
      }
    },
  };
}

function readKept(file: string): z.infer<typeof File> {
  try {
    return File.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}

function toDigest(config: object): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('base64url');
}
