/**
 * How the bus stands: streams with their size, durable consumers with what they have still to do. It reads what the
 * server says and changes nothing; of consumers that belong to one follower only the number is told, since they come
 * and go with whoever looks.
 */
import type { ConsumerInfo, StreamInfo } from '@nats-io/jetstream';
import type { Handles, Line } from './connect.ts';
import type { StreamNames } from './streams.ts';

/** One stream as the server keeps it. */
export interface StreamStanding {
  readonly stream: string;
  readonly messages: number;
  readonly bytes: number;
  /** The server removes the oldest beyond this; null where nothing is reserved. */
  readonly bytesMax: number | null;
  /** How long a message is kept; null for ever. */
  readonly keptMs: number | null;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** All consumers, those of single followers included. */
  readonly consumers: number;
}

/** One durable consumer and how far it is. */
export interface ConsumerStanding {
  readonly stream: string;
  readonly consumer: string;
  /** Messages that it has not been given yet. */
  readonly pending: number;
  /** Given and not settled. */
  readonly unsettled: number;
  readonly unsettledMax: number | null;
  /** Of these, given more than once. */
  readonly redelivered: number;
  /** The last sequence that it was given, and the one up to which all is settled. */
  readonly delivered: number;
  readonly settled: number;
}

export interface BusStanding {
  readonly server: string | null;
  readonly streams: readonly StreamStanding[];
  /** At most `consumersToldMax`, those with the most to do first. */
  readonly consumers: readonly ConsumerStanding[];
}

/** Durable consumers in one answer. */
export const consumersToldMax = 100;
/** Pages of consumers that are read of one stream; the server gives 256 of them a page. */
const pagesMax = 8;

/** Asks the server; throws `bus_unavailable` while it is away. */
export async function readBus(line: Line, names: StreamNames): Promise<BusStanding> {
  const handles = line.use();
  const each = await line.guard(
    Promise.all(Object.values(names).map((name: string) => readStream(handles, name))),
  );
  const consumers = each
    .flatMap((one) => one.consumers)
    .toSorted((one, other) => toLeft(other) - toLeft(one) || (one.consumer < other.consumer ? -1 : 1));
  return {
    server: handles.nc.info?.version ?? null,
    streams: each.map((one) => one.stream),
    consumers: consumers.slice(0, consumersToldMax),
  };
}

const toLeft = ({ pending, unsettled }: ConsumerStanding): number => pending + unsettled;

async function readStream(
  { jsm }: Handles,
  name: string,
): Promise<{
  readonly stream: StreamStanding;
  readonly consumers: readonly ConsumerStanding[];
}> {
  const info = await jsm.streams.info(name);
  const consumers: ConsumerStanding[] = [];
  const lister = jsm.consumers.list(name);
  for (let page = 0; page < pagesMax; page += 1) {
    const found = await lister.next();
    if (found.length === 0) break;
    consumers.push(...found.filter(isDurable).map(toConsumer));
  }
  return { stream: toStream(info), consumers };
}

const isDurable = ({ config }: ConsumerInfo): boolean => (config.durable_name ?? '') !== '';

function toStream({ config, state }: StreamInfo): StreamStanding {
  return {
    stream: config.name,
    messages: state.messages,
    bytes: state.bytes,
    bytesMax: config.max_bytes > 0 ? config.max_bytes : null,
    keptMs: config.max_age > 0 ? config.max_age / 1e6 : null,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
    consumers: state.consumer_count,
  };
}

function toConsumer(info: ConsumerInfo): ConsumerStanding {
  const { max_ack_pending: unsettledMax = 0 } = info.config;
  return {
    stream: info.stream_name,
    consumer: info.name,
    pending: info.num_pending,
    unsettled: info.num_ack_pending,
    unsettledMax: unsettledMax > 0 ? unsettledMax : null,
    redelivered: info.num_redelivered,
    delivered: info.delivered.stream_seq,
    settled: info.ack_floor.stream_seq,
  };
}
