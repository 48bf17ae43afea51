/**
 * The namespaces that one learner has at the moment: looks now and then which there are, takes up what comes to it and lets go
 * of what another learner is to have. It learns nothing itself.
 */
import type { Store } from '../../store/store.ts';
import { listNamespaces } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import { createShares } from './shares.ts';
import type { TurnSource } from './turn-source.ts';

export interface HoldingsOptions {
  readonly store: Pick<Store, 'inSystem'>;
  readonly source: Pick<TurnSource, 'turns'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Whether nothing is done for it, so that it may go to another learner. */
  readonly isIdle: (namespace: string) => boolean;
  readonly came: (namespace: string) => void;
  /** Nothing may be done for it any more. */
  readonly went: (namespace: string) => void;
}

export interface Holdings {
  /** Learners that share the namespaces, this one among them. */
  readonly learners: number;
  /** What is not known yet: all of it before the first look, and namespaces that were heard of since the last one. */
  readonly unseen: number;
  has(namespace: string): boolean;
  /** Something happened in this namespace; false where it is not this learner's. One that is new is looked for at once. */
  hear(namespace: string): boolean;
  /** Looks, if it is time to; answers what this learner has then. */
  look(): Promise<readonly string[]>;
  /** Makes it this learner's where nobody else has it; false where somebody does. */
  hold(namespace: string): Promise<boolean>;
  /** Nothing is let go of until this is called as often as it was asked for. */
  keepAll(): () => void;
  stop(): Promise<void>;
}

/** Between two looks. */
const lookMs = 1_000;

/** Has nothing yet. */
export function createHoldings({ store, source, clock, isIdle, came, went }: HoldingsOptions): Holdings {
  const shares = createShares(source);
  /** All there were at the last look, those that somebody else has among them; undefined before it. */
  let known: ReadonlySet<string> | undefined;
  const newcomers = new Set<string>();
  let lookAt = Number.NEGATIVE_INFINITY;
  let keepers = 0;
  /** Somebody else may have learned there since this learner had it: nothing of then may be left. */
  const begin = (namespace: string): void => {
    went(namespace);
    came(namespace);
  };
  return {
    get learners() {
      return shares.learners;
    },
    get unseen() {
      return newcomers.size + (known === undefined ? 1 : 0);
    },
    has: (namespace) => shares.has(namespace),
    hear(namespace) {
      if (shares.has(namespace)) return true;
      if (known?.has(namespace) === false) newcomers.add(namespace);
      return false;
    },
    async look() {
      const now = clock.monotonic();
      if (now < lookAt && newcomers.size === 0) return [];
      const all = (await store.inSystem(listNamespaces)).map(({ namespace }) => namespace);
      const balance = await shares.balance(all, (namespace) => keepers === 0 && isIdle(namespace));
      // What was held again since it was lost has begun anew already.
      if (balance.isLost) for (const namespace of known ?? []) if (!shares.has(namespace)) went(namespace);
      for (const namespace of balance.given) went(namespace);
      for (const namespace of balance.taken) begin(namespace);
      known = new Set(all);
      newcomers.clear();
      lookAt = now + lookMs;
      return all.filter((namespace) => shares.has(namespace));
    },
    async hold(namespace) {
      if (shares.has(namespace)) return true;
      if (!(await shares.take(namespace))) return false;
      begin(namespace);
      return true;
    },
    keepAll() {
      keepers += 1;
      return () => void (keepers -= 1);
    },
    stop: () => shares.stop(),
  };
}
