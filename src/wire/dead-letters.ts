/**
 * The dead letters as people handle them: listed, shown, sent again, dropped. A letter is removed only after its
 * message stands in its stream once more; sending the same letter twice is sending it once.
 */
import { JetStreamApiError, type MsgRequest, type StoredMsg } from '@nats-io/jetstream';
import { DreyError } from '../../machines/words/errors.ts';
import type { DreyEvent } from '../../machines/words/events.ts';
import type { Address } from '../../machines/words/ids.ts';
import type { Line } from './connect.ts';
import { DeadLetter, deadBodyBytesMax, encodeDeadLetter, encodeEvent } from './envelope.ts';
import { readHistory } from './history.ts';
import { toPath } from './parcel.ts';
import { type Ack, sendParcel } from './publish.ts';
import { toAddressOf, toDeadSubject, toEventSubject } from './subjects.ts';

/** A dead letter with its place among them. */
export interface HeldLetter extends DeadLetter {
  /** Its sequence in the stream of dead letters. */
  readonly id: number;
  /** To whom the message belonged. */
  readonly actor: Address;
}

/** Work that was left undone, and the event by which it is asked for again. */
export interface LeftUndone {
  /** Published when the letter is sent again, and not before. */
  readonly event: DreyEvent;
  readonly code: string;
  readonly reason: string;
  /** Who gave up. */
  readonly by: string;
}

export interface DeadLetters {
  /** Keeps what was left undone in place of what its actor left undone before; throws `bus_unavailable`. */
  put(this: void, undone: LeftUndone): Promise<void>;
  /** The newest first, of these namespaces only. */
  list(options: {
    readonly namespaces: readonly string[];
    readonly limit: number;
  }): Promise<{ readonly letters: readonly HeldLetter[]; readonly total: number }>;
  get(id: number): Promise<HeldLetter | undefined>;
  /** Publishes the original again under a new message id, then removes the letter; throws `dead_letter_unknown`. */
  retry(id: number): Promise<Ack>;
  /** False when there is none. */
  drop(id: number): Promise<boolean>;
}

export interface DeadLettersOptions {
  readonly line: Line;
  readonly root: string;
  /** The streams of dead letters and of events. */
  readonly stream: string;
  readonly events: string;
  readonly now: () => number;
  readonly hideText: (namespace: string, text: string) => string;
}

/** How the server says that a message is not there: when reading, when deleting, and in older versions. */
const absentCodes = new Set([10037, 10043, 10057]);

/** Opens the dead letters of a wire. */
export function openDeadLetters(options: DeadLettersOptions): DeadLetters {
  const { line, root, stream } = options;
  const get = async (id: number): Promise<HeldLetter | undefined> => {
    const message = await readMessage(line, stream, { seq: id });
    return message === undefined ? undefined : toHeld(message, root);
  };
  const drop = async (id: number): Promise<boolean> => {
    try {
      return await line.guard(line.use().jsm.streams.deleteMessage(stream, id));
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  };
  return {
    get,
    drop,
    async put({ event, code, reason, by }) {
      const { namespace } = event;
      const path = toPath(toDeadSubject({ namespace, ...event.actor }));
      const last = await readMessage(line, stream, { last_by_subj: `${root}.${path}` });
      const before = last === undefined ? undefined : toHeld(last, root);
      const letter = {
        reason: options.hideText(namespace, reason),
        code,
        stream: options.events,
        sequence: 0,
        subject: toEventSubject(event, root),
        by,
        attempts: (before?.attempts ?? 0) + 1,
        at: new Date(options.now()).toISOString(),
      };
      const payload = encodeDeadLetter(letter, encodeEvent(event));
      await sendParcel(line, root, { path, id: `dead:${by}:${event.id}`, payload });
      if (before !== undefined) await drop(before.id);
    },
    async list({ namespaces, limit }) {
      const letters: HeldLetter[] = [];
      let total = 0;
      await readHistory({
        line,
        stream,
        filters: namespaces.map((namespace) => `${root}.dead.${namespace}.>`),
        onMessage: async ({ subject, data, seq }) => {
          const letter = toHeld({ subject, data, seq }, root);
          if (letter !== undefined) {
            total += 1;
            letters.push(letter);
            if (letters.length > limit) letters.shift();
          }
          return true;
        },
      });
      return { letters: letters.toReversed(), total };
    },
    async retry(id) {
      const letter = await get(id);
      if (letter === undefined)
        throw new DreyError('dead_letter_unknown', `there is no dead letter ${id}; see the list`);
      if (!letter.subject.startsWith(`${root}.`))
        throw new DreyError('dead_letter_unknown', `the message of dead letter ${id} is none of this house`);
      const payload = await readOriginal(line, letter);
      const path = letter.subject.slice(root.length + 1);
      const ack = await sendParcel(line, root, { path, id: `retry:${stream}:${id}`, payload });
      await drop(id);
      return ack;
    },
  };
}

/** The message itself while its stream has it, else what the letter kept of it, if that is all. */
async function readOriginal(line: Line, letter: HeldLetter): Promise<Uint8Array> {
  const { sequence: seq } = letter;
  const original = seq === 0 ? undefined : await readMessage(line, letter.stream, { seq });
  if (original?.subject === letter.subject) return original.data;
  const kept = Buffer.from(letter.body);
  if (kept.length < deadBodyBytesMax) return kept;
  throw new DreyError(
    'dead_letter_unknown',
    `the message of dead letter ${letter.id} is no longer in ${letter.stream} and only its beginning was kept`,
  );
}

async function readMessage(line: Line, stream: string, which: MsgRequest): Promise<StoredMsg | undefined> {
  try {
    return (await line.guard(line.use().jsm.streams.getMessage(stream, which))) ?? undefined;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function toHeld(message: Pick<StoredMsg, 'subject' | 'data' | 'seq'>, root: string): HeldLetter | undefined {
  const actor = toAddressOf(message.subject, root);
  if (actor === undefined) return undefined;
  try {
    const letter = DeadLetter.parse(JSON.parse(Buffer.from(message.data).toString('utf8')));
    return { ...letter, id: message.seq, actor };
  } catch {
    // Somebody else wrote into our subject; it is no letter.
    return undefined;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof JetStreamApiError && absentCodes.has(error.code);
}
