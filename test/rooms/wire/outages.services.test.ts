/** What happens to the wire and the write-ahead log when the bus is killed, frozen, or was never there. */
import { afterEach, describe, expect, inject, it } from 'vitest';
import {
  defaultCacheFolder,
  findNatsServer,
  type RunningServer,
  startNats,
  unprivilegedUser,
} from '../../../infra/servers/servers.ts';
import { type Delivery, openEventLog, openWire, startPump, type Wire } from '../../../src/wire/wire.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';
import { toNumber, toTestEvent } from './events.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const left: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const leave of left.splice(0).toReversed()) await leave();
});

async function place(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder('drey-outage');
  left.push(async () => folder.remove());
  return folder;
}

/** A server of this test's own, which may be killed and started again on its data and port. */
async function ownServer(folder: TemporaryFolder): Promise<RunningServer> {
  const cacheDir = defaultCacheFolder(process.env, process.getuid?.());
  const { path: binary } = await findNatsServer({ env: process.env, cacheDir, log: quietLog });
  const server = await startNats({
    binary,
    dataDir: folder.path,
    cacheDir,
    user: unprivilegedUser(),
    log: quietLog,
  });
  left.push(async () => {
    try {
      process.kill(server.pid, 'SIGCONT');
    } catch {
      // It is gone already.
    }
    await server.stop();
  });
  return server;
}

async function ownWire(url: string, prefix = 'OUTAGE', openMs = 5_000): Promise<Wire> {
  const wire = await openWire({ url, name: 'outage', log: quietLog, now: () => Date.now(), prefix, openMs });
  left.push(async () => wire.close());
  return wire;
}

