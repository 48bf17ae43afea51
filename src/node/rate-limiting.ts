/**
 * Rate limits as the gateway takes them: budgets shared by all nodes through the database. Without the database what
 * writes is refused, and what only reads goes on with a budget of this node's own.
 */
import { DreyError, isDreyError, toPlainError } from '../../machines/words/errors.ts';
import { toDigest } from '../../machines/words/ids.ts';
import type { RateOperation, RateProfile } from '../../machines/words/rates.ts';
import { createOwnBudgets, rates, readOperations } from '../access/access.ts';
import type { Rate } from '../access/access.ts';
import type { Clock, Log } from '../actors/actors.ts';
import type { LimitsNeed, RateTake } from '../gateway/gateway.ts';
import { appendAudit, ensureNamespace, readRate, takeRate } from '../store/store.ts';
import type { RateState, Store, Trx } from '../store/store.ts';

export interface RateLimitingOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly profile: RateProfile;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

/** Builds that part of the gateway's needs. */
export function createRateLimiting({ store, profile, clock, log }: RateLimitingOptions): LimitsNeed {
  const own = createOwnBudgets();
  const of = rates[profile];

  async function takeShared(take: RateTake, rate: Rate): Promise<RateState> {
    const work = async (trx: Trx): Promise<RateState> => {
      const state = await takeRate(trx, toKey(take), rate, take.points ?? 1);
      if (state.isFirstRefusal) await appendAudit(trx, toEntry(take, rate, state));
      return state;
    };
    try {
      return await store.inNamespace(take.namespace, work);
    } catch (error) {
      if (!isDreyError(error) || error.code !== 'namespace_unknown') throw error;
      return store.inNamespace(take.namespace, async (trx) => {
        await ensureNamespace(trx);
        return work(trx);
      });
    }
  }

  return {
    profile,
    async take(take) {
      const rate = of[take.operation];
      try {
        const state = await takeShared(take, rate);
        if (!state.allowed) throw refusal(take.operation, rate, state.retryAfterMs);
      } catch (error) {
        const isAway = isDreyError(error) && error.code === 'database_unavailable';
        if (!isAway || !readOperations.has(take.operation)) throw error;
        log.debug({ err: toPlainError(error) }, 'a budget is counted by this node alone');
        const key = `${take.namespace}/${take.operation}/${take.principal.id}`;
        const retryAfterMs = own.take(key, rate, clock.monotonic());
        if (retryAfterMs > 0) throw refusal(take.operation, rate, retryAfterMs);
      }
    },
    async read(take) {
      const rate = of[take.operation];
      const state = await store.inNamespace(take.namespace, (trx) => readRate(trx, toKey(take), rate));
      return {
        operation: take.operation,
        max: rate.max,
        windowMs: rate.windowMs,
        remaining: Math.max(0, rate.max - state.used),
        retryAfterMs: state.retryAfterMs,
      };
    },
  };
}

function toKey(take: RateTake): { subject: string; operation: RateOperation } {
  return { subject: toDigest(take.principal.id), operation: take.operation };
}

function refusal(operation: RateOperation, rate: Rate, retryAfterMs: number): DreyError {
  const inWindow = `${rate.max} in ${rate.windowMs / 1_000} s`;
  return new DreyError(
    'limit_reached',
    `too many ${operation} requests: ${inWindow} are allowed; try again in ${Math.ceil(retryAfterMs / 1_000)} s`,
    { details: { operation, retryAfterMs: Math.ceil(retryAfterMs) } },
  );
}

/** One row a block, however often whoever is blocked tries. */
function toEntry({ operation, principal }: RateTake, rate: Rate, state: RateState) {
  return {
    action: 'rate_limit_exceeded',
    severity: 'MEDIUM',
    principal: principal.id,
    object: operation,
    outcome: 'refused',
    details: { max: rate.max, windowMs: rate.windowMs, blockMs: rate.blockMs, used: state.used },
  } as const;
}
