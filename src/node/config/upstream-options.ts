/** What the configuration says of upstreams, as the room of actors takes it. */
import type { openUpstreams } from '../../actors/actors.ts';
import { toOwnToolNames } from '../../gateway/gateway.ts';
import type { NodeConfig } from './config.ts';
import { version } from '../version.ts';

/** A node that only learns has none. */
export function toUpstreamOptions(
  config: NodeConfig,
): Pick<Parameters<typeof openUpstreams>[0], 'configs' | 'prefix' | 'reserved' | 'breaker' | 'clientInfo'> {
  return {
    configs: config.role === 'learner' ? {} : config.mcpServers,
    prefix: config.prefix,
    reserved: toOwnToolNames(config.ownTools, config.toolSearch.mode !== 'off'),
    breaker: config.breaker,
    clientInfo: { name: 'drey', version },
  };
}
