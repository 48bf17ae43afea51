/**
 * Following a stream: batches in order, acknowledged after they were handled. What fails is tried again in place, so
 * that nothing overtakes it; a batch that fails is taken apart to find the one to blame; and what fails for good, or
 * cannot be read, goes to the dead letters with the reason. Nothing is ever dropped.
 */
import type { JsMsg } from '@nats-io/jetstream';
import { setTimeout as pause } from 'node:timers/promises';
import { DreyError } from '../../machines/words/errors.ts';
import type { Line } from './connect.ts';
import type { Parsed } from './envelope.ts';
import type { Log } from './log.ts';
import type { From } from './consumers.ts';
import { inTime, isCounted, toCode, toReason } from './handling.ts';
import { createRemembered } from './remembered.ts';
import { Source } from './source.ts';
import { isMatching } from './subjects.ts';

/** One message as its follower gets it. */
export interface Delivered<T> {
  readonly value: T;
  readonly sequence: number;
  /** 1 for the first try; counts tries of earlier processes as well. */
  readonly attempt: number;
}

export interface FollowTuning {
  /** The name under which the bus remembers the position; without it the follower is a tail that nobody remembers. */
  readonly durable?: string;
  /** Where to begin; a durable that exists goes on where it was. Default: `all` with a durable, else `new`. */
  readonly from?: From;
  /** Most messages in one batch. */
  readonly batchMax?: number;
  /** How long to wait for more once there is one. Default 0: what came together is a batch, and nobody waits. */
  readonly waitMs?: number;
  /** Tries of one message before it is parked. Failures of a dependency (database, bus) do not count. */
  readonly attemptsMax?: number;
  /** First pause before another try; it doubles up to half a minute. */
  readonly retryMs?: number;
  /** How long the bus waits for a sign of life before it gives a message to somebody else. */
  readonly ackWaitMs?: number;
  /** Whether what cannot be handled goes to the dead letters. Default: only with a durable. */
  readonly park?: boolean;
  /** How long a handler has for one try; it counts as failed then. Default 30 s. */
  readonly handlerMs?: number;
  /** Resolves while it may go on; waiting for it takes none of the handler's time. */
  readonly gate?: () => Promise<void>;
}

export interface Following {
  /** Lets the batch in hand finish and gives back the rest. */
  stop(): Promise<void>;
  /** Messages not handled yet; throws `bus_unavailable`. */
  lag(): Promise<number>;
  /** Whether everything it follows up to this place of the stream is handled; throws `bus_unavailable`. */
  isPast(sequence: number): Promise<boolean>;
}

/** A message nobody could handle, on its way to the dead letters. */
export interface Parking {
  readonly message: JsMsg;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
}

export interface FollowParts<T> extends FollowTuning {
  readonly line: Line;
  readonly log: Log;
  readonly stream: string;
  readonly filters: readonly string[];
  /** What the bus is asked for where it is more than what is handled; what is neither handled nor a stray is passed over. */
  readonly asked?: readonly string[];
  /** Whether a subject is none that anybody here knows: then its message is parked. */
  readonly isStray?: (subject: string) => boolean;
  readonly read: (bytes: Uint8Array) => Parsed<T>;
  readonly onBatch: (deliveries: readonly Delivered<T>[]) => Promise<void>;
  readonly parkAway: (parking: Parking) => Promise<void>;
}

const pauseMaxMs = 30_000;
const handlerMsDefault = 30_000;

interface Item<T> {
  readonly message: JsMsg;
  readonly delivery: Delivered<T>;
}

/** Starts following; resolves once the consumer stands, or at once while the bus is away. */
export async function startFollowing<T>(parts: FollowParts<T>): Promise<Following> {
  if (parts.durable !== undefined && !/^[a-z0-9_-]{1,64}$/.test(parts.durable)) {
    throw new DreyError(
      'argument_invalid',
      `"${parts.durable}" is no durable name; write 1 to 64 of a-z, 0-9, _ and -`,
    );
  }
  const follower = new Follower(parts);
  await follower.start();
  return follower;
}

