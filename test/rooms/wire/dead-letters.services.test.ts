/** What is stored is read once and in order, and dead letters are listed, sent again and dropped, on a real server. */
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { toFilters } from '../../../src/wire/wire.ts';
import type { Delivery, Wire } from '../../../src/wire/wire.ts';
import { openStandingWire } from '../../support/standing-wire.ts';
import { until } from '../../support/until.ts';
import { toNumber, toTestEvent } from './events.ts';

const wires: Wire[] = [];
let worlds = 0;

async function openWorld(): Promise<Wire> {
  worlds += 1;
  const prefix = `D${process.pid}X${worlds}`;
  const wire = await openStandingWire({ url: inject('natsUrl'), prefix });
  wires.push(wire);
  return wire;
}

async function sendRaw(subject: string, payload: string): Promise<void> {
  const { hostname, port, username } = new URL(inject('natsUrl'));
  const nc = await connect({
    servers: `${hostname}:${port}`,
    ...(username === '' ? {} : { token: username }),
  });
  await jetstream(nc).publish(subject, payload);
  await nc.close();
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

afterAll(async () => {
  await Promise.all(wires.map((wire) => wire.close()));
});

describe('reading what is stored', () => {
  it('ends by itself, in order, with each event and its sequence once', async () => {
    const wire = await openWorld();
    await wire.publishAll(upTo(600).map((number) => toTestEvent(number)));
    const seen: [number, number][] = [];
    await wire.readEvents({
      onEvent: async (event, sequence) => {
        seen.push([toNumber(event), sequence]);
        return true;
      },
    });
    expect(seen).toEqual(upTo(600).map((number) => [number, number + 1]));
  });

  it('ends at once where nothing is stored, and where the reader has enough', async () => {
    const wire = await openWorld();
    let seen = 0;
    const onEvent = async (): Promise<boolean> => {
      seen += 1;
      return seen < 3;
    };
    await wire.readEvents({ onEvent });
    expect(seen).toBe(0);
    await wire.publishAll(upTo(10).map((number) => toTestEvent(number)));
    await wire.readEvents({ onEvent });
    expect(seen).toBe(3);
  });

  it('keeps to the filters, several of them in one order', async () => {
    const wire = await openWorld();
    const namespaces = ['acme', 'other', '_system'];
    await wire.publishAll(
      upTo(30).map((number) =>
        toTestEvent(number, { namespace: namespaces[number % 3] ?? 'acme', actor: `a${number % 3}` }),
      ),
    );
    const seen: number[] = [];
    await wire.readEvents({
      filters: ['acme', '_system'].flatMap((namespace) => toFilters({ namespace }, wire.root)),
      onEvent: async (event) => {
        seen.push(toNumber(event));
        return true;
      },
    });
    expect(seen).toEqual(upTo(30).filter((number) => number % 3 !== 1));
  });
});

describe('replaying to another subject', () => {
  it('publishes what is asked for and allowed, in order, and never into our own streams', async () => {
    const wire = await openWorld();
    const namespaces = ['acme', 'other'];
    await wire.publishAll(
      upTo(6).map((number) => toTestEvent(number, { namespace: namespaces[number % 2] ?? 'acme' })),
    );
    const { hostname, port, username } = new URL(inject('natsUrl'));
    const nc = await connect({
      servers: `${hostname}:${port}`,
      ...(username === '' ? {} : { token: username }),
    });
    const subject = `replay.${wire.root}`;
    const seen: string[] = [];
    nc.subscribe(subject, {
      callback: (_error, message) => {
        seen.push(`${message.headers?.get('Drey-Sequence')} ${message.json<{ id: string }>().id}`);
      },
    });
    await nc.flush();
    const allows = ({ namespace }: { namespace: string }): boolean => namespace === 'acme';
    expect(await wire.republish({ sequences: [5, 2, 1, 99], subject, allows })).toBe(2);
    await until('both come', () => seen.length === 2);
    expect(seen).toEqual(['5 v-a-4', '1 v-a-0']);
    expect(await wire.streamInfo()).toMatchObject({ messages: 6 });
    for (const wrong of [
      `${wire.root}.event.acme.x`,
      'replay.*',
      'replay.>',
      '$JS.API',
      '_INBOX.x',
      'a..b',
      '',
    ])
      await expect(wire.republish({ sequences: [1], subject: wrong, allows })).rejects.toMatchObject({
        code: 'argument_invalid',
      });
    await nc.close();
  });
});

describe('dead letters', () => {
  it('are listed newest first, by namespace, with the original’s place', async () => {
    const wire = await openWorld();
    await park(wire, 3);
    const { letters, total } = await wire.dead.list({ namespaces: ['acme'], limit: 2 });
    expect(total).toBe(3);
    expect(letters.map(({ id, sequence, code, actor }) => [id, sequence, code, actor])).toEqual([
      [3, 3, 'unknown_type', { namespace: 'acme', kind: 'memory', id: 'm-x' }],
      [2, 2, 'unknown_type', { namespace: 'acme', kind: 'memory', id: 'm-x' }],
    ]);
    expect(await wire.dead.list({ namespaces: ['other'], limit: 2 })).toEqual({ letters: [], total: 0 });
  });

  it('are sent again under a new id and then gone; a handler that works now gets the message', async () => {
    const wire = await openWorld();
    let broken = true;
    const handled: Delivery[] = [];
    const following = await wire.follow({
      durable: 'handler',
      attemptsMax: 1,
      onBatch: async (batch) => {
        if (broken) throw new Error('not today');
        handled.push(...batch);
      },
    });
    await wire.publish(toTestEvent(7));
    const letter = await until('it is parked', async () => {
      return (await wire.dead.list({ namespaces: ['acme'], limit: 1 })).letters[0];
    });
    expect(letter).toMatchObject({ reason: 'Error: not today', sequence: 1, by: 'handler', attempts: 1 });
    broken = false;
    expect(await wire.dead.retry(letter.id)).toMatchObject({ sequence: 2, duplicate: false });
    await until('it is handled', () => handled.length === 1);
    expect(handled[0]).toMatchObject({ sequence: 2, event: toTestEvent(7) });
    expect(await wire.dead.get(letter.id)).toBeUndefined();
    await expect(wire.dead.retry(letter.id)).rejects.toMatchObject({ code: 'dead_letter_unknown' });
    await following.stop();
  });

  it('are dropped once', async () => {
    const wire = await openWorld();
    await park(wire, 1);
    expect([await wire.dead.drop(1), await wire.dead.drop(1), await wire.dead.drop(99)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(await wire.dead.list({ namespaces: ['acme'], limit: 1 })).toEqual({ letters: [], total: 0 });
  });

  it('pass over what somebody else wrote among them', async () => {
    const wire = await openWorld();
    await sendRaw(`${wire.root}.dead.acme.memory.m-x`, 'no letter');
    expect(await wire.dead.list({ namespaces: ['acme'], limit: 5 })).toEqual({ letters: [], total: 0 });
    expect(await wire.dead.get(1)).toBeUndefined();
  });
});

/** Messages that no version of this house understands, on their way to the dead letters. */
async function park(wire: Wire, count: number): Promise<void> {
  for (const number of upTo(count)) {
    const message = { version: 1, type: 'memory.invented', id: `v-${number}` };
    await sendRaw(`${wire.root}.event.acme.memory.m-x.memory.invented`, JSON.stringify(message));
  }
  const following = await wire.follow({ durable: 'parker', onBatch: async () => undefined });
  await until('all are parked', async () => (await wire.streamInfo('dead')).messages === count);
  await following.stop();
}
