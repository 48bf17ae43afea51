/**
 * Ending a durable's fetch in peace: what the bus has sent for it still arrives, and the bus knows that nobody waits
 * here any more. Nothing may be given back before that, or the bus sends it to nobody, and it comes again only after the
 * wait for its acknowledgement (a server of 2.9 repeats another message, too).
 */
import type { ConsumerMessages } from '@nats-io/jetstream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Line } from './connect.ts';

export interface QuietOptions {
  readonly line: Line;
  readonly stream: string;
  readonly durable: string | undefined;
}

/** What the bus may take to say that nothing more is on its way, and again to look who waits. */
const quietMs = 1_000;

/** Ends the fetch; resolves when giving back is safe, or when the bus takes too long to say so. */
export async function becomeQuiet(options: QuietOptions, fetch: ConsumerMessages | undefined): Promise<void> {
  const { line, stream, durable } = options;
  if (durable === undefined || line.status !== 'connected') return fetch?.stop();
  if (fetch !== undefined) {
    // The client drains fetches with their connection only; the subscription below one can be drained alone.
    const { sub } = fetch as { readonly sub?: { drain(): Promise<void> } };
    sub?.drain().catch(() => fetch.stop());
    await atMost(quietMs, fetch.closed());
    fetch.stop();
  }
  // Being asked about the consumer makes the bus look who still waits.
  if (line.status === 'connected')
    await atMost(quietMs, line.guard(line.use().jsm.consumers.info(stream, durable)));
}

/** Waits for it, however it ends, and not for longer than this. */
async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const giveUp = new AbortController();
  const late = pause(ms, undefined, { signal: giveUp.signal });
  await Promise.race([work, late]).catch(() => undefined);
  giveUp.abort();
  await late.catch(() => undefined);
}
