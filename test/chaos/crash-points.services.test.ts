/**
 * A node is killed at every named point, on a real Postgres and NATS, and started again. A checker that reads database
 * and stream with clients of its own finds the same final state each time, and no effect that happened twice.
 */
import { randomBytes } from 'node:crypto';

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import { describe, expect, inject, it } from 'vitest';

import { crashPoints } from '../../src/actors/durable/crash-point.ts';
import { ensureNamespace, migrateStore, openStore } from '../../src/store/store.ts';
import { openWire } from '../../src/wire/wire.ts';
import type { Wire } from '../../src/wire/wire.ts';
import { createDatabase } from '../support/database.ts';
import { runProgram } from '../support/programs.ts';
import { quietLog } from '../support/quiet-log.ts';
import { until } from '../support/until.ts';

const adds = [3, 5, 9];
/** First and later meetings matter; a tally and a context are loaded once each, and one timer fires. */
const points = [...crashPoints, 'before_publish', 'after_publish'].flatMap((point) => {
  const hits = point.startsWith('timer') ? [1] : [1, point === 'actor_loaded' ? 2 : 3];
  return hits.map((hit) => [point, hit] as const);
});

interface World {
  readonly url: string;
  ask<Row extends object>(sql: string, ...values: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

interface Facts {
  readonly tally: unknown;
  readonly context: unknown;
  readonly versions: readonly number[];
  readonly left: number;
  readonly events: readonly string[];
  readonly commands: number;
}

describe('a node that is killed', () => {
  /** A database for each: nodes that share one would publish each other's events. */
  async function openWorld(): Promise<World> {
    const database = await createDatabase(inject('postgresUrl'));
    await migrateStore({ url: database.url, log: quietLog });
    const store = await openStore({ url: database.url, log: quietLog, now: () => performance.now() });
    await store.inNamespace('acme', (trx) => ensureNamespace(trx, 'acme'));
    await store.close();
    const admin = new Client({ connectionString: database.url });
    await admin.connect();
    return {
      url: database.url,
      ask: async <Row extends object>(sql: string, ...values: unknown[]) =>
        (await admin.query<Row>(sql, values)).rows,
      async close() {
        await admin.end();
        await database.drop();
      },
    };
  }

  /** What database and stream say, without any of the product's code. */
  async function check({ ask }: World, id: string, prefix: string): Promise<Facts> {
    const [tally] = await ask<{ snapshot: { machine: object } }>(
      `select snapshot from actors where kind = 'run' and id = $1`,
      id,
    );
    const [context] = await ask<{ content: object; version: string }>(
      `select content, version from contexts where id = $1`,
      id,
    );
    const versions = await ask<{ version: string }>(
      'select version from context_versions where context_id = $1 order by version',
      id,
    );
    const [left] = await ask<{ n: string }>(
      `select count(*) as n from outbox where event->'actor'->>'id' = $1 or event->'address'->>'id' = $1`,
      id,
    );
    const { events, commands } = await readStreams(prefix, id);
    return {
      tally: tally?.snapshot.machine,
      context: context === undefined ? undefined : { ...context.content, version: Number(context.version) },
      versions: versions.map(({ version }) => Number(version)),
      left: Number(left?.n),
      events,
      commands,
    };
  }

  async function readStreams(prefix: string, id: string): Promise<Pick<Facts, 'events' | 'commands'>> {
    const url = new URL(inject('natsUrl'));
    const nc = await connect({ servers: url.host, token: url.username });
    try {
      const manager = await jetstreamManager(nc);
      const { state } = await manager.streams.info(`${prefix}_EVENTS`);
      const events: string[] = [];
      if (state.messages > 0) {
        const consumer = await jetstream(nc).consumers.get(`${prefix}_EVENTS`);
        const messages = await consumer.fetch({ max_messages: state.messages, expires: 2_000 });
        for await (const message of messages) {
          const event = message.json<{ type: string; actor: { id: string }; data: { version?: number } }>();
          if (event.actor.id === id) events.push(`${event.type} ${event.data.version ?? ''}`.trim());
        }
      }
      const commands = await manager.streams.info(`${prefix}_COMMANDS`);
      return { events: events.sort(), commands: commands.state.last_seq };
    } finally {
      await nc.close();
    }
  }

  async function scenario(point: string, hit: number): Promise<Facts> {
    const id = `u-${randomBytes(4).toString('hex')}`;
    const prefix = `C${randomBytes(4).toString('hex').toUpperCase()}`;
    const world = await openWorld();
    const words = [inject('natsUrl'), world.url, prefix];
    const wire = await openWire({
      url: inject('natsUrl'),
      name: 'driver',
      log: quietLog,
      now: Date.now,
      prefix,
    });
    let node = runProgram('../chaos/crash-points-node', [...words, point, String(hit)]);
    try {
      const ready = node.line().catch(() => 'dead');
      await tellAll(wire, id);
      await ready;
      const isDone = async (): Promise<boolean> => {
        const [row] = await world.ask<{ done: boolean }>(
          `select snapshot->'machine'->>'value' = 'closed'
             and json_array_length(snapshot->'machine'->'context'->'shared') = $2
             and (select count(*) from context_versions where context_id = $1) = $2
             and not exists (select 1 from outbox where event->'actor'->>'id' = $1 or event->'address'->>'id' = $1)
             as done
           from actors where kind = 'run' and id = $1`,
          id,
          adds.length,
        );
        return row?.done === true;
      };
      if (point !== 'none') {
        const died = await Promise.race([
          node.ended.then(() => true),
          until(`it dies or settles at ${point} ${hit}`, isDone, 45_000).then(() => false),
        ]);
        // Work that happened to go in fewer batches meets a point less often; the first meeting is certain.
        if (hit === 1) expect(died).toBe(true);
        await node.kill();
        node = runProgram('../chaos/crash-points-node', [...words, 'none', '0']);
        await node.line();
      }
      await until(`everything is settled after ${point} ${hit}`, isDone, 45_000);
      // Whatever was delivered twice has been by now: the same commands once more change nothing either.
      await tellAll(wire, id);
      return await check(world, id, prefix);
    } finally {
      await node.kill();
      await wire.close();
      await world.close();
    }
  }

  async function tellAll(wire: Wire, id: string): Promise<void> {
    for (const [n, amount] of adds.entries()) {
      await wire.tell({
        id: `${id}-add-${n}`,
        at: new Date().toISOString(),
        to: { namespace: 'acme', kind: 'run', id },
        verb: 'add',
        data: { amount },
        version: 1,
      });
    }
  }

  const expected: Facts = {
    tally: {
      value: 'closed',
      context: { total: 17, adds: 3, shared: ['k3', 'k5', 'k9'], closings: 1 },
    },
    context: { k3: 3, k5: 5, k9: 9, version: 3 },
    versions: [1, 2, 3],
    left: 0,
    events: ['context.created 1', 'context.updated 2', 'context.updated 3', 'run.finished'],
    commands: 6,
  };

  it.concurrent('not at all, comes to this state', async () => {
    expect(await scenario('none', 0)).toEqual(expected);
  }, 120_000);

  it.concurrent.each(points)(
    'at %s, meeting %i, comes to the same state, and nothing happened twice',
    async (point, hit) => {
      expect(await scenario(point, hit)).toEqual(expected);
    },
    120_000,
  );
});
