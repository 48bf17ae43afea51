/**
 * Stored events once more, on a subject of choice: for whoever wants to see a stretch of the past go by. They never come
 * back into our own streams, and only what the asker may read is published.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { DreyError } from '../../machines/words/errors.ts';
import type { AnyEvent } from '../../machines/words/events.ts';
import type { Line } from './connect.ts';
import { readEvent } from './envelope.ts';

export interface RepublishOptions {
  /** Places in the stream of events, published in this order; what is gone is passed over. */
  readonly sequences: readonly number[];
  readonly subject: string;
  /** What it does not let through is not published. */
  readonly allows: (event: AnyEvent) => boolean;
}

/** Sequences in one go. */
export const republishedMax = 1_000;
const subjectCharsMax = 200;
const noMessage = 10037;

/** Publishes them and gives back how many; throws `argument_invalid` for a subject that is not free. */
export async function republish(
  { line, stream, root }: { readonly line: Line; readonly stream: string; readonly root: string },
  { sequences, subject, allows }: RepublishOptions,
): Promise<number> {
  checkSubject(subject, root);
  if (sequences.length > republishedMax)
    throw new DreyError('argument_invalid', `at most ${republishedMax} events go at a time`);
  const { nc, jsm } = line.use();
  let published = 0;
  for (const seq of sequences) {
    const message = await line.guard(
      jsm.streams.getMessage(stream, { seq }).catch((error: unknown) => {
        if (error instanceof JetStreamApiError && error.code === noMessage) return null;
        throw error;
      }),
    );
    if (message === null) continue;
    const parsed = readEvent(message.data);
    if (parsed.parked || !allows(parsed.value)) continue;
    const about = headers();
    about.set('Drey-Sequence', String(seq));
    about.set('Drey-Subject', message.subject);
    nc.publish(subject, message.data, { headers: about });
    published += 1;
  }
  await line.guard(nc.flush());
  return published;
}

function checkSubject(subject: string, root: string): void {
  const isPlain = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(subject) && subject.length <= subjectCharsMax;
  const [first = ''] = subject.split('.');
  if (isPlain && first !== root && !first.startsWith('_')) return;
  throw new DreyError(
    'argument_invalid',
    `"${subject.slice(0, 80)}" cannot be replayed to; write a plain subject outside of ${root}, such as replay.mine`,
  );
}
