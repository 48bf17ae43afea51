/**
 * A pull consumer as a bounded source of batches. It holds at most one batch, outlives every outage, and gives back
 * what it holds when it is stopped. With a durable name the bus remembers what was acknowledged; without one the
 * source itself remembers how far it came and goes on from there.
 */
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Handles, Line } from './connect.ts';
import { type Attached, attachDurable, attachTail, type From } from './consumers.ts';
import type { Log } from './log.ts';

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
/** How often it is asked whether what was lost on the way has come again. */
const holdCheckMs = 200;

export class Source {
  readonly #options: SourceOptions;
  #consumer: Consumer | undefined;
  #fetch: ConsumerMessages | undefined;
  #buffer: JsMsg[] = [];
  /** Everything received and not settled, by sequence: kept alive on the bus while it is worked on. */
  readonly #held = new Map<number, JsMsg>();
  #arrived: (() => void) | undefined;
  /** Without a durable: the next stream sequence to ask for, and the last delivery's number. */
  #next: number | undefined;
  #delivered = 0;
  #hold: { readonly upTo: number; readonly until: number } | undefined;
  #holdCheck: NodeJS.Timeout | undefined;
  #stopped = false;
  #endWaiting: ((standing: false) => void) | undefined;
  readonly #stopping = new Promise<false>((resolve) => {
    this.#endWaiting = resolve;
  });
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
    this.#consumer = await this.#attach(this.#options.line.use());
  }

  /** The next 1 to `batchMax` messages in order; an empty list once stopped. */
  async next(): Promise<readonly JsMsg[]> {
    while (!this.#stopped) {
      if (this.#ready === 0) {
        if (this.#fetch === undefined && !(await this.#startFetch())) continue;
        await this.#arrival();
        continue;
      }
      if (this.#ready < this.#options.batchMax && this.#fetch !== undefined) await this.#gather();
      return this.#takeReady();
    }
    return [];
  }

  /** Tells the bus that a message is done with; waits for the line, since an answer sent into an outage is lost. */
  async settle(message: JsMsg): Promise<void> {
    if (this.#options.durable !== undefined && (await this.#standing())) message.ack();
    this.#held.delete(message.seq);
  }

  /** True when the line stands, at once or after an outage; false when it was closed or this source stopped. */
  async #standing(): Promise<boolean> {
    if (this.#options.line.status === 'connected') return true;
    return Promise.race([this.#options.line.whenConnected(), this.#stopping]);
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
    this.#endWaiting?.(false);
    this.#forgetStatus();
    clearInterval(this.#heartbeat);
    clearInterval(this.#holdCheck);
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
    this.#held.delete(message.seq);
    if (this.#options.durable !== undefined && this.#options.line.status === 'connected') message.nak();
  }

  /** Ends the fetch; what it received already still comes through, in order, before another one begins. */
  #drop(): void {
    this.#fetch?.stop();
    this.#consumer = undefined;
  }

  #keepAlive(): void {
    if (this.#options.durable === undefined || this.#options.line.status === 'disconnected') return;
    for (const message of this.#held.values()) message.working();
  }

  async #startFetch(): Promise<boolean> {
    // A line that was closed for good never comes back: waiting for it again would be a busy loop.
    if (!(await this.#standing())) this.stop();
    if (this.#stopped) return false;
    try {
      this.#consumer ??= await this.#attach(this.#options.line.use());
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
      // It came again before its first copy was settled, which answers for both.
      if (this.#held.has(message.seq)) continue;
      this.#buffer.push(message);
      this.#held.set(message.seq, message);
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
    if (this.#ready > 0 || this.#fetch === undefined || this.#stopped) return;
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

  async #attach(handles: Handles): Promise<Consumer> {
    const { stream, durable, from, filters } = this.#options;
    if (durable !== undefined) {
      const attached = await attachDurable(handles, {
        ...this.#options,
        durable,
        unsettledMax: this.#unsettledMax,
      });
      this.#holdIfNeeded(attached);
      return attached.consumer;
    }
    if (this.#next === undefined && from === 'new') {
      this.#next = (await handles.jsm.streams.info(stream)).state.last_seq + 1;
    }
    const start = this.#next === undefined ? from : { sequence: this.#next };
    this.#delivered = 0;
    return (await attachTail(handles, { stream, filters, from: start })).consumer;
  }

  get #unsettledMax(): number {
    return Math.max(1_000, this.#options.batchMax * 2);
  }

  /**
   * What was on its way when a line broke or a process died counts as delivered, and comes again only after the wait
   * for its acknowledgement. Newer messages are held back until then, so that they do not overtake.
   */
  #holdIfNeeded({ info }: Attached): void {
    if (info.num_ack_pending <= this.#held.size) return;
    this.#hold = {
      upTo: info.delivered.stream_seq,
      until: performance.now() + this.#options.ackWaitMs * 1.5,
    };
    clearInterval(this.#holdCheck);
    this.#holdCheck = setInterval(() => void this.#checkHold(), holdCheckMs).unref();
  }

  async #checkHold(): Promise<void> {
    const { line, stream, durable } = this.#options;
    if (this.#hold === undefined || durable === undefined || line.status === 'disconnected') return;
    let isOver = this.#stopped || performance.now() > this.#hold.until;
    try {
      isOver ||= (await line.use().jsm.consumers.info(stream, durable)).num_ack_pending <= this.#held.size;
    } catch {
      return; // The next check asks again.
    }
    if (!isOver) return;
    clearInterval(this.#holdCheck);
    this.#hold = undefined;
    this.#signal();
  }

  /** How many messages from the buffer may go out now. */
  get #ready(): number {
    const hold = this.#hold;
    if (hold === undefined) return this.#buffer.length;
    return this.#buffer.filter((message) => message.seq <= hold.upTo).length;
  }

  #takeReady(): JsMsg[] {
    const hold = this.#hold;
    if (hold === undefined) return this.#buffer.splice(0, this.#options.batchMax);
    const ready = this.#buffer.filter((message) => message.seq <= hold.upTo);
    this.#buffer = this.#buffer.filter((message) => message.seq > hold.upTo);
    return ready;
  }
}
