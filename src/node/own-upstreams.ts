/**
 * The upstreams of this node, with what they need of its data folder: granted tokens, the tools that were known last, and
 * the register of their programs. What a node that was killed left running in this folder is ended first.
 */
import { endLeftGroups, openProcessGroups } from '../../infra/servers/servers.ts';
import { openUpstreams } from '../actors/actors.ts';
import type { Clock, Log, ToolTrust, Upstreams } from '../actors/actors.ts';
import type { Closers } from './closers.ts';
import type { NodeConfig } from './config/config.ts';
import { toUpstreamOptions } from './config/upstream-options.ts';
import { openKnownTools } from './known-tools.ts';
import { openVault } from './vault.ts';

type Shared = Omit<
  Parameters<typeof openUpstreams>[0],
  keyof ReturnType<typeof toUpstreamOptions> | 'known' | 'vault' | 'groups'
>;

export interface OwnUpstreamsOptions extends Shared {
  readonly config: NodeConfig;
  readonly trust: ToolTrust;
  readonly clock: Clock;
  readonly log: Log;
  readonly closers: Closers;
}

/** Opens them; they are closed with the node. */
export async function openOwnUpstreams({
  config,
  closers,
  ...shared
}: OwnUpstreamsOptions): Promise<Upstreams> {
  const { log } = shared;
  const place = { dataDir: config.dataFolder, log };
  await endLeftGroups(place);
  const groups = openProcessGroups(place);
  closers.push(() => groups.close());
  const upstreams = openUpstreams({
    ...toUpstreamOptions(config),
    ...shared,
    known: openKnownTools({ ...config, log }),
    vault: openVault(config.dataFolder),
    groups,
  });
  closers.push(() => upstreams.close());
  return upstreams;
}
