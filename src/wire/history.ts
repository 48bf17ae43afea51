/**
 * What a stream holds up to this moment, read once from the beginning and in order. It ends by itself; nobody is
 * remembered on the bus, and the reader sets the pace.
 */
import type { JsMsg } from '@nats-io/jetstream';
import { DreyError } from '../../machines/words/errors.ts';
import type { Line } from './connect.ts';
import { attachTail, type From } from './consumers.ts';
import { isMatching } from './subjects.ts';

export interface HistoryOptions {
  readonly line: Line;
  readonly stream: string;
  readonly filters: readonly string[];
  readonly from?: From;
  /** The next message is read when it resolves; false ends the reading. */
  readonly onMessage: (message: JsMsg) => Promise<boolean>;
}

const batchMax = 256;
const fetchMs = 2_000;
/** Fetches in a row that brought nothing although something should be there. */
const emptyMax = 3;

/** Reads every message that is there now; throws `bus_unavailable`. */
export async function readHistory({ line, stream, filters, from, onMessage }: HistoryOptions): Promise<void> {
  const { consumer, info } = await line.guard(
    attachTail(line.use(), { stream, filters, from: from ?? 'all' }),
  );
  try {
    let left = info.num_pending;
    let empty = 0;
    while (left > 0) {
      const batch = await line.guard(
        consumer.fetch({ max_messages: Math.min(left, batchMax), expires: fetchMs }),
      );
      let came = 0;
      for await (const message of batch) {
        came += 1;
        if (isMatching(message.subject, filters) && !(await onMessage(message))) return;
      }
      left -= came;
      empty = came === 0 ? empty + 1 : 0;
      // What expired meanwhile never comes.
      if (came === 0) left = Math.min(left, (await line.guard(consumer.info())).num_pending);
      if (left > 0 && empty >= emptyMax) {
        throw new DreyError('bus_unavailable', `the bus stopped in the middle of ${stream}`);
      }
    }
  } finally {
    // The bus would forget it after a minute anyway.
    consumer.delete().catch(() => undefined);
  }
}
