/** The prompts and resources that upstreams listed last: they outlive the node, as tools do. */
import { join } from 'node:path';
import { z } from 'zod';
import type { KnownOffers, Log } from '../actors/actors.ts';
import { openKnownFile } from './known-file.ts';

const Items = z.array(z.object({ key: z.string(), definition: z.record(z.string(), z.unknown()) }));
const Lists = z.object({
  prompts: Items.optional(),
  resources: Items.optional(),
  templates: Items.optional(),
});

/** Opens the file of the data folder. */
export function openKnownOffers({ dataFolder, log }: { dataFolder: string; log: Log }): KnownOffers {
  const known = openKnownFile({ file: join(dataFolder, 'known-offers.json'), told: Lists, log });
  return {
    read: (alias, config, kind) => known.read(alias, config)?.[kind],
    write: (alias, config, kind, items) =>
      known.write(alias, config, { ...known.read(alias, config), [kind]: [...items] }),
  };
}
