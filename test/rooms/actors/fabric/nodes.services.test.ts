/** Several nodes on one database and bus: commands find their actor, changes are heard everywhere, races have one winner. */
import { randomBytes } from 'node:crypto';

import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { startRelay } from '../../../../src/actors/actors.ts';
import type { ContextAnswer } from '../../../../src/actors/context/contexts.ts';
import type { Fabric } from '../../../../src/actors/durable/fabric.ts';
import type { Command, Wire } from '../../../../src/wire/wire.ts';
import { runProgram } from '../../../support/programs.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { openStandingWire } from '../../../support/standing-wire.ts';
import { until } from '../../../support/until.ts';
import { realClock } from './clock.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

const prefix = `F${randomBytes(4).toString('hex').toUpperCase()}`;
const address = (id: string) => ({ namespace: 'acme', kind: 'context', id }) as const;

interface Node {
  readonly wire: Wire;
  readonly fabric: Fabric;
  stop(): Promise<void>;
}

describe('two nodes on one bus', () => {
  let stage: Stage;
  let one: Node;
  let other: Node;
  let driver: Wire;

  const wireOf = async (name: string): Promise<Wire> =>
    openStandingWire({ url: inject('natsUrl'), name, prefix });

  async function openNode(name: string): Promise<Node> {
    const wire = await wireOf(name);
    const relay = startRelay({
      store: stage.store,
      publishAll: (events) => wire.publishAll(events),
      clock: realClock,
      log: quietLog,
      everyMs: 50,
    });
    const fabric = await stage.node({
      wire,
      onOutbox: () => relay.nudge(),
      followTuning: { retryMs: 10, attemptsMax: 2 },
    });
    return {
      wire,
      fabric,
      async stop() {
        await fabric.close();
        await relay.stop();
        await wire.close();
      },
    };
  }

  const command = (id: string, contextId: string, data: unknown, verb = 'commit'): Command => ({
    id,
    at: new Date().toISOString(),
    to: address(contextId),
    verb,
    data,
    version: 1,
  });
  const versionOf = async (contextId: string): Promise<number> =>
    (await one.fabric.contexts.get({ namespace: 'acme', contextId }))?.version ?? 0;

  beforeAll(async () => {
    stage = await openStage(inject('postgresUrl'));
    one = await openNode('one');
    other = await openNode('other');
    driver = await wireOf('driver');
  });
  afterAll(async () => {
    await Promise.all([one.stop(), other.stop(), driver.close()]);
    await stage.close();
  });

  it('take every command told over the bus once, also one that the bus could not recognise as the same', async () => {
    for (let n = 0; n < 20; n += 1) {
      await driver.tell(command(`told-${n}`, 'c-told', { changes: { [`n${n}`]: n } }));
    }
    await until('all are committed', async () => (await versionOf('c-told')) === 20);
    const url = new URL(inject('natsUrl'));
    const nc = await connect({ servers: url.host, token: url.username });
    const again = JSON.stringify(command('told-3', 'c-told', { changes: { n3: 'again' } }));
    const subject = `${prefix.toLowerCase()}.command.acme.context.c-told.commit`;
    await jetstream(nc).publish(subject, again, { msgID: 'another-id' });
    await nc.close();
    await driver.tell(command('told-last', 'c-told', { changes: { last: true } }));
    await until('the last is committed', async () => (await versionOf('c-told')) === 21);
    const stored = await one.fabric.contexts.get({ namespace: 'acme', contextId: 'c-told' });
    expect(stored?.content).toMatchObject({ n3: 3, last: true });
  });

  it('hear of each other’s changes and forget what is older', async () => {
    const name = { namespace: 'acme', contextId: 'c-news' };
    await one.fabric.contexts.commit({ ...name, changes: { a: 1 } });
    await other.fabric.contexts.commit({ ...name, changes: { a: 2 } });
    const copyOf = (node: Node) => node.fabric.directory.find(address('c-news'))?.peek();
    await until('the first one forgot', () => copyOf(one) === undefined);
    expect(copyOf(other)).toMatchObject({ context: { version: 2, state: { a: 2 } } });
    await one.fabric.contexts.archive(name);
    await until('the other one forgot', () => copyOf(other) === undefined);
    expect(copyOf(one)).toMatchObject({ value: 'archived' });
  });

  it('put a command that is none among the dead letters, and go on with the next', async () => {
    const letters: string[] = [];
    const url = new URL(inject('natsUrl'));
    const nc = await connect({ servers: url.host, token: url.username });
    nc.subscribe(`${prefix.toLowerCase()}.dead.>`, {
      callback: (_, message) => void letters.push(message.json<{ code: string }>().code),
    });
    await nc.flush();
    await driver.tell(command('bad-1', 'c-bad', { changes: 'none' }));
    await driver.tell(command('bad-2', 'c-bad', {}, 'explode'));
    await driver.tell(command('bad-3', 'c-bad', { changes: {}, expectedVersion: -1 }));
    await driver.tell(command('good', 'c-bad', { changes: { good: true } }));
    await until('the good one is committed', async () => (await versionOf('c-bad')) === 1);
    await until('three lie among the dead', () => letters.length === 3);
    expect(letters.sort()).toEqual(['argument_invalid', 'argument_invalid', 'method_unknown']);
    await nc.close();
  });

  it('tell every version once and in order on the bus, whoever committed it', async () => {
    const name = { namespace: 'acme', contextId: 'c-order' };
    const heard: [number, string][] = [];
    const following = await driver.follow({
      filters: { kind: 'context', id: 'c-order' },
      from: 'all',
      onBatch: async (batch) => {
        for (const { event } of batch) {
          heard.push([(event.data as { version: number }).version, event.id]);
        }
        return Promise.resolve();
      },
    });
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) =>
        (n % 2 === 0 ? one : other).fabric.contexts.commit({ ...name, changes: { n } }),
      ),
    );
    await until('all are heard', () => heard.length === 20);
    expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => [n + 1, `acme/context/c-order/${n + 1}:1`]));
    await following.stop();
  });

  it('have one winner a version when two processes race twenty ways, and lose nothing without a version', async () => {
    const racers = [0, 1].map(() => runProgram('../rooms/actors/fabric/racer', [stage.url]));
    try {
      await Promise.all(racers.map(async (racer) => racer.line()));
      const race = async (version: string): Promise<readonly ContextAnswer[]> => {
        for (const racer of racers) racer.say(`c-processes ${version}\n`);
        const lines = await Promise.all(racers.map(async (racer) => racer.line()));
        return lines.flatMap((line) => JSON.parse(line) as ContextAnswer[]);
      };
      for (let version = 0; version < 8; version += 1) {
        const answers = await race(String(version));
        expect(answers.filter(({ ok }) => ok)).toEqual([
          { ok: true, version: version + 1, duplicate: false },
        ]);
      }
      const free = await race('any');
      expect(free.map(({ version }) => version).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, n) => n + 9),
      );
      const rows = await stage.ask<{ revision: number }>(
        `select revision from actors where kind = 'context' and id = 'c-processes'`,
      );
      expect(rows).toEqual([{ revision: '28' }]);
      const stored = await one.fabric.contexts.get({ namespace: 'acme', contextId: 'c-processes' });
      expect(Object.keys(stored?.content ?? {})).toHaveLength(28);
    } finally {
      await Promise.all(racers.map(async (racer) => racer.kill()));
    }
  });
});
