/**
 * A pull consumer as a bounded source of batches. It holds the batch that is worked on and at most one more, outlives
 * every outage, and gives back what it holds when it is stopped. With a durable name the bus remembers what was
 * acknowledged; without one the source itself remembers how far it came and goes on from there.
 */
import type { Consumer, ConsumerInfo, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Handles, Line } from './connect.ts';
import { attachDurable, attachTail, type From } from './consumers.ts';
import { Hold } from './hold.ts';
import type { Log } from './log.ts';
import { becomeQuiet, beHeard } from './quiet.ts';
import { toBusError } from './publish.ts';

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
  readonly #hold: Hold;
  #consumer: Consumer | undefined;
  #fetch: ConsumerMessages | undefined;
  #starting: Promise<boolean> | undefined;
  #buffer: JsMsg[] = [];
  /** Everything received and not settled, by sequence: kept alive on the bus while it is worked on. */
  readonly #held = new Map<number, JsMsg>();
  /** Messages that came to `held` since the beginning, and that left it. */
  #came = 0;
  #left = 0;
  #arrived: (() => void) | undefined;
  /** Without a durable: the next stream sequence to ask for, and the last delivery's number. */
  #next: number | undefined;
  #delivered = 0;
  #stopped = false;
  #endWaiting: ((standing: false) => void) | undefined;
  readonly #stopping = new Promise<false>((resolve) => {
    this.#endWaiting = resolve;
  });
  readonly #forgetStatus: () => void;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#hold = new Hold({
      ackWaitMs: options.ackWaitMs,
      info: async () => this.#readInfo(options.durable ?? ''),
      inHand: () => ({ came: this.#came, left: this.#left }),
      ended: () => {
        // What came again came in no order.
        this.#buffer.sort((a, b) => a.seq - b.seq);
        this.#signal();
      },
    });
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
      if (this.#ready < this.#options.batchMax) await this.#gather();
      const ready = this.#buffer.splice(0, this.#options.batchMax);
      this.#fetchAhead();
      return ready;
    }
    return [];
  }

  /** Tells the bus that messages are done with; waits for the line, since an answer sent into an outage is lost. */
  async settle(messages: readonly JsMsg[]): Promise<void> {
    // All in one go, so that the answers leave together.
    if (this.#options.durable !== undefined && (await this.#standing()))
      for (const message of messages) message.ack();
    for (const message of messages) this.#letGo(message);
  }

  /** True when the line stands, at once or after an outage; false when it was closed or this source stopped. */
  async #standing(): Promise<boolean> {
    if (this.#options.line.status === 'connected') return true;
    return Promise.race([this.#options.line.whenConnected(), this.#stopping]);
  }

  /** Messages on the bus, and here, that are not settled yet. */
  async lag(): Promise<number> {
    const consumer = this.#options.durable ?? (await this.#consumer?.info(true))?.name;
    if (consumer === undefined) return this.#buffer.length;
    const info = await this.#readInfo(consumer);
    return info.num_pending + (this.#options.durable === undefined ? this.#held.size : info.num_ack_pending);
  }

  /** Whether nothing up to this place of the stream is left to be settled. */
  async isPast(sequence: number): Promise<boolean> {
    if (this.#options.durable === undefined) return (await this.lag()) === 0;
    const info = await this.#readInfo(this.#options.durable);
    return info.num_pending + info.num_ack_pending === 0 || info.ack_floor.stream_seq >= sequence;
  }

  async #readInfo(consumer: string): Promise<ConsumerInfo> {
    const { jsm } = this.#options.line.use();
    return jsm.consumers.info(this.#options.stream, consumer).catch((error: unknown) => {
      // Not the message's fault: whoever waits for this answer tries again.
      throw toBusError(error);
    });
  }

  /** Asks for nothing more; what is worked on may be settled still. Resolves when nothing is on its way here any more. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#endWaiting?.(false);
    this.#forgetStatus();
    this.#hold.stop();
    const left = this.#consumer;
    this.#consumer = undefined;
    const quiet = this.#becomeQuiet();
    this.#signal();
    await quiet;
    if (this.#options.durable === undefined && this.#options.line.status === 'connected') {
      left?.delete().catch(() => undefined); // It would be removed after a minute anyway.
    }
  }

  /**
   * After `stop`, when nothing is worked on any more: gives back what was not settled, oldest first, so that whoever
   * follows next gets it at once and in order; resolves when the bus has heard. The delay is there because the bus writes
   * it down: handed back without one, a message waits for its acknowledgement again once the bus restarts.
   */
  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    const { durable, line } = this.#options;
    if (durable === undefined || line.status !== 'connected') return;
    for (const message of [...this.#held.values()].sort((a, b) => a.seq - b.seq)) message.nak(1);
    this.#held.clear();
    await beHeard(line);
  }

  #letGo(message: JsMsg): void {
    if (this.#held.delete(message.seq)) this.#left += 1;
  }

  /** Ends the fetch; what it received already still comes through, in order, before another one begins. */
  #drop(): void {
    this.#fetch?.stop();
    this.#consumer = undefined;
  }

  async #becomeQuiet(): Promise<void> {
    if (this.#starting !== undefined) await this.#starting;
    return becomeQuiet(this.#options, this.#fetch);
  }

  #keepAlive(): void {
    if (this.#options.durable === undefined || this.#options.line.status === 'disconnected') return;
    for (const message of this.#held.values()) message.working();
  }

  /** Has the next batch come while the one in hand is worked on. */
  #fetchAhead(): void {
    if (this.#fetch !== undefined || this.#buffer.length > 0 || this.#stopped) return;
    if (this.#options.line.status === 'connected') void this.#startFetch();
  }

  async #startFetch(): Promise<boolean> {
    this.#starting ??= this.#openFetch().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #openFetch(): Promise<boolean> {
    // A line that was closed for good never comes back: waiting for it again would be a busy loop.
    if (!(await this.#standing()) && !this.#stopped) void this.stop();
    if (this.#stopped) return false;
    try {
      this.#consumer ??= await this.#attach(this.#options.line.use());
      if (this.#stopped) return false;
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
      if (!this.#isInOrder(message)) throw new Error('a delivery is missing');
      // It came again before its first copy was settled, which answers for both.
      if (this.#held.has(message.seq)) continue;
      this.#buffer.push(message);
      this.#held.set(message.seq, message);
      this.#came += 1;
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
    } else this.#fetchAhead();
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

  /** Lets what came together become one batch, and waits for more where that was asked for. */
  async #gather(): Promise<void> {
    const { waitMs } = this.#options;
    await new Promise((resolve) => setImmediate(resolve));
    if (waitMs === 0) return;
    const until = performance.now() + waitMs;
    const timer = setTimeout(() => this.#signal(), waitMs);
    // A timer may fire a fraction of a millisecond early.
    while (this.#isShort && performance.now() < until - 1) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
    clearTimeout(timer);
  }

  get #isShort(): boolean {
    return this.#buffer.length < this.#options.batchMax && this.#fetch !== undefined && !this.#stopped;
  }

  #signal(): void {
    const arrived = this.#arrived;
    this.#arrived = undefined;
    arrived?.();
  }

  async #attach(handles: Handles): Promise<Consumer> {
    const { stream, durable, from, filters } = this.#options;
    if (durable !== undefined) {
      const unsettledMax = Math.max(1_000, this.#options.batchMax * 2);
      const attached = await attachDurable(handles, { ...this.#options, durable, unsettledMax });
      this.#hold.begin(attached.info);
      return attached.consumer;
    }
    if (this.#next === undefined && from === 'new') {
      this.#next = (await handles.jsm.streams.info(stream)).state.last_seq + 1;
    }
    const start = this.#next === undefined ? from : { sequence: this.#next };
    this.#delivered = 0;
    return (await attachTail(handles, { stream, filters, from: start })).consumer;
  }

  /** How many messages may go out now. */
  get #ready(): number {
    return this.#hold.isOn ? 0 : this.#buffer.length;
  }
}
