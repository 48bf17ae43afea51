/**
 * Publishing with an acknowledgement, over one subscription for all of a connection's answers. The client's own way
 * makes a request of each message, and a cancelled error with its stack for each that succeeds: most of a send's cost.
 * It must never take silence for an acknowledgement.
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import { createInbox, errors, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { DreyError } from '../../machines/words/errors.ts';
import { Pending } from '../../machines/words/pending.ts';
import type { Parcel } from './parcel.ts';

/** What the bus answers: the message is stored, and whether it already was. */
export interface Ack {
  readonly stream: string;
  readonly sequence: number;
  readonly duplicate: boolean;
}

interface Waiting {
  readonly resolve: (ack: Ack) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** The bus's answer to a message, as it is written. */
interface Answer {
  readonly stream?: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: ConstructorParameters<typeof JetStreamApiError>[0];
}

/** Messages of one connection that wait for their acknowledgement; whoever sends many bounds its own far below. */
const waitingMax = 20_000;

/** The acknowledgements of one connection; made with it, and forgotten with it. */
export class Acknowledgements {
  readonly #nc: NatsConnection;
  readonly #prefix = `${createInbox()}.`;
  readonly #waiting = new Pending<Waiting>();
  #last = 0;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
    // The connection subscribes anew by itself after it was broken, and forgets the subscription when it is closed.
    nc.subscribe(`${this.#prefix}*`, { callback: (_, message) => this.#hear(message) });
  }

  /**
   * Publishes one parcel and waits; throws `limit_reached`, and the client's errors: timeout, no responders, and what
   * JetStream refuses.
   */
  async publish(root: string, { path, id, payload }: Parcel, timeoutMs: number): Promise<Ack> {
    if (this.#waiting.size >= waitingMax) {
      throw new DreyError('limit_reached', `${waitingMax} messages wait for the bus to acknowledge them`);
    }
    this.#last += 1;
    const token = this.#last.toString(36);
    const told = headers();
    told.set('Nats-Msg-Id', id);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#take(token)?.reject(new errors.TimeoutError()), timeoutMs);
      this.#waiting.set(token, { resolve, reject, timer });
      try {
        this.#nc.publish(`${root}.${path}`, payload, { headers: told, reply: this.#prefix + token });
      } catch (error) {
        this.#take(token)?.reject(error);
      }
    });
  }

  #take(token: string): Waiting | undefined {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return undefined;
    clearTimeout(waiting.timer);
    this.#waiting.delete(token);
    return waiting;
  }

  #hear(message: Msg): void {
    const waiting = this.#take(message.subject.slice(this.#prefix.length));
    if (waiting === undefined) return; // It comes after its time; the id makes sending again harmless.
    if (message.data.length === 0 && message.headers?.code === 503) {
      waiting.reject(new errors.NoRespondersError(message.subject));
      return;
    }
    try {
      waiting.resolve(toAck(message));
    } catch (error) {
      waiting.reject(error);
    }
  }
}

function toAck(message: Msg): Ack {
  const { stream, seq, duplicate = false, error } = message.json<Answer>();
  if (error !== undefined) throw new JetStreamApiError(error);
  if (typeof stream !== 'string' || stream === '' || typeof seq !== 'number') {
    throw new errors.ProtocolError('the bus answered a message with what is no acknowledgement');
  }
  return { stream, sequence: seq, duplicate };
}
