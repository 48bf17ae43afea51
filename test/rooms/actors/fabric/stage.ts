/** A stage for the fabric: a database of its own, and as many nodes on it as a test wants. */
import { ensureNamespace } from '../../../../src/store/store.ts';
import { openFabric } from '../../../../src/actors/durable/fabric.ts';
import type { Fabric, FabricOptions } from '../../../../src/actors/durable/fabric.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { openTestStore } from '../../../support/store.ts';
import type { TestStore } from '../../../support/store.ts';
import { realClock } from './clock.ts';

export interface Stage extends TestStore {
  node(options?: Partial<FabricOptions>): Promise<Fabric>;
}

/** Opens the database with the namespaces `acme` and `globex`. */
export async function openStage(adminUrl: string): Promise<Stage> {
  const opened = await openTestStore(adminUrl);
  for (const namespace of ['acme', 'globex']) {
    await opened.store.inNamespace(namespace, (trx) => ensureNamespace(trx, namespace));
  }
  const nodes: Fabric[] = [];
  return {
    ...opened,
    async node(options = {}) {
      const fabric = await openFabric({ store: opened.store, clock: realClock, log: quietLog, ...options });
      nodes.push(fabric);
      return fabric;
    },
    async close() {
      await Promise.all(nodes.map(async (node) => node.close()));
      await opened.close();
    },
  };
}
