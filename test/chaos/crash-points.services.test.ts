/**
 * A node is killed at every named point, on a real Postgres and NATS, and started again. A checker that reads database
 * and stream with clients of its own finds the same final state each time, and no effect that happened twice.
 */
import { randomBytes } from 'node:crypto';

import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { crashPoints } from '../../src/actors/crash-point.ts';
import { ensureNamespace, migrateStore, openStore } from '../../src/store/store.ts';
import { openWire } from '../../src/wire/wire.ts';
import type { Wire } from '../../src/wire/wire.ts';
import { createDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { runProgram } from '../support/programs.ts';
import { quietLog } from '../support/quiet-log.ts';
import { until } from '../support/until.ts';

const adds = [3, 5, 9];
/** One tally met three times over, its effects, its context and the relay; both first and later meetings matter. */
const points = [...crashPoints, 'before_publish', 'after_publish'].flatMap((point) =>
  (point.startsWith('timer') ? [1] : [1, 3]).map((hit) => [point, hit] as const),
);

interface Facts {
  readonly tally: unknown;
  readonly context: unknown;
  readonly versions: readonly number[];
  readonly left: number;
  readonly events: readonly string[];
  readonly commands: number;
}

describe('a node that is killed', () => {
  let database: TestDatabase;
  let admin: Client;

  beforeAll(async () => {
    database = await createDatabase(inject('postgresUrl'));
    await migrateStore({ url: database.url, log: quietLog });
    const store = await openStore({ url: database.url, log: quietLog, now: () => performance.now() });
    await store.inNamespace('acme', (trx) => ensureNamespace(trx, 'acme'));
    await store.close();
    admin = new Client({ connectionString: database.url });
    await admin.connect();
  });
  afterAll(async () => {
    await admin.end();
    await database.drop();
  });

  const ask = async <Row extends object>(sql: string, ...values: unknown[]): Promise<Row[]> =>
    (await admin.query<Row>(sql, values)).rows;

  /** What database and stream say, without any of the product's code. */
  async function check(id: string, prefix: string): Promise<Facts> {
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
    const words = [inject('natsUrl'), database.url, prefix];
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
      if (point !== 'none') {
        await node.ended;
        node = runProgram('../chaos/crash-points-node', [...words, 'none', '0']);
        await node.line();
      }
      const isDone = async (): Promise<boolean> => {
        const [row] = await ask<{ done: boolean }>(
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
      await until(`everything is settled after ${point} ${hit}`, isDone, 20_000);
      // Whatever was delivered twice has been by now: the same commands once more change nothing either.
      await tellAll(wire, id);
      return await check(id, prefix);
    } finally {
      await node.kill();
      await wire.close();
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
      context: { total: 17, adds: 3, shared: ['k1', 'k2', 'k3'], closings: 1 },
    },
    context: { k1: 3, k2: 5, k3: 9, version: 3 },
    versions: [1, 2, 3],
    left: 0,
    events: ['context.created 1', 'context.updated 2', 'context.updated 3', 'run.finished'],
    commands: 6,
  };

  it('not at all, comes to this state', async () => {
    expect(await scenario('none', 0)).toEqual(expected);
  }, 60_000);

  it.each(points)(
    'at %s, meeting %i, comes to the same state, and nothing happened twice',
    async (point, hit) => {
      expect(await scenario(point, hit)).toEqual(expected);
    },
    60_000,
  );
});
