/** Orders to learn anew, passed on to the learning engine wherever it runs, and told as an event: somebody acted. */
import { DreyError, isDreyError } from '../../machines/words/errors.ts';
import { createId } from '../../machines/words/ids.ts';
import { RelearnReport } from '../../machines/words/relearning.ts';
import type { Announcer, Clock } from '../actors/actors.ts';
import { learningAddress } from '../actors/actors.ts';
import type { GatewayNeeds } from '../gateway/gateway.ts';
import type { Wire } from '../wire/wire.ts';

export interface RelearningOptions {
  readonly wire: Pick<Wire, 'ask'>;
  readonly announcer: Announcer;
  readonly clock: Clock;
}

/** The engine answers at once; only a learner that computes at this very moment needs a while. */
const askMs = 15_000;

/** Builds that part of the gateway's needs. */
export function createRelearning({ wire, announcer, clock }: RelearningOptions): GatewayNeeds['relearning'] {
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
      const report = await ask('relearn', { relearnId, namespace, from, isTrial });
      const on = `${namespace ?? 'every namespace'}, from the ${from}`;
      const action = isTrial ? 'learning.compared' : 'learning.relearned';
      announcer.announce('user.acted', learningAddress, { action, on, principal: by.id });
      return report;
    },
    read: (relearnId) => ask('relearned', relearnId),
  };
}
