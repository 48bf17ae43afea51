/**
 * Removing memories that are past their end, with their links: nobody finds them any more, so this only frees the room.
 * That they are gone is told in the same transaction, as if somebody had forgotten them.
 */
import type { Store } from '../../store/store.ts';
import { addToOutbox, stopLearning, sweepMemories } from '../../store/store.ts';
import { toEvent } from './store-memory.ts';

/** Removes at most `limit` memories of a namespace that ended before `now`; answers how many there were. */
export async function removeExpired(
  store: Pick<Store, 'inNamespace'>,
  { namespace, now, limit }: { readonly namespace: string; readonly now: string; readonly limit: number },
): Promise<number> {
  return store.inNamespace(namespace, async (trx) => {
    // Nothing links them meanwhile.
    await stopLearning(trx);
    const swept = await sweepMemories(trx, { now, limit });
    if (swept.length === 0) return 0;
    const told = swept.map((memory) =>
      toEvent({ ...memory, namespace }, 'memory.forgotten', { reason: 'expired' }, now),
    );
    await addToOutbox(trx, told);
    return swept.length;
  });
}
