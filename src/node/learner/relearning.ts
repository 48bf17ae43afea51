/** Orders to learn anew, passed on to the learning engine wherever it runs, and told as an event: somebody acted. */
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import { createId, systemNamespace } from '../../../machines/words/ids.ts';
import { RelearnReport } from '../../../machines/words/relearning.ts';
import type { RelearnSource } from '../../../machines/words/relearning.ts';
import type { Announcer, Clock } from '../../actors/actors.ts';
import { learningAddress } from '../../actors/actors.ts';
import type { GatewayNeeds } from '../../gateway/gateway.ts';
import { appendAudit, ensureNamespace } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import type { Wire } from '../../wire/wire.ts';

export interface RelearningOptions {
  readonly wire: Pick<Wire, 'ask'>;
  readonly store: Pick<Store, 'inNamespace'>;
  readonly announcer: Announcer;
  readonly clock: Clock;
}

/** The engine answers at once; only a learner that computes at this very moment needs a while. */
const askMs = 15_000;

/** Builds that part of the gateway's needs. */
export function createRelearning({
  wire,
  store,
  announcer,
  clock,
}: RelearningOptions): GatewayNeeds['relearning'] {
  const ask = async (verb: string, data: unknown): Promise<RelearnReport> => {
    try {
      return RelearnReport.parse(await wire.ask(learningAddress, verb, data, { timeoutMs: askMs }));
    } catch (error) {
      if (!isDreyError(error) || error.code !== 'node_unreachable') throw error;
      throw new DreyError('resource_unavailable', 'No learner runs; `drey status` shows why.', {
        cause: error,
      });
    }
  };
  return {
    async start({ namespace, from, isTrial, by }) {
      const relearnId = createId('learning', clock);
      const order = { relearnId, namespace, from, isTrial };
      // Without the log nothing is ordered.
      await auditOrder(store, order, by.id);
      const report = await ask('relearn', order);
      const on = `${namespace ?? 'every namespace'}, from the ${from}`;
      const action = isTrial ? 'learning.compared' : 'learning.relearned';
      // Whose order it was is told in the namespace that it is about, and to nobody else.
      const actor = namespace === null ? learningAddress : { ...learningAddress, namespace };
      announcer.announce('user.acted', actor, { action, on, principal: by.id });
      return report;
    },
    read: (relearnId) => ask('relearned', relearnId),
  };
}

interface Order {
  readonly relearnId: string;
  readonly namespace: string | null;
  readonly from: RelearnSource;
  readonly isTrial: boolean;
}

/** An order for every namespace is written down in the node's own. */
async function auditOrder(store: RelearningOptions['store'], order: Order, by: string): Promise<void> {
  await store.inNamespace(order.namespace ?? systemNamespace, async (trx) => {
    await ensureNamespace(trx);
    await appendAudit(trx, {
      action: order.isTrial ? 'learning_compare_ordered' : 'learning_relearn_ordered',
      severity: order.isTrial ? 'LOW' : 'HIGH',
      principal: by,
      object: order.relearnId,
      outcome: 'done',
      details: { from: order.from, namespace: order.namespace },
    });
  });
}
