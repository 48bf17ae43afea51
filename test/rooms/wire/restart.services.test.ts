/** A follower that ends in order leaves nothing behind that the next one would have to wait for. */
import { afterEach, describe, expect, inject, it } from 'vitest';
import {
  defaultCacheFolder,
  findNatsServer,
  type RunningServer,
  startNats,
  unprivilegedUser,
} from '../../../infra/servers/servers.ts';
import { type Delivery, type Following, openWire, type Wire } from '../../../src/wire/wire.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';
import { toNumber, toTestEvent } from './events.ts';

/** Far below the ten seconds after which the bus gives a message that was not acknowledged to somebody else. */
const atOnceMs = 3_000;

const left: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const leave of left.splice(0).toReversed()) await leave();
});

async function ownServer(dataDir: string): Promise<RunningServer> {
  const cacheDir = defaultCacheFolder(process.env, process.getuid?.());
  const { path: binary } = await findNatsServer({ env: process.env, cacheDir, log: quietLog });
  const server = await startNats({ binary, dataDir, cacheDir, user: unprivilegedUser(), log: quietLog });
  left.push(() => server.stop());
  return server;
}

async function ownWire(url: string, prefix: string): Promise<Wire> {
  const wire = await openWire({ url, name: 'restart', log: quietLog, now: () => Date.now(), prefix });
  left.push(() => wire.close());
  return wire;
}

const note =
  (seen: number[]) =>
  async (batch: readonly Delivery[]): Promise<void> =>
    void seen.push(...batch.map(({ event }) => toNumber(event)));

describe('a follower that is stopped', () => {
  it('leaves what it held to the next one, also when the bus ends with it', { timeout: 60_000 }, async () => {
    const folder = await temporaryFolder('drey-restart');
    left.push(() => folder.remove());
    let server = await ownServer(folder.path);
    const wire = await ownWire(server.url, 'RESTART');
    const seen: number[] = [];
    const arrived: number[] = [];
    // It waits for more, as the learner does when the sessions of a node end just before the node.
    const patient = { durable: 'learner', batchMax: 500, waitMs: 30_000, onBatch: note(seen) } as const;
    const first = await wire.follow(patient);
    const tail = await wire.follow({ onBatch: note(arrived) });
    await wire.publish(toTestEvent(1));
    await until('it was delivered', () => arrived.length === 1);
    await Promise.all([first.stop(), tail.stop()]);
    await wire.close();
    await server.stop();
    server = await ownServer(folder.path);
    const again = await ownWire(server.url, 'RESTART');
    const second = await again.follow({ ...patient, waitMs: 20 });
    left.push(() => second.stop());
    await again.publish(toTestEvent(2));
    await until('both are taken', () => seen.length === 2, atOnceMs);
    expect(seen).toEqual([1, 2]);
  });

  it('loses nothing that was on its way to it, and keeps the order', { timeout: 60_000 }, async () => {
    const wire = await ownWire(inject('natsUrl'), `ONWAY${process.pid}`);
    const seen: number[] = [];
    const rounds = 25;
    const perRound = 40;
    // Rarely the bus sends something to the one that just left; that comes again when the wait for it is over.
    const taker = { durable: 'taker', waitMs: 0, ackWaitMs: 2_000, onBatch: note(seen) } as const;
    const againMs = 10_000;
    let following: Following | undefined;
    for (let round = 0; round < rounds; round += 1) {
      following = await wire.follow(taker);
      const before = seen.length;
      const events = Array.from({ length: perRound }, (_, n) => toTestEvent(round * perRound + n));
      const published = wire.publishAll(events);
      await until('the first ones are taken', () => seen.length > before, againMs);
      await following.stop();
      await published;
    }
    following = await wire.follow(taker);
    await until('all are taken', () => seen.length >= rounds * perRound, againMs);
    await following.stop();
    expect(seen).toEqual(Array.from({ length: rounds * perRound }, (_, n) => n));
  });
});
