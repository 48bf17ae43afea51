/**
 * What every nats-server that the house accepts must do for the wire. Run over each server at hand; every test has a
 * prefix of its own, so nothing is ever deleted and created again under one name.
 */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DreyError } from '../../machines/words/errors.ts';
import { type Command, DeadLetter, type Delivery, encodeEvent, type Wire } from '../../src/wire/wire.ts';
import { openStandingWire } from '../support/standing-wire.ts';
import { until } from '../support/until.ts';
import { toNumber, toTestEvent } from '../rooms/wire/events.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
let worlds = 0;

/** Opens wires on a server and closes all of them in the end. */
export function wireSuite(name: string, open: () => Promise<{ url: string; stop(): Promise<void> }>): void {
  describe(`the wire over ${name}`, () => {
    let server: { url: string; stop(): Promise<void> };
    const wires: Wire[] = [];
    const world = (): string => `W${process.pid}X${(worlds += 1)}`;
    const openOne = async (prefix = world()): Promise<Wire> => {
      const wire = await openStandingWire({ url: server.url, prefix });
      wires.push(wire);
      return wire;
    };
    /** Sends bytes as they are, past every check of the wire. */
    const sendRaw = async (subject: string, payload: string | Uint8Array): Promise<void> => {
      const { hostname, port, username } = new URL(server.url);
      const nc = await connect({
        servers: `${hostname}:${port}`,
        ...(username === '' ? {} : { token: username }),
      });
      await jetstream(nc).publish(subject, payload);
      await nc.close();
    };
    /** Delivered and not acknowledged. */
    const countUnsettled = async (wire: Wire, durable: string): Promise<number> => {
      const { hostname, port, username } = new URL(server.url);
      const nc = await connect({
        servers: `${hostname}:${port}`,
        ...(username === '' ? {} : { token: username }),
      });
      const jsm = await jetstreamManager(nc);
      const { num_ack_pending: count } = await jsm.consumers.info(wire.streams.events, durable);
      await nc.close();
      return count;
    };
    const deadLetters = async (wire: Wire): Promise<DeadLetter[]> => {
      const { hostname, port, username } = new URL(server.url);
      const nc = await connect({
        servers: `${hostname}:${port}`,
        ...(username === '' ? {} : { token: username }),
      });
      const jsm = await jetstreamManager(nc);
      const { state } = await jsm.streams.info(wire.streams.dead);
      const letters: DeadLetter[] = [];
      for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
        const message = await jsm.streams.getMessage(wire.streams.dead, { seq });
        if (message !== null) letters.push(DeadLetter.parse(message.json()));
      }
      await nc.close();
      return letters;
    };

    beforeAll(async () => {
      server = await open();
    });

    afterAll(async () => {
      await Promise.all(wires.map(async (wire) => wire.close()));
      await server.stop();
    });

    it('keeps its streams, and finds them again', async () => {
      const prefix = world();
      const first = await openOne(prefix);
      const second = await openOne(prefix);
      await first.publish(toTestEvent(0));
      expect(await second.streamInfo()).toMatchObject({
        stream: `${prefix}_EVENTS`,
        messages: 1,
        lastSequence: 1,
      });
      expect(await second.streamInfo('jobs')).toMatchObject({ messages: 0 });
    });

    it('stores an event once, however often it is published', async () => {
      const wire = await openOne();
      const acks = [await wire.publish(toTestEvent(0)), await wire.publish(toTestEvent(0))];
      expect(acks.map(({ sequence, duplicate }) => [sequence, duplicate])).toEqual([
        [1, false],
        [1, true],
      ]);
    });

    it('publishes many in order and answers in order', async () => {
      const wire = await openOne();
      const acks = await wire.publishAll(
        upTo(500).map((number) => toTestEvent(number)),
        { inFlightMax: 64 },
      );
      expect(acks.map((ack) => ack.sequence)).toEqual(upTo(500).map((number) => number + 1));
      const seen: number[] = [];
      const following = await wire.follow({
        from: 'all',
        onBatch: async (batch) => void seen.push(...batch.map(({ event }) => toNumber(event))),
      });
      await until('all is seen', () => seen.length === 500);
      expect(seen).toEqual(upTo(500));
      await until('nothing is left', async () => (await following.lag()) === 0);
      await following.stop();
    });

    it('lets a durable go on where it was, in batches of a bounded size', async () => {
      const wire = await openOne();
      await wire.publishAll(upTo(100).map((number) => toTestEvent(number)));
      const seen: number[] = [];
      let largest = 0;
      const onBatch = async (batch: readonly Delivery[]): Promise<void> => {
        largest = Math.max(largest, batch.length);
        seen.push(...batch.map(({ event }) => toNumber(event)));
      };
      const first = await wire.follow({ durable: 'learner', batchMax: 30, onBatch });
      await until('all is seen', () => seen.length === 100);
      await until('nothing is left', async () => (await first.lag()) === 0);
      await first.stop();
      await wire.publishAll(
        upTo(150)
          .slice(100)
          .map((number) => toTestEvent(number)),
      );
      const second = await wire.follow({ durable: 'learner', batchMax: 30, onBatch });
      await until('the rest is seen', () => seen.length === 150);
      await second.stop();
      expect(seen).toEqual(upTo(150));
      expect(largest).toBeLessThanOrEqual(30);
      expect(await wire.forgetDurable('learner')).toBe(true);
      expect(await wire.forgetDurable('learner')).toBe(false);
    });

    it('shows only what was selected', async () => {
      const wire = await openOne();
      const seen: string[] = [];
      const onBatch = async (batch: readonly Delivery[]): Promise<void> =>
        void seen.push(...batch.map(({ event }) => event.id));
      const filters = { namespace: 'acme', types: ['memory.forgotten', 'memory.stored'] } as const;
      const followings = [
        await wire.follow({ filters, onBatch }),
        await wire.follow({ filters, durable: 'selective', onBatch }),
        await wire.follow({ filters: { id: 'm-none' }, onBatch }),
      ];
      await wire.publish(toTestEvent(1, { namespace: 'other', actor: 'o' }));
      await wire.publish({ ...toTestEvent(2), type: 'memory.linked', data: { to: 'm-b', relation: 'used' } });
      await wire.publish({ ...toTestEvent(3), type: 'memory.stored', data: { version: 1 } });
      await wire.publish(toTestEvent(4));
      await until('both have seen both', () => seen.length === 4);
      expect(seen.sort()).toEqual(['v-a-3', 'v-a-3', 'v-a-4', 'v-a-4']);
      await Promise.all(followings.map(async (following) => following.stop()));
    });

    it('follows anew with other filters under the same name', async () => {
      const wire = await openOne();
      const seen: string[] = [];
      const onBatch = async (batch: readonly Delivery[]): Promise<void> =>
        void seen.push(...batch.map(({ event }) => event.id));
      const one = await wire.follow({ durable: 'changing', filters: { topic: 'tool' }, onBatch });
      await one.stop();
      const two = await wire.follow({
        durable: 'changing',
        filters: { types: ['memory.forgotten'] },
        onBatch,
      });
      await wire.publish(toTestEvent(1));
      await until('it is seen', () => seen.length === 1);
      expect(seen).toEqual(['v-a-1']);
      await two.stop();
      const three = await wire.follow({ durable: 'changing', filters: { topic: 'tool' }, onBatch });
      await three.stop();
    });

    it('tries again what was rejected, in order, and counts the tries', async () => {
      const wire = await openOne();
      const seen: [number, number][] = [];
      let refusals = 2;
      const following = await wire.follow({
        durable: 'stubborn',
        retryMs: 5,
        waitMs: 200,
        onBatch: async (batch) => {
          for (const { event } of batch) {
            if (toNumber(event) === 1 && refusals > 0) {
              refusals -= 1;
              throw new Error('not now');
            }
          }
          seen.push(...batch.map(({ event, attempt }): [number, number] => [toNumber(event), attempt]));
        },
      });
      await wire.publishAll(upTo(4).map((number) => toTestEvent(number)));
      await until('all is handled', () => seen.length >= 4);
      expect(seen.map(([number]) => number)).toEqual(upTo(4));
      expect(seen[1]?.[1]).toBeGreaterThan(1);
      expect(await deadLetters(wire)).toEqual([]);
      await following.stop();
    });

    it('gives back what it holds when it stops, for the next to take at once', async () => {
      const wire = await openOne();
      await wire.publishAll(upTo(20).map((number) => toTestEvent(number)));
      let tried = 0;
      const first = await wire.follow({
        durable: 'handover',
        batchMax: 10,
        retryMs: 60_000,
        onBatch: async () => {
          tried += 1;
          throw new DreyError('database_unavailable', 'the database is away');
        },
      });
      await until('it was tried', () => tried > 0);
      await first.stop();
      const seen: number[] = [];
      const second = await wire.follow({
        durable: 'handover',
        onBatch: async (batch) => void seen.push(...batch.map(({ event }) => toNumber(event))),
      });
      await until('all is handled', () => seen.length === 20);
      expect([...seen].sort((a, b) => a - b)).toEqual(upTo(20));
      await second.stop();
    });

    it('handles once what comes again while its first copy still waits', async () => {
      const wire = await openOne();
      const seen: number[] = [];
      let ready = (): void => undefined;
      const isReady = new Promise<void>((resolve) => {
        ready = resolve;
      });
      const following = await wire.follow({
        durable: 'stalled',
        batchMax: 50,
        ackWaitMs: 300,
        onBatch: async (batch) => {
          if (seen.length === 0) {
            await isReady;
            // The whole process stands still, so that no sign of life goes out: the bus sends all of it again.
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
            // Asked over the same line: what was sent again is here before the answer.
            await wire.streamInfo();
          }
          seen.push(...batch.map(({ event }) => toNumber(event)));
        },
      });
      await wire.publish(toTestEvent(0));
      await until('the first is in hand', async () => (await countUnsettled(wire, 'stalled')) === 1);
      await wire.publishAll(
        upTo(11)
          .slice(1)
          .map((number) => toTestEvent(number)),
      );
      await until('the others wait behind it', async () => (await countUnsettled(wire, 'stalled')) === 11);
      ready();
      await until('nothing is left', async () => (await following.lag()) === 0);
      await following.stop();
      expect(seen).toEqual(upTo(11));
    });

    it('hands over in the middle of the flow: what was on its way to who stopped is not waited for', async () => {
      const wire = await openOne();
      const seen = new Set<number>();
      const total = 3_000;
      const publishing = wire.publishAll(upTo(total).map((number) => toTestEvent(number)));
      while (seen.size < total) {
        const before = seen.size;
        // Far longer than the test may take: what is not given back never comes again in time.
        const following = await wire.follow({
          durable: 'relay-race',
          batchMax: 50,
          ackWaitMs: 120_000,
          onBatch: async (batch) => {
            for (const { event } of batch) seen.add(toNumber(event));
          },
        });
        await until('the next stretch is done', () => seen.size >= Math.min(before + 150, total), 20_000);
        await following.stop();
      }
      await publishing;
      expect(seen.size).toBe(total);
    });

    it('parks what fails for good, with the reason, and goes on', async () => {
      const wire = await openOne();
      const seen: number[] = [];
      const following = await wire.follow({
        durable: 'careful',
        retryMs: 1,
        attemptsMax: 3,
        waitMs: 200,
        onBatch: async (batch) => {
          if (batch.some(({ event }) => toNumber(event) === 2)) throw new Error('two is poison');
          seen.push(...batch.map(({ event }) => toNumber(event)));
        },
      });
      await wire.publishAll(upTo(5).map((number) => toTestEvent(number)));
      await until('the others are handled', () => seen.length === 4);
      expect(seen).toEqual([0, 1, 3, 4]);
      expect(await deadLetters(wire)).toEqual([
        {
          reason: 'Error: two is poison',
          code: 'unexpected',
          stream: wire.streams.events,
          sequence: 3,
          subject: `${wire.root}.event.acme.memory.m-a.memory.forgotten`,
          by: 'careful',
          attempts: 3,
          at: expect.any(String),
          body: Buffer.from(encodeEvent(toTestEvent(2))).toString(),
        },
      ]);
      await until('nothing is left', async () => (await following.lag()) === 0);
      await following.stop();
    });

    it('gives a handler its time, tries again, and parks what never comes to an end', async () => {
      const wire = await openOne();
      const seen: number[] = [];
      const following = await wire.follow({
        durable: 'bounded',
        retryMs: 1,
        attemptsMax: 2,
        handlerMs: 50,
        waitMs: 200,
        onBatch: async (batch) => {
          if (batch.some(({ event }) => toNumber(event) === 1)) await new Promise<never>(() => undefined);
          seen.push(...batch.map(({ event }) => toNumber(event)));
        },
      });
      await wire.publishAll(upTo(3).map((number) => toTestEvent(number)));
      await until('the others are handled', () => seen.length === 2);
      expect(seen).toEqual([0, 2]);
      expect(await deadLetters(wire)).toMatchObject([
        {
          code: 'handler_timeout',
          reason: 'Overdue: it was not handled within 0.05 s',
          sequence: 2,
          attempts: 2,
        },
      ]);
      await until('nothing is left', async () => (await following.lag()) === 0);
      await following.stop();
    });

    it('takes none of a handler’s time while it is held back', async () => {
      const wire = await openOne();
      let letGo = (): void => undefined;
      let asked = 0;
      const held = new Promise<void>((resolve) => (letGo = resolve));
      const tries: number[] = [];
      const following = await wire.follow({
        durable: 'held',
        retryMs: 1,
        handlerMs: 20,
        gate: async () => {
          asked += 1;
          return held;
        },
        onBatch: async (batch) => void tries.push(...batch.map(({ attempt }) => attempt)),
      });
      await wire.publish(toTestEvent(0));
      await until('it is held back', () => asked === 1);
      const begun = performance.now();
      await until('more than a handler’s time is over', () => performance.now() - begun > 100);
      letGo();
      await until('it is handled', () => tries.length > 0);
      expect([asked, tries]).toEqual([1, [1]]);
      await following.stop();
    });

    it('parks events of types that nobody knows yet, where it is asked to, and passes over the others', async () => {
      const wire = await openOne();
      const follow = (durable: string, strays: boolean, seen: number[]) =>
        wire.follow({
          durable,
          strays,
          filters: { types: ['memory.forgotten'] },
          onBatch: async (batch) => void seen.push(...batch.map(({ event }) => toNumber(event))),
        });
      const seen: number[] = [];
      const beside: number[] = [];
      const followings = [await follow('careful', true, seen), await follow('careless', false, beside)];
      const head = `${wire.root}.event.acme.memory.m-a`;
      await sendRaw(`${head}.memory.dreamt`, JSON.stringify({ ...toTestEvent(7), type: 'memory.dreamt' }));
      await sendRaw(`${head}.memory.dreamt`, JSON.stringify(toTestEvent(8)));
      await wire.publishAll(upTo(3).map((number) => toTestEvent(number)));
      await until('what is known is handled', () => seen.length === 3 && beside.length === 3);
      for (const following of followings)
        await until('nothing is left', async () => (await following.lag()) === 0);
      const letters = await deadLetters(wire);
      expect(letters.map(({ by, code, sequence, reason }) => [by, code, sequence, reason])).toEqual([
        ['careful', 'unknown_type', 1, 'the type "memory.dreamt" is not known here'],
        ['careful', 'unknown_type', 2, `the subject ${head}.memory.dreamt is not known here`],
      ]);
      await Promise.all(followings.map((following) => following.stop()));
    });

    it('never parks because a dependency is away', async () => {
      const wire = await openOne();
      let tries = 0;
      const following = await wire.follow({
        durable: 'patient',
        retryMs: 1,
        attemptsMax: 2,
        onBatch: async () => {
          tries += 1;
          if (tries < 8) throw new DreyError('database_unavailable', 'the database is away');
        },
      });
      await wire.publish(toTestEvent(0));
      await until('it is handled', () => tries === 8);
      await until('nothing is left', async () => (await following.lag()) === 0);
      expect(await deadLetters(wire)).toEqual([]);
      await following.stop();
    });

    it('parks what it cannot read, an unknown version too, and handles the rest in order', async () => {
      const wire = await openOne();
      const subject = `${wire.root}.event.acme.memory.m-a.memory.forgotten`;
      await wire.publish(toTestEvent(0));
      await sendRaw(subject, JSON.stringify({ ...toTestEvent(1), version: 9 }));
      await sendRaw(subject, 'no json');
      await sendRaw(`${wire.root}.event.strange`, JSON.stringify({ ...toTestEvent(1), type: 'xstate.init' }));
      await wire.publish(toTestEvent(2));
      const seen: number[] = [];
      const onBatch = async (batch: readonly Delivery[]): Promise<void> =>
        void seen.push(...batch.map(({ event }) => toNumber(event)));
      const following = await wire.follow({ durable: 'reader', filters: [`${wire.root}.event.>`], onBatch });
      await until('the readable ones are handled', () => seen.length === 2);
      await until('nothing is left', async () => (await following.lag()) === 0);
      expect(seen).toEqual([0, 2]);
      const letters = await deadLetters(wire);
      expect(letters.map(({ code, sequence }) => [code, sequence])).toEqual([
        ['unknown_version', 2],
        ['malformed', 3],
        ['refused_type', 4],
      ]);
      await following.stop();
    });

    it('carries commands to who follows them', async () => {
      const wire = await openOne();
      const seen: Command[] = [];
      const following = await wire.followCommands({
        durable: 'node-1',
        to: { kind: 'worker' },
        onBatch: async (batch) => void seen.push(...batch.map(({ command }) => command)),
      });
      const command: Command = {
        id: 'cmd-1',
        at: '2026-01-02T03:04:05.678Z',
        to: { namespace: '_system', kind: 'worker', id: 'w-1' },
        verb: 'pause',
        data: { forMs: 5 },
        version: 1,
      };
      await wire.tell({ ...command, id: 'cmd-0', to: { ...command.to, kind: 'sop' } });
      await wire.tell(command);
      await wire.tell(command);
      await until('it is heard', () => seen.length > 0);
      await until('nothing is left', async () => (await following.lag()) === 0);
      expect(seen).toEqual([command]);
      await following.stop();
    });

    it('tells how far each durable consumer is, and counts followers without naming them', async () => {
      const wire = await openOne();
      await wire.publishAll(upTo(5).map((number) => toTestEvent(number)));
      let letGo = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const seen: Delivery[] = [];
      const hold = async (batch: readonly Delivery[]): Promise<void> => {
        seen.push(...batch);
        await held;
      };
      const durable = await wire.follow({ durable: 'slow', from: 'all', onBatch: hold });
      const tail = await wire.follow({ from: 'new', onBatch: async () => undefined });
      await until('it holds some', () => seen.length > 0);
      const { streams, consumers } = await wire.standing();
      expect(streams.map(({ stream }) => stream)).toEqual(Object.values(wire.streams));
      expect(streams[0]).toMatchObject({ messages: 5, firstSequence: 1, lastSequence: 5, consumers: 2 });
      expect(streams[0]?.bytes).toBeGreaterThan(0);
      expect(consumers).toEqual([
        expect.objectContaining({ stream: wire.streams.events, consumer: 'slow', settled: 0 }),
      ]);
      const [{ pending, unsettled, unsettledMax, delivered, redelivered } = {} as never] = consumers;
      expect([pending + unsettled, delivered, unsettledMax, redelivered]).toEqual([5, unsettled, 1_000, 0]);
      expect(unsettled).toBeGreaterThan(0);
      letGo();
      await until('it has settled all', async () => (await wire.standing()).consumers[0]?.settled === 5);
      await durable.stop();
      await tail.stop();
    });

    it('asks and answers, errors included', async () => {
      const wire = await openOne();
      const to = { namespace: 'acme', kind: 'session', id: 's-1' } as const;
      await expect(wire.ask(to, 'state')).rejects.toMatchObject({ code: 'node_unreachable' });
      const answering = await wire.answer({ kind: 'session' }, async ({ verb, data }) => {
        if (verb === 'refuse') throw new DreyError('session_unknown', 'no such session');
        if (verb === 'sleep') await new Promise(() => undefined);
        return { verb, data };
      });
      expect(await wire.ask(to, 'state', { a: 1 })).toEqual({ verb: 'state', data: { a: 1 } });
      await expect(wire.ask(to, 'refuse')).rejects.toMatchObject({
        code: 'session_unknown',
        message: 'no such session',
      });
      await expect(wire.ask(to, 'sleep', null, { timeoutMs: 50 })).rejects.toMatchObject({
        code: 'call_timeout',
      });
      answering.stop();
    });

    it('asks everybody, waits for enough answers or for so long, and takes an error for an answer', async () => {
      const prefix = world();
      const [wire, other] = [await openOne(prefix), await openOne(prefix)];
      const to = { namespace: 'acme', kind: 'learning', id: 'l-1' } as const;
      const all = (timeoutMs: number, many: number) =>
        wire.askAll(to, 'status', 7, { timeoutMs, isEnough: ({ length }) => length === many });
      await expect(all(5_000, 1)).rejects.toMatchObject({ code: 'node_unreachable' });
      await wire.answer({ kind: 'learning' }, async ({ data }) => ({ first: data }));
      await other.answer({ kind: 'learning' }, async () => {
        throw new DreyError('worker_failed', 'the other one is down');
      });
      const both = await all(5_000, 2);
      expect(both).toHaveLength(2);
      expect(both).toContainEqual({ data: { first: 7 } });
      expect(both).toContainEqual({ error: expect.objectContaining({ code: 'worker_failed' }) });
      expect(await all(5_000, 1)).toHaveLength(1);
      // A third one is waited for, but not for ever.
      expect(await all(200, 3)).toHaveLength(2);
      await wire.answer({ kind: 'session' }, () => new Promise(() => undefined));
      const silent = wire.askAll({ ...to, kind: 'session' }, 'status', null, {
        timeoutMs: 50,
        isEnough: () => true,
      });
      await expect(silent).rejects.toMatchObject({ code: 'call_timeout' });
    });

    it('rings at everybody who answers there, and at nobody without a word', async () => {
      const prefix = world();
      const [wire, other] = [await openOne(prefix), await openOne(prefix)];
      const heard: string[] = [];
      for (const each of [wire, other])
        await each.answer({ kind: 'learning', verb: 'learn' }, async ({ to }) => heard.push(to.namespace));
      wire.ring({ namespace: 'acme', kind: 'learning', id: 'l-1' }, 'learn');
      wire.ring({ namespace: 'acme', kind: 'session', id: 's-1' }, 'learn');
      await until('both have heard it', () => heard.length === 2);
      expect(heard).toEqual(['acme', 'acme']);
    });
  });
}