class Follower<T> implements Following {
  readonly #parts: FollowParts<T>;
  readonly #source: Source;
  readonly #stopping = new AbortController();
  readonly #handled = createRemembered();
  readonly #park: boolean;
  /** True until the first message of this run was settled: see `#isKiller`. */
  #first = true;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: FollowParts<T>) {
    this.#parts = parts;
    this.#park = parts.park ?? parts.durable !== undefined;
    this.#source = new Source({
      line: parts.line,
      log: parts.log,
      stream: parts.stream,
      durable: parts.durable,
      filters: parts.asked ?? parts.filters,
      from: parts.from ?? (parts.durable === undefined ? 'new' : 'all'),
      batchMax: parts.batchMax ?? 100,
      waitMs: parts.waitMs ?? 0,
      ackWaitMs: parts.ackWaitMs ?? 10_000,
    });
  }

  async start(): Promise<void> {
    try {
      if (this.#parts.line.status === 'connected') await this.#source.attach();
    } catch (error) {
      this.#parts.log.warn({ err: error, stream: this.#parts.stream }, 'a follower starts without the bus');
    }
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#source.stop(), this.#running]);
    await this.#source.close();
  }

  async lag(): Promise<number> {
    return this.#source.lag();
  }

  async isPast(sequence: number): Promise<boolean> {
    return this.#source.isPast(sequence);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const messages = await this.#source.next();
      if (messages.length === 0) return;
      try {
        await this.#take(messages);
      } catch (error) {
        this.#parts.log.error({ err: error, stream: this.#parts.stream }, 'a batch could not be handled');
        await this.#pause(1);
      }
    }
  }

  /** Handles runs of readable messages as batches; an unreadable one in between is parked in its place. */
  async #take(messages: readonly JsMsg[]): Promise<void> {
    let batch: Item<T>[] = [];
    for (const message of messages) {
      if (this.#handled.has(message.seq) || !isMatching(message.subject, this.#parts.filters)) {
        await this.#passOver(message);
        continue;
      }
      const parsed = this.#parts.read(message.data);
      if (!parsed.parked && !this.#isKiller(message)) {
        const delivery = { value: parsed.value, sequence: message.seq, attempt: message.info.deliveryCount };
        batch.push({ message, delivery });
        continue;
      }
      await this.#handle(batch);
      batch = [];
      const reason = parsed.parked
        ? parsed
        : {
            code: 'process_died',
            reason: `it was delivered ${message.info.deliveryCount} times and never acknowledged`,
          };
      await this.#putAside(message, reason.code, reason.reason, message.info.deliveryCount);
    }
    await this.#handle(batch);
  }

  /** What is not for this follower is settled, and what nobody here knows is parked for a newer node. */
  async #passOver(message: JsMsg): Promise<void> {
    const { isStray, read } = this.#parts;
    if (this.#handled.has(message.seq) || isStray?.(message.subject) !== true) return this.#settle([message]);
    const parsed = read(message.data);
    const { code, reason } = parsed.parked
      ? parsed
      : { code: 'unknown_type', reason: `the subject ${message.subject} is not known here` };
    return this.#putAside(message, code, reason, message.info.deliveryCount);
  }

  /**
   * A message that ended the process each time comes back first and with a count that only the bus keeps. Those behind
   * it were counted with it, so only the first of a run is judged by the count.
   */
  #isKiller(message: JsMsg): boolean {
    return (
      this.#first && this.#parts.durable !== undefined && message.info.deliveryCount > this.#attemptsMax * 2
    );
  }

  get #attemptsMax(): number {
    return this.#parts.attemptsMax ?? 5;
  }

  async #handle(batch: readonly Item<T>[]): Promise<void> {
    const [only] = batch;
    if (only === undefined) return;
    if (batch.length > 1 && batch.every((item) => item.delivery.attempt === 1)) {
      const error = await this.#try(batch);
      if (error === undefined) return;
      this.#parts.log.debug({ err: error, stream: this.#parts.stream }, 'a batch failed and is taken apart');
      for (const item of batch) await this.#handleOne(item, isCounted(error) ? 2 : 1);
      return;
    }
    for (const item of batch) await this.#handleOne(item, item.delivery.attempt);
  }

  /** Tries one message until it is handled or parked, or until this follower is stopped. */
  async #handleOne(item: Item<T>, firstAttempt: number): Promise<void> {
    let attempt = firstAttempt;
    let counted = 0;
    let pauses = 0;
    for (;;) {
      // What is not settled is given back at the end.
      if (this.#stopping.signal.aborted) return undefined;
      const error = await this.#try([{ ...item, delivery: { ...item.delivery, attempt } }]);
      if (error === undefined) return undefined;
      if (isCounted(error)) {
        attempt += 1;
        counted += 1;
      }
      if (firstAttempt - 1 + counted >= this.#attemptsMax && counted > 0) {
        return this.#putAside(item.message, toCode(error), toReason(error), attempt - 1);
      }
      pauses += 1;
      await this.#pause(pauses);
    }
  }

  /** The error, or undefined when the batch was handled and settled. */
  async #try(items: readonly Item<T>[]): Promise<unknown> {
    try {
      await this.#parts.gate?.();
      const { handlerMs = handlerMsDefault, onBatch } = this.#parts;
      await inTime(onBatch(items.map((item) => item.delivery)), handlerMs);
    } catch (error) {
      return error ?? new Error('rejected without a reason');
    }
    await this.#settle(items.map(({ message }) => message));
    return undefined;
  }

  async #settle(messages: readonly JsMsg[]): Promise<void> {
    this.#first = false;
    if (this.#parts.durable !== undefined) for (const { seq } of messages) this.#handled.add(seq);
    await this.#source.settle(messages);
  }

  /** Parks a message; it is settled only once it lies among the dead letters. */
  async #putAside(message: JsMsg, code: string, reason: string, attempts: number): Promise<void> {
    const facts = {
      stream: this.#parts.stream,
      sequence: message.seq,
      subject: message.subject,
      code,
      reason,
    };
    if (!this.#park) {
      this.#parts.log.debug(facts, 'a message is skipped by a tail');
      return this.#settle([message]);
    }
    for (let tries = 1; ; tries += 1) {
      if (this.#stopping.signal.aborted) return undefined;
      try {
        await this.#parts.parkAway({ message, code, reason, attempts });
        this.#parts.log.warn(facts, 'a message is parked among the dead letters');
        return await this.#settle([message]);
      } catch (error) {
        this.#parts.log.debug({ err: error }, 'a dead letter could not be written yet');
        await this.#pause(tries);
      }
    }
  }

  async #pause(times: number): Promise<void> {
    const ms = Math.min(pauseMaxMs, (this.#parts.retryMs ?? 250) * 2 ** Math.min(times - 1, 10));
    await pause(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
