/**
 * The four streams and the check that the server really keeps them as asked: old servers drop flags they do not know
 * without a word. A stream is created or updated here, never deleted: deleting and creating again under one name can
 * bring old messages back.
 */
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { DreyError } from '../../machines/words/errors.ts';
import type { Log } from './log.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const mebibyte = 1024 * 1024;
/** Least worth reserving for a stream. */
const bytesLeast = 64 * mebibyte;

/** The streams' names under one prefix. */
export interface StreamNames {
  readonly events: string;
  readonly commands: string;
  readonly jobs: string;
  readonly dead: string;
}

export interface StreamOptions {
  /** First part of the streams' names: `DREY` makes `DREY_EVENTS`. */
  readonly prefix: string;
  /** First token of the subjects. */
  readonly root: string;
  readonly replicas?: number;
  readonly storage?: 'file' | 'memory';
  /** How long and how much events are kept; the archive in the store is kept longer. */
  readonly eventsAgeMs?: number;
  readonly eventsBytesMax?: number;
  readonly log: Log;
}

export function toStreamNames(prefix: string): StreamNames {
  if (!/^[A-Z0-9_-]{1,24}$/.test(prefix)) {
    throw new DreyError(
      'argument_invalid',
      `"${prefix}" is no stream prefix; write 1 to 24 of A-Z, 0-9, _ and -`,
    );
  }
  return {
    events: `${prefix}_EVENTS`,
    commands: `${prefix}_COMMANDS`,
    jobs: `${prefix}_JOBS`,
    dead: `${prefix}_DEAD`,
  };
}

type Wanted = Partial<StreamConfig> & { name: string };

/** Creates or updates the streams; throws `config_invalid` when one exists that cannot be what was asked. */
export async function ensureStreams(jsm: JetStreamManager, options: StreamOptions): Promise<StreamNames> {
  const names = toStreamNames(options.prefix);
  for (const wanted of toConfigs(names, options)) {
    await ensureStream(jsm, wanted, options.log);
  }
  return names;
}

function toConfigs(names: StreamNames, options: StreamOptions): Wanted[] {
  const shared = {
    storage: options.storage === 'memory' ? StorageType.Memory : StorageType.File,
    num_replicas: options.replicas ?? 1,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    allow_direct: true,
    max_msgs_per_subject: -1,
    max_msgs: -1,
  };
  const { root } = options;
  return [
    {
      ...shared,
      name: names.events,
      subjects: [`${root}.event.>`],
      max_age: nanos(options.eventsAgeMs ?? 30 * dayMs),
      max_bytes: options.eventsBytesMax ?? 2_048 * mebibyte,
      duplicate_window: nanos(10 * minuteMs),
      max_consumers: 2_000,
    },
    {
      ...shared,
      name: names.commands,
      subjects: [`${root}.command.>`],
      max_age: nanos(dayMs),
      max_bytes: 128 * mebibyte,
      duplicate_window: nanos(10 * minuteMs),
      max_consumers: 500,
    },
    {
      ...shared,
      name: names.jobs,
      subjects: [`${root}.job.>`],
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
      discard_new_per_subject: true,
      max_msgs_per_subject: 1,
      max_age: nanos(7 * dayMs),
      max_bytes: 64 * mebibyte,
      duplicate_window: nanos(2 * minuteMs),
      max_consumers: 100,
    },
    {
      ...shared,
      name: names.dead,
      subjects: [`${root}.dead.>`],
      max_age: nanos(90 * dayMs),
      max_bytes: 128 * mebibyte,
      duplicate_window: nanos(10 * minuteMs),
      max_consumers: 100,
    },
  ];
}

async function ensureStream(jsm: JetStreamManager, wanted: Wanted, log: Log): Promise<void> {
  const existing = await findConfig(jsm, wanted.name);
  if (existing === undefined) {
    // The client writes into what it is given, so it gets a copy, here and below.
    const add: Save = async (config) => (await jsm.streams.add({ ...config })).config;
    return report(await saveWhereRoom(wanted, add, log), log);
  }
  const differing = toDifferences(wanted, existing);
  if (differing.length === 0) return undefined;
  const fixed = differing.filter(
    (key) => key === 'retention' || key === 'storage' || key === 'discard_new_per_subject',
  );
  if (fixed.length > 0) {
    throw new DreyError(
      'config_invalid',
      `the stream ${wanted.name} exists with another ${fixed.join(', ')}; use another prefix or remove that stream`,
    );
  }
  const update: Save = async (config) => {
    // A server refuses to change max_consumers; a stream keeps the one it was born with.
    const { max_consumers: _born, storage: _storage, retention: _retention, ...changes } = config;
    // The room an earlier start got is no reason to refuse this one.
    const bytes = config.max_bytes === -1 ? { max_bytes: existing.max_bytes } : {};
    return (await jsm.streams.update(wanted.name, { ...existing, ...changes, ...bytes })).config;
  };
  return report(await saveWhereRoom(wanted, update, log), log);
}

/** Creates or updates a stream; gives back how the server keeps it. */
type Save = (wanted: Wanted) => Promise<StreamConfig>;

/** What was asked of the server in the end, and what it answered. */
interface Saved {
  readonly asked: Wanted;
  readonly real: StreamConfig;
}

/**
 * Reserving bytes fails on a small disk: half is asked for, and half of that. A stream without a reservation, the last
 * resort, is still bounded by age and by the server.
 */
async function saveWhereRoom(wanted: Wanted, save: Save, log: Log): Promise<Saved> {
  const bytesWanted = wanted.max_bytes ?? -1;
  for (let bytesMax = bytesWanted; ;) {
    try {
      const real = await save({ ...wanted, max_bytes: bytesMax });
      if (bytesMax !== bytesWanted) {
        log.warn(
          { stream: wanted.name, bytesWanted, bytesMax: real.max_bytes },
          'the server has less room to reserve for this stream',
        );
      }
      return { asked: { ...wanted, max_bytes: real.max_bytes }, real };
    } catch (error) {
      if (bytesMax === -1 || !isWithoutRoom(error)) throw error;
      bytesMax = bytesMax / 2 < bytesLeast ? -1 : bytesMax / 2;
    }
  }
}

function isWithoutRoom(error: unknown): boolean {
  return error instanceof JetStreamApiError && [10023, 10028, 10047].includes(error.code);
}

async function findConfig(jsm: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === 10059) return undefined;
    throw error;
  }
}

function toDifferences(wanted: Wanted, real: StreamConfig): string[] {
  const given = new Map<string, unknown>(Object.entries(real));
  return Object.entries(wanted)
    .filter(([key, value]) => !isSame(value, given.get(key)))
    .map(([key]) => key);
}

/** Servers leave out what is false or zero; what was not asked for may be as it likes. */
function isSame(asked: unknown, real: unknown): boolean {
  if (asked === undefined) return true;
  if (real === undefined) return asked === false || asked === 0;
  return JSON.stringify(asked) === JSON.stringify(real);
}

/** What the house relies on must be as asked; the rest is worth a warning. */
function report({ asked, real }: Saved, log: Log): void {
  const differing = toDifferences(asked, real);
  if (differing.length === 0) return;
  const relied = ['subjects', 'retention', 'discard', 'discard_new_per_subject', 'duplicate_window'];
  const broken = differing.filter((key) => relied.includes(key));
  if (broken.length > 0) {
    throw new DreyError(
      'config_invalid',
      `the server keeps ${asked.name} with another ${broken.join(', ')} than asked`,
    );
  }
  log.warn({ stream: asked.name, differing }, 'the server keeps a stream otherwise than asked');
}
