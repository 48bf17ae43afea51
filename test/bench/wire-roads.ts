/**
 * The same journeys over the wire and over bare nats.js, on streams with the same settings, with the same payload, message
 * ids and acknowledgements: what the wire adds is its gate, its checks, its order and its dead letters.
 */
import { jetstream, jetstreamManager, AckPolicy } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { openStandingWire } from '../support/standing-wire.ts';
import { toConnectionOptions } from '../../src/wire/connect.ts';
import type { Command } from '../../src/wire/wire.ts';
import type { DreyEvent } from '../../machines/words/events.ts';

/** One way for numbered messages; `heard` is told each number at the far end. */
export interface Road {
  send(number: number): Promise<unknown>;
  close(): Promise<void>;
}

export type OpenRoad = (url: string, heard: (number: number) => void) => Promise<Road>;

const at = '2026-01-02T03:04:05.678Z';
const to = { namespace: 'bench', kind: 'worker', id: 'w-1' } as const;
const note = 'about as much as a command or an event of this house carries; '.repeat(5);

const toCommand = (number: number): Command => ({
  id: `cmd-${number}`,
  at,
  to,
  verb: 'pause',
  data: { number, note },
  correlation: `c-${number}`,
  version: 1,
});

const toEvent = (number: number): DreyEvent<'memory.forgotten'> => ({
  id: `v-${number}`,
  type: 'memory.forgotten',
  at,
  namespace: 'bench',
  actor: { kind: 'memory', id: 'm-1' },
  version: 1,
  data: { reason: `${number} ${note}` },
});

const toNumber = (data: unknown): number =>
  typeof data === 'object' && data !== null && 'number' in data ? Number(data.number) : Number.NaN;

/** A name for streams that are used once. */
let worlds = 0;
const toPrefix = (): string => `B${process.pid}X${(worlds += 1)}`;

async function openBare(url: string): Promise<{ nc: NatsConnection; prefix: string; root: string }> {
  const prefix = toPrefix();
  // The house makes the streams, so that their settings are the same.
  await (await openStandingWire({ url, prefix })).close();
  const nc = await connect(toConnectionOptions(url, 'bare'));
  return { nc, prefix, root: prefix.toLowerCase() };
}

export const tellOverWire: OpenRoad = async (url, heard) => {
  const wire = await openStandingWire({ url, prefix: toPrefix() });
  const following = await wire.followCommands({
    durable: 'bench',
    to: { kind: 'worker' },
    onBatch: async (batch) => {
      for (const { command } of batch) heard(toNumber(command.data));
    },
  });
  return {
    send: async (number) => wire.tell(toCommand(number)),
    close: async () => following.stop().then(async () => wire.close()),
  };
};

export const tellBare: OpenRoad = async (url, heard) => {
  const { nc, prefix, root } = await openBare(url);
  const [js, jsm, stream] = [jetstream(nc), await jetstreamManager(nc), `${prefix}_COMMANDS`];
  await jsm.consumers.add(stream, {
    durable_name: 'bench',
    ack_policy: AckPolicy.Explicit,
    filter_subject: `${root}.command.*.worker.*.*`,
  });
  const messages = await (await js.consumers.get(stream, 'bench')).consume();
  const hear = async (): Promise<void> => {
    for await (const message of messages) {
      heard(toNumber(message.json<Command>().data));
      message.ack();
    }
  };
  const hearing = hear();
  return {
    send: async (number) => {
      const command = toCommand(number);
      const subject = `${root}.command.${to.namespace}.${to.kind}.${to.id}.${command.verb}`;
      return js.publish(subject, JSON.stringify(command), { msgID: command.id });
    },
    close: async () => {
      messages.stop();
      await hearing;
      await nc.close();
    },
  };
};

export const publishOverWire: OpenRoad = async (url, heard) => {
  const wire = await openStandingWire({ url, prefix: toPrefix() });
  return {
    send: async (number) => wire.publish(toEvent(number)).then(() => heard(number)),
    close: async () => wire.close(),
  };
};

export const publishBare: OpenRoad = async (url, heard) => {
  const { nc, root } = await openBare(url);
  const js = jetstream(nc);
  return {
    send: async (number) => {
      const event = toEvent(number);
      const subject = `${root}.event.bench.memory.m-1.${event.type}`;
      await js.publish(subject, JSON.stringify(event), { msgID: event.id });
      heard(number);
    },
    close: async () => nc.close(),
  };
};

export const askOverWire: OpenRoad = async (url, heard) => {
  const wire = await openStandingWire({ url, prefix: toPrefix() });
  const answering = await wire.answer({ kind: 'worker' }, async ({ data }) => data);
  return {
    send: async (number) => heard(toNumber(await wire.ask(to, 'status', { number, note }))),
    close: async () => {
      answering.stop();
      await wire.close();
    },
  };
};

export const askBare: OpenRoad = async (url, heard) => {
  const { nc, root } = await openBare(url);
  nc.subscribe(`${root}.ask.*.worker.*.*`, {
    callback: (_error, message) => {
      const { data } = message.json<{ data: unknown }>();
      message.respond(JSON.stringify({ ok: true, data }));
    },
  });
  await nc.flush();
  return {
    send: async (number) => {
      const subject = `${root}.ask.${to.namespace}.${to.kind}.${to.id}.status`;
      const message = await nc.request(subject, JSON.stringify({ data: { number, note } }), {
        timeout: 2_000,
      });
      heard(toNumber(message.json<{ data: unknown }>().data));
    },
    close: async () => nc.close(),
  };
};
