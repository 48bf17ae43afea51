/** The tools that upstreams listed last: what sleeps can be listed without being started. */
import { join } from 'node:path';
import { z } from 'zod';
import type { KnownTools, Log } from '../actors/actors.ts';
import { openKnownFile } from './known-file.ts';

const Tools = z.array(z.object({ name: z.string(), definition: z.record(z.string(), z.unknown()) }));

/** Opens the file of the data folder. */
export function openKnownTools({ dataFolder, log }: { dataFolder: string; log: Log }): KnownTools {
  const known = openKnownFile({ file: join(dataFolder, 'known-tools.json'), told: Tools, log });
  return {
    read: (alias, config) => known.read(alias, config),
    write: (alias, config, tools) => known.write(alias, config, [...tools]),
  };
}
