/**
 * Continuous commands to shared contexts, told over the bus by a client of the test's own, and what the bus said of
 * them. Whatever breaks, it connects again, wherever the bus is by then, and goes on; nothing is sent twice.
 */
import { setTimeout as rest } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { readAddresses } from '../journeys/rig/truth.ts';
import type { Commanded } from './context-history.ts';

export interface Commands {
  readonly sent: readonly Commanded[];
  readonly acknowledged: number;
  stop(): Promise<void>;
}

export interface CommandsOptions {
  readonly dataFolder: string;
  readonly namespace: string;
  readonly contexts: readonly string[];
}

/** Between two commands, and before connecting again: load, not a wait for anything. */
const betweenMs = 15;
const reconnectMs = 100;
const answerMs = 2_000;

/** Starts telling. */
export function startCommands(options: CommandsOptions): Commands {
  const sent: Commanded[] = [];
  const state = { isStopping: false };
  const running = (async () => {
    let bus: NatsConnection | undefined;
    for (let number = 0; !state.isStopping; number += 1) {
      bus ??= await open(options.dataFolder);
      if (bus === undefined) {
        await rest(reconnectMs);
        continue;
      }
      const contextId = options.contexts[number % options.contexts.length] ?? 'c-none';
      const marker = `k-${number}`;
      const outcome = await tellCommit(bus, options.namespace, contextId, marker);
      sent.push({ contextId, marker, outcome });
      if (outcome === 'unknown') {
        await bus.close().catch(() => undefined);
        bus = undefined;
      }
      await rest(betweenMs);
    }
    await bus?.close();
  })();
  return {
    sent,
    get acknowledged() {
      return sent.filter(({ outcome }) => outcome === 'acknowledged').length;
    },
    async stop() {
      state.isStopping = true;
      await running;
    },
  };
}

async function open(dataFolder: string): Promise<NatsConnection | undefined> {
  try {
    const { host, username } = new URL((await readAddresses(dataFolder)).natsUrl);
    return await connect({ servers: host, token: username, reconnect: false });
  } catch {
    return undefined;
  }
}

/** Tells one context to set one key; the marker makes the command's id. */
export async function tellCommit(
  bus: NatsConnection,
  namespace: string,
  contextId: string,
  marker: string,
): Promise<Commanded['outcome']> {
  const id = `${contextId}-${marker}`;
  const command = {
    id,
    at: new Date().toISOString(),
    to: { namespace, kind: 'context', id: contextId },
    verb: 'commit',
    data: { changes: { [marker]: true } },
    version: 1,
  };
  try {
    await jetstream(bus).publish(
      `drey.command.${namespace}.context.${contextId}.commit`,
      JSON.stringify(command),
      { msgID: id, timeout: answerMs },
    );
    return 'acknowledged';
  } catch {
    return 'unknown';
  }
}