describe('the wire through outages', () => {
  it(
    'loses nothing and keeps every order when the server is killed in the flow',
    { timeout: 60_000 },
    async () => {
      const folder = await place();
      let server = await ownServer(folder);
      const wire = await ownWire(server.url);
      const statuses: string[] = [];
      wire.onStatus((status) => statuses.push(status));
      const eventLog = openEventLog({
        folder: `${folder.path}/log`,
        log: quietLog,
        now: () => performance.now(),
      });
      const pump = startPump({
        eventLog,
        publishAll: async (parcels, tuning) => wire.sendAll(parcels, tuning),
        whenConnected: async () => wire.whenConnected(),
        log: quietLog,
        batchMax: 128,
      });
      left.push(async () => pump.stop().then(() => eventLog.close()));
      const seen = new Map<string, number[]>();
      const tail: number[] = [];
      const note = async (batch: readonly Delivery[]): Promise<void> => {
        for (const { event } of batch)
          seen.set(event.actor.id, [...(seen.get(event.actor.id) ?? []), toNumber(event)]);
      };
      const durable = await wire.follow({ durable: 'learner', ackWaitMs: 2_000, onBatch: note });
      const live = await wire.follow({
        onBatch: async (batch) => void tail.push(...batch.map(({ sequence }) => sequence)),
      });
      left.push(async () => Promise.all([durable.stop(), live.stop()]));

      const actors = ['a', 'b', 'c'];
      let number = 0;
      const append = (many: number): void => {
        for (let turn = 0; turn < many; turn += 1, number += 1) {
          for (const actor of actors) eventLog.append(toTestEvent(number, { actor }));
        }
      };
      for (let round = 0; round < 3; round += 1) {
        append(1_000);
        await until('some went through', () => eventLog.waiting < actors.length * 900, 20_000);
        process.kill(server.pid, 'SIGKILL');
        await server.exited;
        append(200);
        await until('the outage is noticed', () => wire.status === 'disconnected');
        await expect(wire.publish(toTestEvent(1))).rejects.toMatchObject({ code: 'bus_unavailable' });
        server = await ownServer(folder);
        await until('the line stands', () => wire.status === 'connected', 20_000);
      }
      await until('all is sent', () => eventLog.waiting === 0, 20_000);
      const wanted = upTo(number);
      await until(
        'all is handled',
        () => actors.every((actor) => (seen.get(`m-${actor}`)?.length ?? 0) >= number),
        20_000,
      );
      for (const actor of actors) expect(seen.get(`m-${actor}`)).toEqual(wanted);
      expect(await wire.streamInfo()).toMatchObject({ messages: number * actors.length });
      await until('the tail has all', () => tail.length === number * actors.length, 20_000);
      expect(tail).toEqual(wanted.flatMap((_, index) => [3 * index + 1, 3 * index + 2, 3 * index + 3]));
      expect(statuses).toEqual(Array.from({ length: 3 }, () => ['disconnected', 'connected']).flat());
    },
  );

  it(
    'appends as quickly as ever while the server is frozen, and sends all when it thaws',
    { timeout: 60_000 },
    async () => {
      const folder = await place();
      const server = await ownServer(folder);
      const wire = await ownWire(server.url);
      const eventLog = openEventLog({
        folder: `${folder.path}/log`,
        log: quietLog,
        now: () => performance.now(),
      });
      const pump = startPump({
        eventLog,
        publishAll: async (parcels, tuning) => wire.sendAll(parcels, tuning),
        whenConnected: async () => wire.whenConnected(),
        log: quietLog,
      });
      left.push(async () => pump.stop().then(() => eventLog.close()));
      const lags: boolean[] = [];
      eventLog.onLag(({ lagging }) => lags.push(lagging));
      const measure = async (from: number): Promise<number> => {
        const times: number[] = [];
        for (let turn = 0; turn < 1_500; turn += 1) {
          const begun = performance.now();
          eventLog.append(toTestEvent(from + turn, { pad: 2_000 }));
          times.push(performance.now() - begun);
          if (turn % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        return times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0;
      };
      const flowing = await measure(0);
      await until('all is sent', () => eventLog.waiting === 0, 20_000);
      process.kill(server.pid, 'SIGSTOP');
      const frozen = await measure(1_500);
      expect(eventLog.waiting).toBeGreaterThan(1_000);
      expect(lags.at(-1)).toBe(true);
      const begun = performance.now();
      await expect(wire.publish(toTestEvent(9_999), { timeoutMs: 200 })).rejects.toMatchObject({
        code: 'bus_unavailable',
      });
      expect(performance.now() - begun).toBeLessThan(3_000);
      process.kill(server.pid, 'SIGCONT');
      await until('all is sent', () => eventLog.waiting === 0, 30_000);
      expect(lags.at(-1)).toBe(false);
      const { appendUs, ackMs } = eventLog.figures();
      console.log({ flowingMs: flowing, frozenMs: frozen, appendUs, ackMs });
      expect(frozen).toBeLessThan(1);
      const { lastSequence } = await wire.streamInfo();
      expect(lastSequence).toBeGreaterThanOrEqual(3_000);
      expect(lastSequence).toBeLessThanOrEqual(3_001);
    },
  );

  it('is handed out without a bus and works as soon as there is one', { timeout: 60_000 }, async () => {
    const folder = await place();
    const first = await ownServer(folder);
    await first.stop();
    const wire = await ownWire(first.url, 'LATER', 100);
    expect(wire.status).toBe('disconnected');
    await expect(wire.publish(toTestEvent(1))).rejects.toMatchObject({ code: 'bus_unavailable' });
    const seen: number[] = [];
    const following = await wire.follow({
      durable: 'early',
      onBatch: async (batch) => void seen.push(...batch.map(({ event }) => toNumber(event))),
    });
    left.push(async () => following.stop());
    await ownServer(folder);
    await until('the line stands', () => wire.status === 'connected', 20_000);
    await wire.publish(toTestEvent(7));
    await until('it is seen', () => seen.length === 1);
    expect(seen).toEqual([7]);
  });

  it('takes the room a small disk has, at the first start and at every later one', async () => {
    const { url } = await ownServer(await place());
    const warnings: object[] = [];
    const open = async (): Promise<Wire> => {
      const wire = await openWire({
        url,
        name: 'roomy',
        log: { ...quietLog, warn: (facts) => warnings.push(facts) },
        now: () => Date.now(),
        prefix: 'ROOMY',
        streams: { eventsBytesMax: 2 ** 50 },
      });
      left.push(async () => wire.close());
      return wire;
    };
    const first = await open();
    expect(first.status).toBe('connected');
    expect(warnings).toContainEqual(
      expect.objectContaining({ stream: 'ROOMY_EVENTS', bytesWanted: 2 ** 50 }),
    );
    await first.close();
    const second = await open();
    expect(second.status).toBe('connected');
    await second.publishAll([toTestEvent(1)]);
  });

  it('says what is wrong with a login, and with a stream of another shape', async () => {
    const { hostname, port } = new URL(inject('natsUrl'));
    const log = quietLog;
    const now = (): number => Date.now();
    await expect(
      openWire({ url: `nats://wrong@${hostname}:${port}`, name: 'x', log, now }),
    ).rejects.toMatchObject({ code: 'bus_unavailable' });
    await expect(openWire({ url: 'http://x', name: 'x', log, now })).rejects.toMatchObject({
      code: 'config_invalid',
    });
    const prefix = `SHAPE${process.pid}`;
    const wire = await openWire({
      url: inject('natsUrl'),
      name: 'x',
      log,
      now,
      prefix,
      streams: { storage: 'memory' },
    });
    await wire.close();
    await expect(openWire({ url: inject('natsUrl'), name: 'x', log, now, prefix })).rejects.toMatchObject({
      code: 'config_invalid',
    });
    const grown = await openWire({
      url: inject('natsUrl'),
      name: 'x',
      log,
      now,
      prefix,
      streams: { storage: 'memory', eventsAgeMs: 3_600_000 },
    });
    await grown.close();
  });
});
