/**
 * Shared contexts as a node opens them: changes that came while the database was away wait in the data folder, also for
 * the next process. A node that only learns has none.
 */
import { join } from 'node:path';
import type { Redaction } from '../access/access.ts';
import { openContextsOf } from '../actors/actors.ts';
import type { Clock, Fabric, Log, NodeContexts, Upstreams } from '../actors/actors.ts';
import type { Closers } from './closers.ts';
import { openLineFile } from './line-file.ts';

export interface NodeContextsOptions {
  readonly config: { readonly dataFolder: string; readonly redaction: { readonly contexts: boolean } };
  readonly fabric: Fabric | undefined;
  readonly upstreams: Pick<Upstreams, 'contextKeys'>;
  readonly redactor: Redaction;
  readonly clock: Clock;
  readonly log: Log;
  readonly closers: Closers;
}

/** Opens them; their end is told to `closers`. */
export function openNodeContexts(options: NodeContextsOptions): NodeContexts | undefined {
  const { config, fabric, upstreams, redactor, clock, log, closers } = options;
  if (fabric === undefined) return undefined;
  const file = openLineFile(join(config.dataFolder, 'context-changes.jsonl'));
  const rulesFor: Upstreams['contextKeys'] = (tool) => upstreams.contextKeys(tool);
  const hidesValues = config.redaction.contexts;
  const contexts = openContextsOf({ fabric, redactor, hidesValues, clock, log, file, rulesFor });
  closers.push(() => contexts.close());
  return contexts;
}
