/**
 * A pull consumer as a bounded source of batches. It holds at most one batch, outlives every outage, and gives back
 * what it holds when it is stopped. With a durable name the bus remembers what was acknowledged; without one the
 * source itself remembers how far it came and goes on from there.
 */
import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiError,
  type JsMsg,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { setTimeout as pause } from 'node:timers/promises';
import type { Handles, Line } from './connect.ts';
import type { Log } from './log.ts';
import { toCoveringFilter } from './subjects.ts';

/** Where a follower begins. A durable that exists goes on where it was. */
export type From = 'all' | 'new' | { readonly sequence: number } | { readonly at: string };

export interface SourceOptions {
  readonly line: Line;
  readonly log: Log;
  readonly stream: string;
  readonly durable: string | undefined;
  readonly filters: readonly string[];
  readonly from: From;
  readonly batchMax: number;
  readonly waitMs: number;
  readonly ackWaitMs: number;
}

const fetchMs = 10_000;
const againMs = 250;
/** An ephemeral consumer that nobody asks is removed by the bus after this long. */
const forgottenMs = 60_000;

export class Source {
  readonly #options: SourceOptions;
  #consumer: Consumer | undefined;
  #fetch: ConsumerMessages | undefined;
  #buffer: JsMsg[] = [];
  /** Everything received and not settled: kept alive on the bus while it is worked on. */
  readonly #held = new Set<JsMsg>();
  #arrived: (() => void) | undefined;
  /** Without a durable: the next stream sequence to ask for, and the last delivery's number. */
  #next: number | undefined;
  #delivered = 0;
  #stopped = false;
  readonly #forgetStatus: () => void;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#forgetStatus = options.line.onStatus((status) => {
      if (status === 'disconnected') this.#drop();
    });
    this.#heartbeat = setInterval(() => this.#keepAlive(), options.ackWaitMs / 3);
    this.#heartbeat.unref();
  }

  /** Creates the consumer now, so that "from new" means from now; rejects when the bus is away. */
  async attach(): Promise<void> {
    this.#consumer = await this.#toConsumer(this.#options.line.use());
  }

  /** The next 1 to `batchMax` messages in order; an empty list once stopped. */
  async next(): Promise<readonly JsMsg[]> {
    while (!this.#stopped) {
      if (this.#buffer.length === 0) {
        if (this.#fetch === undefined && !(await this.#startFetch())) continue;
        await this.#arrival();
        if (this.#buffer.length === 0) continue;
      }
      if (this.#buffer.length < this.#options.batchMax && this.#fetch !== undefined) await this.#gather();
      return this.#buffer.splice(0, this.#options.batchMax);
    }
    return [];
  }

  /** Tells the bus that a message is done with; waits for the line, since an answer sent into an outage is lost. */
  async settle(message: JsMsg): Promise<void> {
    if (this.#options.durable !== undefined && (await this.#options.line.whenConnected())) message.ack();
    this.#held.delete(message);
  }

  /** Messages on the bus, and here, that are not settled yet. */
  async lag(): Promise<number> {
    const { jsm } = this.#options.line.use();
    const name = this.#options.durable ?? this.#consumer?.info(true).then((info) => info.name);
    const consumer = await name;
    if (consumer === undefined) return this.#buffer.length;
    const info = await jsm.consumers.info(this.#options.stream, consumer);
    return this.#options.durable === undefined
      ? info.num_pending + this.#held.size
      : info.num_pending + info.num_ack_pending;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#forgetStatus();
    clearInterval(this.#heartbeat);
    const left = this.#consumer;
    this.#drop();
    for (const message of this.#buffer) this.giveBack(message);
    this.#buffer = [];
    if (this.#options.durable === undefined && this.#options.line.status === 'connected') {
      left?.delete().catch(() => undefined); // It would be removed after a minute anyway.
    }
    this.#signal();
  }

  /** Hands a message back untried, so that whoever follows next gets it at once. */
  giveBack(message: JsMsg): void {
    this.#held.delete(message);
    if (this.#options.durable !== undefined && this.#options.line.status === 'connected') message.nak();
  }

  /** Ends the fetch; what it received already still comes through, in order, before another one begins. */
  #drop(): void {
    this.#fetch?.stop();
    if (this.#options.durable === undefined) this.#consumer = undefined;
  }

  #keepAlive(): void {
    if (this.#options.durable === undefined || this.#options.line.status === 'disconnected') return;
    for (const message of this.#held) message.working();
  }

  async #startFetch(): Promise<boolean> {
    // A line that was closed for good never comes back: waiting for it again would be a busy loop.
    if (!(await this.#options.line.whenConnected())) this.stop();
    if (this.#stopped) return false;
    try {
      this.#consumer ??= await this.#toConsumer(this.#options.line.use());
      const fetch = await this.#consumer.fetch({ max_messages: this.#options.batchMax, expires: fetchMs });
      this.#fetch = fetch;
      this.#read(fetch).catch((error: unknown) => this.#end(fetch, error));
      return true;
    } catch (error) {
      this.#consumer = undefined;
      this.#options.log.debug({ err: error, stream: this.#options.stream }, 'a consumer cannot be read yet');
      await pause(againMs);
      return false;
    }
  }

  async #read(fetch: ConsumerMessages): Promise<void> {
    for await (const message of fetch) {
      if (this.#stopped) {
        this.giveBack(message);
        continue;
      }
      if (!this.#isInOrder(message)) throw new Error('a delivery is missing');
      this.#buffer.push(message);
      this.#held.add(message);
      this.#signal();
    }
    this.#end(fetch, undefined);
  }

  #end(fetch: ConsumerMessages, error: unknown): void {
    if (this.#fetch !== fetch) return;
    fetch.stop();
    this.#fetch = undefined;
    if (error !== undefined) {
      this.#consumer = undefined;
      this.#options.log.debug({ err: error, stream: this.#options.stream }, 'a consumer is opened again');
    }
    this.#signal();
  }

  #isInOrder(message: JsMsg): boolean {
    if (this.#options.durable !== undefined) return true;
    if (message.info.deliverySequence !== this.#delivered + 1) return false;
    this.#delivered += 1;
    this.#next = message.seq + 1;
    return true;
  }

  async #arrival(): Promise<void> {
    if (this.#buffer.length > 0 || this.#fetch === undefined || this.#stopped) return;
    await new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
  }

  /** Waits a moment for more, so that a stream of messages comes in batches. */
  async #gather(): Promise<void> {
    const until = performance.now() + this.#options.waitMs;
    const timer = setTimeout(() => this.#signal(), this.#options.waitMs);
    while (this.#buffer.length < this.#options.batchMax && this.#fetch !== undefined && !this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
      // A timer may fire a fraction of a millisecond early.
      if (performance.now() >= until - 1) break;
    }
    clearTimeout(timer);
  }

  #signal(): void {
    const arrived = this.#arrived;
    this.#arrived = undefined;
    arrived?.();
  }

  async #toConsumer(handles: Handles): Promise<Consumer> {
    const { stream, durable } = this.#options;
    if (durable === undefined) return this.#toEphemeral(handles);
    const wanted = {
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(this.#options.ackWaitMs),
      max_ack_pending: Math.max(1_000, this.#options.batchMax * 2),
      max_deliver: -1,
      ...this.#toFilter(handles),
    };
    try {
      const { config } = await handles.jsm.consumers.info(stream, durable);
      if (isDiffering(config, wanted)) {
        // The client merges with what is there, so the form of filter that is not wanted must be emptied.
        const other = 'filter_subjects' in wanted ? { filter_subject: '' } : {};
        const many =
          'filter_subject' in wanted && config.filter_subjects !== undefined ? { filter_subjects: [] } : {};
        await handles.jsm.consumers.update(stream, durable, { ...other, ...many, ...wanted });
      }
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== 10014) throw error;
      await handles.jsm.consumers.add(stream, {
        durable_name: durable,
        ...wanted,
        ...toStart(this.#options.from),
      });
    }
    return handles.js.consumers.get(stream, durable);
  }

  async #toEphemeral(handles: Handles): Promise<Consumer> {
    const { stream, from } = this.#options;
    if (this.#next === undefined && from === 'new') {
      this.#next = (await handles.jsm.streams.info(stream)).state.last_seq + 1;
    }
    const start = this.#next === undefined ? toStart(from) : toStart({ sequence: this.#next });
    const info = await handles.jsm.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      inactive_threshold: nanos(forgottenMs),
      mem_storage: true,
      num_replicas: 1,
      ...this.#toFilter(handles),
      ...start,
    });
    this.#delivered = 0;
    return handles.js.consumers.getConsumerFromInfo(info);
  }

  #toFilter(handles: Handles): Pick<ConsumerConfig, 'filter_subject' | 'filter_subjects'> {
    const { filters } = this.#options;
    if (filters.length > 1 && isAtLeast(handles.nc.info?.version ?? '', 2, 10))
      return { filter_subjects: [...filters] };
    return { filter_subject: toCoveringFilter(filters) };
  }
}

function isDiffering(real: ConsumerConfig, wanted: Partial<ConsumerConfig>): boolean {
  const subjects = (config: Partial<ConsumerConfig>): string =>
    JSON.stringify(
      [...(config.filter_subjects ?? [config.filter_subject])].sort((a, b) =>
        (a ?? '') < (b ?? '') ? -1 : 1,
      ),
    );
  return (
    real.ack_wait !== wanted.ack_wait ||
    real.max_ack_pending !== wanted.max_ack_pending ||
    subjects(real) !== subjects(wanted)
  );
}

function toStart(from: From): Partial<ConsumerConfig> {
  if (from === 'all') return { deliver_policy: DeliverPolicy.All };
  if (from === 'new') return { deliver_policy: DeliverPolicy.New };
  if ('at' in from) return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: from.at };
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, from.sequence) };
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}
