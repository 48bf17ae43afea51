/** Which tasks are held out: a share, by a hash of namespace and wording, so that it is the same on every node and day. */
import { toDigest, toStableId } from '../../machines/words/ids.ts';
import { toPlainError } from '../../machines/words/errors.ts';
import type { Clock, Log } from '../actors/actors.ts';
import { toIso } from '../actors/actors.ts';
import type { HoldOutNeed } from '../gateway/gateway.ts';
import { addHeldOut, ensureNamespace } from '../store/store.ts';
import type { Store } from '../store/store.ts';

export interface HoldOutOptions {
  /** 0 is nothing, 1 is everything. */
  readonly holdOutShare: number;
  readonly store: Pick<Store, 'inNamespace'>;
  readonly redactor: { in(namespace: string): { redactText(text: string): string } };
  readonly clock: Clock;
  readonly log: Log;
}

/** The gateway's `holdOut`; undefined where nothing is held out. */
export function createHoldOut(options: HoldOutOptions): HoldOutNeed | undefined {
  const { holdOutShare, store, redactor, clock, log } = options;
  if (holdOutShare === 0) return undefined;
  return {
    isHeldOut: ({ namespace, task }) => toPlace(namespace, task) < holdOutShare,
    note: ({ session, namespace, principal, task }) => {
      const noted = {
        // Once for a task of a session, however often it asks.
        id: toStableId('injection', namespace, session.id, task),
        principal,
        session: session.id,
        task: redactor.in(namespace).redactText(task).slice(0, 2_000),
        at: toIso(clock.now()),
      };
      store
        .inNamespace(namespace, async (trx) => {
          await ensureNamespace(trx);
          await addHeldOut(trx, noted);
        })
        .catch((error: unknown) =>
          log.warn({ namespace, err: toPlainError(error) }, 'a task that was held out could not be noted'),
        );
    },
  };
}

/** From 0 to 1, the same for the same words. */
export function toPlace(namespace: string, task: string): number {
  const words = task
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  return Number.parseInt(toDigest(`${namespace}\n${words}`).slice(0, 8), 16) / 2 ** 32;
}
