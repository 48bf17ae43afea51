/**
 * What is really stored: the stream and the tables read by clients of the test's own, past all of the program's code.
 * It only reads.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';

/** An event as it lies in the stream. */
export interface StoredEvent {
  readonly sequence: number;
  readonly id: string;
  readonly type: string;
  readonly namespace: string;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly data: Readonly<Record<string, unknown>>;
}

/** What the tests look at of a call's event. */
export interface StoredCall extends StoredEvent {
  readonly data: {
    readonly callId: string;
    readonly name: string;
    readonly taskId: string | null;
    readonly args: { readonly value?: Readonly<Record<string, unknown>> };
  };
}

export interface Truth {
  /** Everything in the stream of events, in order. */
  events(): Promise<readonly StoredEvent[]>;
  calls(): Promise<readonly StoredCall[]>;
  /** Messages of a stream that the actors' consumers have not acknowledged. */
  unsettled(stream: string): Promise<number>;
  rows<Row extends object>(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  close(): Promise<void>;
}

export interface Addresses {
  readonly natsUrl: string;
  readonly databaseUrl: string;
}

const readAtOnce = 100;

/** Where the embedded servers of a data folder are, with their secrets, as they lie there for the folder's owner. */
export async function readAddresses(dataFolder: string): Promise<Addresses> {
  const read = async (...parts: string[]): Promise<string> =>
    (await readFile(join(dataFolder, ...parts), 'utf8')).trim();
  const [token, natsPort, password, postgresPort] = await Promise.all([
    read('nats', 'token'),
    read('nats', 'port'),
    read('postgres', 'password'),
    read('postgres', 'port'),
  ]);
  return {
    natsUrl: `nats://${token}@127.0.0.1:${natsPort}`,
    databaseUrl: `postgres://drey:${password}@127.0.0.1:${postgresPort}/drey`,
  };
}

/** Connects to both servers. The database's owner is not bound by row-level security once it is told so. */
export async function openTruth({ natsUrl, databaseUrl }: Addresses): Promise<Truth> {
  const { host, username } = new URL(natsUrl);
  const bus = await connect({ servers: host, token: username });
  const streams = await jetstreamManager(bus);
  const database = new Client({ connectionString: databaseUrl });
  // A test that kills the server hears of it by its own means.
  database.on('error', () => undefined);
  await database.connect();
  const events = async (): Promise<readonly StoredEvent[]> => {
    const { state } = await streams.streams.info('DREY_EVENTS');
    const found: StoredEvent[] = [];
    for (let from = state.first_seq; from <= state.last_seq; from += readAtOnce) {
      const sequences = Array.from(
        { length: Math.min(readAtOnce, state.last_seq - from + 1) },
        (_, n) => from + n,
      );
      const messages = await Promise.all(
        sequences.map((seq) => streams.streams.getMessage('DREY_EVENTS', { seq })),
      );
      for (const message of messages) {
        if (message === null) continue;
        found.push({ ...message.json<Omit<StoredEvent, 'sequence'>>(), sequence: message.seq });
      }
    }
    return found;
  };
  return {
    events,
    calls: async () =>
      (await events()).filter((event): event is StoredCall => event.type.startsWith('call.')),
    async unsettled(stream) {
      let many = 0;
      for await (const {
        name,
        num_pending: pending,
        num_ack_pending: unacknowledged,
      } of streams.consumers.list(stream)) {
        if (name.startsWith('actors-')) many += pending + unacknowledged;
      }
      return many;
    },
    rows: async <Row extends object>(sql: string, values: readonly unknown[] = []) =>
      (await database.query<Row>(sql, [...values])).rows,
    async close() {
      await bus.close();
      await database.end();
    },
  };
}

/** Opens the truth of a data folder, looks, and closes it again. */
export async function lookAt<T>(dataFolder: string, look: (truth: Truth) => Promise<T>): Promise<T> {
  const truth = await openTruth(await readAddresses(dataFolder));
  try {
    return await look(truth);
  } finally {
    await truth.close();
  }
}
