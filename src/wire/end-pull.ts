/**
 * Ending a pull before its time without losing what is on its way. The client's own `stop` drops unseen what the bus has
 * sent already, and the bus would wait for its acknowledgement; and servers before 2.10 forget for a while what they
 * wanted to deliver again into a pull that is ended just then, or was ended and is not cleared away yet.
 */
import type { ConsumerInfo, ConsumerMessages } from '@nats-io/jetstream';
import type { Subscription } from '@nats-io/transport-node';
import { setTimeout as pause } from 'node:timers/promises';
import type { InHand } from './hold.ts';

export interface PullEnd {
  /** The pull that is open; undefined once it has ended by itself. */
  readonly pull: () => ConsumerMessages | undefined;
  readonly inHand: () => InHand;
  readonly readInfo: () => Promise<Pick<ConsumerInfo, 'num_pending' | 'num_ack_pending'>>;
}

const checkMs = 20;
/** How long is waited for a stream that never falls silent, and for a bus that stands but does not answer. */
const boundMs = 1_000;

/** Resolves when nothing comes any more and what had come was taken in; at the latest after a few bounded waits. */
export async function endPull(end: PullEnd): Promise<void> {
  await atMost(untilAllIsHere(end));
  // The client does not show the subscription in its types.
  const open: (ConsumerMessages & { readonly sub?: Subscription }) | undefined = end.pull();
  if (open?.sub !== undefined) await atMost(open.sub.drain());
  // Asked how it is, the bus clears away pulls that nobody listens to.
  await atMost(end.readInfo());
}

/** Waits for it, but not for ever; how it ends is no matter. */
export async function atMost(work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const late = pause(boundMs, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([work.catch(() => undefined), late]);
  done.abort();
}

async function untilAllIsHere({ pull, inHand, readInfo }: PullEnd): Promise<void> {
  const giveUpAt = performance.now() + boundMs;
  while (pull() !== undefined && performance.now() < giveUpAt) {
    const { changes } = inHand();
    const info = await readInfo();
    const now = inHand();
    if (now.changes === changes && info.num_pending === 0 && info.num_ack_pending <= now.count) return;
    await pause(checkMs);
  }
}
