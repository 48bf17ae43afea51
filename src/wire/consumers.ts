/**
 * Consumers as this house uses them: durables that are created once and adjusted when asked otherwise, and tails that
 * the bus forgets by itself. Servers before 2.10 take one filter only; then it covers all, and the follower looks
 * again.
 */
import {
  AckPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiError,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { Handles } from './connect.ts';
import { toCoveringFilter } from './subjects.ts';

/** Where a follower begins. A durable that exists goes on where it was. */
export type From = 'all' | 'new' | { readonly sequence: number } | { readonly at: string };

/** A consumer that was attached, and how it stood then. */
export interface Attached {
  readonly consumer: Consumer;
  readonly info: ConsumerInfo;
}

export interface DurableOptions {
  readonly stream: string;
  readonly durable: string;
  readonly filters: readonly string[];
  readonly from: From;
  readonly ackWaitMs: number;
  readonly unsettledMax: number;
}

/** An ephemeral consumer that nobody asks is removed by the bus after this long. */
const forgottenMs = 60_000;
const consumerNotFound = 10014;

/** Finds, adjusts or creates a durable. */
export async function attachDurable(handles: Handles, options: DurableOptions): Promise<Attached> {
  const { stream, durable, from } = options;
  const { jsm, js } = handles;
  const wanted = {
    ack_policy: AckPolicy.Explicit,
    ack_wait: nanos(options.ackWaitMs),
    max_ack_pending: options.unsettledMax,
    max_deliver: -1,
    ...toFilter(handles, options.filters),
  };
  try {
    const { config } = await jsm.consumers.info(stream, durable);
    if (isDiffering(config, wanted)) {
      // The client merges with what is there, so the form of filter that is not wanted must be emptied.
      const other = 'filter_subjects' in wanted ? { filter_subject: '' } : {};
      const many =
        'filter_subject' in wanted && config.filter_subjects !== undefined ? { filter_subjects: [] } : {};
      await jsm.consumers.update(stream, durable, { ...other, ...many, ...wanted });
    }
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== consumerNotFound) throw error;
    await jsm.consumers.add(stream, { durable_name: durable, ...wanted, ...toStart(from) });
  }
  const info = await jsm.consumers.info(stream, durable);
  return { consumer: js.consumers.getConsumerFromInfo(info), info };
}

/** The stream sequence up to which a durable has acknowledged everything; 0 where there is none of that name. */
export async function readAckFloor(handles: Handles, stream: string, durable: string): Promise<number> {
  try {
    return (await handles.jsm.consumers.info(stream, durable)).ack_floor.stream_seq;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === consumerNotFound) return 0;
    throw error;
  }
}

/** Creates a tail that nobody acknowledges. */
export async function attachTail(
  handles: Handles,
  options: { readonly stream: string; readonly filters: readonly string[]; readonly from: From },
): Promise<Attached> {
  const info = await handles.jsm.consumers.add(options.stream, {
    ack_policy: AckPolicy.None,
    inactive_threshold: nanos(forgottenMs),
    mem_storage: true,
    num_replicas: 1,
    ...toFilter(handles, options.filters),
    ...toStart(options.from),
  });
  return { consumer: handles.js.consumers.getConsumerFromInfo(info), info };
}

function toFilter(
  handles: Handles,
  filters: readonly string[],
): Pick<ConsumerConfig, 'filter_subject' | 'filter_subjects'> {
  if (filters.length > 1 && isAtLeast(handles.nc.info?.version ?? '', 2, 10)) {
    return { filter_subjects: [...filters] };
  }
  return { filter_subject: toCoveringFilter(filters) };
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
