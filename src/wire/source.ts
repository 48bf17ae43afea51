/**
 * A pull consumer as a bounded source of batches. It holds at most one batch, outlives every outage, and gives back
 * what it holds when it is stopped. With a durable name the bus remembers what was acknowledged; without one the
 * source itself remembers how far it came and goes on from there.
 */
import type { Consumer, ConsumerInfo, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Handles, Line } from './connect.ts';
import { type Attached, attachDurable, attachTail, type From } from './consumers.ts';
import { Hold, type InHand } from './hold.ts';
import { atMost, endPull } from './end-pull.ts';
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

export class Source {
  readonly #options: SourceOptions;
  #consumer: Consumer | undefined;
  #fetch: ConsumerMessages | undefined;
  #reading: Promise<void> = Promise.resolve();
  #buffer: JsMsg[] = [];
  /** Everything received and not settled: kept alive on the bus while it is worked on. */
  readonly #held = new Set<JsMsg>();
  #arrived: (() => void) | undefined;
  /** Without a durable: the next stream sequence to ask for, and the last delivery's number. */
  #next: number | undefined;
  #delivered = 0;
  /** Messages that came to `held` or left it. */
  #changes = 0;
  readonly #hold: Hold;
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
    this.#hold = new Hold({
      countUnsettled: async () => (await this.#readInfo()).num_ack_pending,
      inHand: () => this.#inHand,
      ended: () => this.#signal(),
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
      if (!this.#stopped) return this.#takeReady();
    }
    return [];
  }

  /** Tells the bus that a message is done with; waits for the line, since an answer sent into an outage is lost. */
  async settle(message: JsMsg): Promise<void> {
    if (this.#options.durable !== undefined && (await this.#standing())) message.ack();
    this.#letGo(message);
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

  /** Asks for nothing more; whoever works on a message may end that. Resolves when nothing is on its way any more. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#endWaiting?.(false);
    this.#forgetStatus();
    this.#hold.stop();
    this.#signal();
    const { durable, line } = this.#options;
    // A tail would be removed after a minute anyway.
    if (durable === undefined && line.status === 'connected') this.#consumer?.delete().catch(() => undefined);
    this.#consumer = undefined;
    await this.#endPull();
  }

  /**
   * After `stop`, when nobody works on a message any more: gives back what was not settled, and resolves when the bus
   * has heard of it. The delay is there because the bus writes it down: handed back without one, a message would wait
   * for its acknowledgement again after a restart of the bus. Nothing may be handed back while a pull is open, which
   * would bring it here again.
   */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    const { durable, line } = this.#options;
    if (durable === undefined || line.status !== 'connected') return;
    for (const message of [...this.#held].sort((a, b) => a.seq - b.seq)) message.nak(1);
    this.#held.clear();
    await atMost(line.guard(line.use().nc.flush()));
  }

  async #endPull(): Promise<void> {
    const { durable, line } = this.#options;
    const readInfo = async (): Promise<ConsumerInfo> => line.guard(this.#readInfo());
    if (durable !== undefined && line.status === 'connected')
      await endPull({ pull: () => this.#fetch, inHand: () => this.#inHand, readInfo });
    this.#fetch?.stop();
    await this.#reading;
  }

  /** Ends the fetch; what it received already still comes through, in order, before another one begins. */
  #drop(): void {
    this.#fetch?.stop();
    this.#consumer = undefined;
  }

  #letGo(message: JsMsg): void {
    if (this.#held.delete(message)) this.#changes += 1;
  }

  #keepAlive(): void {
    if (this.#options.durable === undefined || this.#options.line.status === 'disconnected') return;
    for (const message of this.#held) message.working();
  }

  async #startFetch(): Promise<boolean> {
    // A line that was closed for good never comes back: waiting for it again would be a busy loop.
    if (!(await this.#standing())) void this.stop();
    if (this.#stopped) return false;
    try {
      this.#consumer ??= await this.#attach(this.#options.line.use());
      const fetch = await this.#consumer.fetch({ max_messages: this.#options.batchMax, expires: fetchMs });
      this.#fetch = fetch;
      this.#reading = this.#read(fetch).catch((error: unknown) => this.#end(fetch, error));
      // Stopped while it began.
      if (this.#stopped) await this.#endPull();
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
      if (!this.#isInOrder(message)) throw new Error('a delivery is missing');
      this.#buffer.push(message);
      this.#held.add(message);
      this.#changes += 1;
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

  #holdIfNeeded({ info }: Attached): void {
    if (info.num_ack_pending > this.#held.size)
      this.#hold.begin(info.delivered.stream_seq, this.#options.ackWaitMs * 1.5);
  }

  async #readInfo(): Promise<ConsumerInfo> {
    const { line, stream, durable = '' } = this.#options;
    return line.use().jsm.consumers.info(stream, durable);
  }

  get #inHand(): InHand {
    return { count: this.#held.size, changes: this.#changes };
  }

  /** How many messages from the buffer may go out now. */
  get #ready(): number {
    return this.#buffer.filter(({ seq }) => this.#hold.lets(seq)).length;
  }

  #takeReady(): JsMsg[] {
    // What came again stands behind what was held back for it.
    this.#buffer.sort((one, other) => one.seq - other.seq);
    const ready = this.#buffer.filter(({ seq }) => this.#hold.lets(seq)).slice(0, this.#options.batchMax);
    const taken = new Set(ready);
    this.#buffer = this.#buffer.filter((message) => !taken.has(message));
    return ready;
  }
}
