/** Orders to learn anew, passed on to the learning engine wherever it runs, and told as an event: somebody acted. */
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import { createId, systemNamespace } from '../../../machines/words/ids.ts';
import { RelearnReport } from '../../../machines/words/relearning.ts';
import type { RelearnSource } from '../../../machines/words/relearning.ts';
import type { Announcer, Clock } from '../../actors/actors.ts';
import { isComplete, joinRelearned, learningAddress } from '../../actors/actors.ts';
import type { GatewayNeeds } from '../../gateway/gateway.ts';
import { appendAudit, ensureNamespace } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import type { Answer, Wire } from '../../wire/wire.ts';
import { askEngine } from './ask-engine.ts';

export interface RelearningOptions {
  readonly wire: Pick<Wire, 'askAll'>;
  readonly store: Pick<Store, 'inNamespace'>;
  readonly announcer: Announcer;
  readonly clock: Clock;
}

/** An engine answers at once; only a learner that computes at this very moment needs a while. */
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
      const learners = (await askEngine(wire))?.learners;
      const answers = await wire.askAll(learningAddress, verb, data, {
        timeoutMs: askMs,
        isEnough: (sofar) => isEnough(sofar, learners),
      });
      return toReport(answers);
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

/** All who share the work, as far as that is known; one that refuses is not waited beyond. */
function isEnough(answers: readonly Answer[], learners = Number.POSITIVE_INFINITY): boolean {
  return answers.length >= learners || isComplete(toReports(answers)) || answers.some(isRefusal);
}

function toReports(answers: readonly Answer[]): readonly RelearnReport[] {
  return answers.flatMap((one) => ('data' in one ? RelearnReport.parse(one.data) : []));
}

/** A learner that was started meanwhile knows nothing of the order; the others do, or it is lost. */
function isRefusal(answer: Answer): boolean {
  return 'error' in answer && !(isDreyError(answer.error) && answer.error.code === 'relearn_unknown');
}

function toReport(answers: readonly Answer[]): RelearnReport {
  const refused =
    answers.find(isRefusal) ?? (answers.every((one) => 'error' in one) ? answers[0] : undefined);
  if (refused !== undefined && 'error' in refused) throw refused.error;
  const reports = toReports(answers);
  const joined = joinRelearned(reports);
  if (joined === undefined || reports.length < Math.max(...reports.map(({ learners }) => learners)))
    throw new DreyError('relearn_unknown', 'A learner ended in the middle; give the order again.');
  return joined;
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
