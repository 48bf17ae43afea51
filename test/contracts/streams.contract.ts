/**
 * How every nats-server that the house accepts must keep the streams: as asked, without a false alarm, and with a true
 * one where it does not.
 */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChild, stopProcess } from '../../infra/servers/child.ts';
import { waitUntilReady } from '../../infra/servers/nats-ready.ts';
import { openWire } from '../../src/wire/wire.ts';
import type { NatsAtHand } from '../support/nats-servers.ts';
import { quietLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary.ts';

const noRoom = 'the server has less room to reserve for this stream';
const otherwise = 'the server keeps a stream otherwise than asked';
const dayNs = 24 * 60 * 60 * 1e9;
const minuteNs = 60 * 1e9;

/** Starts the server twice: once with plenty of room, and once with too little to reserve any. */
export function streamsSuite(name: string, server: NatsAtHand): void {
  describe(`the streams over ${name}`, () => {
    const stops: (() => Promise<unknown>)[] = [];
    let url = '';
    let smallUrl = '';

    const start = async (limit: string): Promise<string> => {
      const folder = await temporaryFolder('drey-streams');
      const conf = `${folder.path}/nats.conf`;
      const lines = [
        'listen: "127.0.0.1:-1"',
        `ports_file_dir: "${folder.path}"`,
        `jetstream { store_dir: "${folder.path}", ${limit} }`,
      ];
      await writeFile(conf, `${lines.join('\n')}\n`);
      const how = { program: server.path, folder: folder.path, user: undefined, output: 'ignore' } as const;
      const child = await startChild({ ...how, words: [`--config=${conf}`] });
      stops.push(async () => {
        await stopProcess(child.pid, [{ signal: 'SIGTERM', withinMs: 10_000 }]);
        await folder.remove();
      });
      const ready = await waitUntilReady({ child, program: server.path, store: folder.path }, 30_000);
      if (ready === undefined) throw new Error(`${server.path} did not start`);
      return `nats://127.0.0.1:${ready.port}`;
    };
    const manage = async (at: string): Promise<JetStreamManager> => {
      const nc = await connect({ servers: at.replace('nats://', '') });
      stops.push(async () => nc.close());
      return jetstreamManager(nc);
    };
    /** Opens and closes a wire; gives back what it warned of. */
    const warningsOf = async (at: string, prefix: string): Promise<[string, object][]> => {
      const warnings: [string, object][] = [];
      const log = {
        ...quietLog,
        warn: (fields: object, sentence: string) => void warnings.push([sentence, fields]),
      };
      const wire = await openWire({ url: at, name: 'test', log, now: () => Date.now(), prefix });
      expect(await wire.whenConnected()).toBe(true);
      await wire.close();
      return warnings;
    };

    beforeAll(async () => {
      url = await start('max_file: 16GB');
      smallUrl = await start('max_file: 8MB');
    });

    afterAll(async () => {
      for (const stop of stops.toReversed()) await stop();
    });

    it('are kept as asked, without a word of warning at any start', async () => {
      for (let starts = 0; starts < 3; starts += 1) expect(await warningsOf(url, 'KEPT')).toEqual([]);
      const jsm = await manage(url);
      const kept = await Promise.all(
        ['EVENTS', 'COMMANDS', 'JOBS', 'DEAD'].map(
          async (one) => (await jsm.streams.info(`KEPT_${one}`)).config,
        ),
      );
      const shared = { storage: 'file', retention: 'limits', discard: 'old', num_replicas: 1 };
      expect(kept).toMatchObject([
        { ...shared, subjects: ['kept.event.>'], max_age: 30 * dayNs, duplicate_window: 10 * minuteNs },
        { ...shared, subjects: ['kept.command.>'], max_age: dayNs, duplicate_window: 10 * minuteNs },
        {
          ...shared,
          subjects: ['kept.job.>'],
          retention: 'workqueue',
          discard: 'new',
          discard_new_per_subject: true,
          max_msgs_per_subject: 1,
          duplicate_window: 2 * minuteNs,
        },
        { ...shared, subjects: ['kept.dead.>'], max_age: 90 * dayNs, duplicate_window: 10 * minuteNs },
      ]);
    });

    it('are reported where they stay otherwise than asked, one warning a stream', async () => {
      const jsm = await manage(url);
      // A server never changes this one, so it stays as somebody else has made it.
      await jsm.streams.add({ name: 'BORN_EVENTS', subjects: ['born.event.>'], max_consumers: 5 });
      const real = [[otherwise, { stream: 'BORN_EVENTS', differing: ['max_consumers'] }]];
      expect(await warningsOf(url, 'BORN')).toEqual(real);
      expect(await warningsOf(url, 'BORN')).toEqual(real);
    });

    it('are kept without a reservation where there is no room for one, at the next start as well', async () => {
      for (let starts = 0; starts < 2; starts += 1) {
        const warnings = await warningsOf(smallUrl, 'SMALL');
        expect(warnings.map(([sentence]) => sentence)).toEqual([noRoom, noRoom, noRoom, noRoom]);
      }
      const { config } = await (await manage(smallUrl)).streams.info('SMALL_EVENTS');
      expect(config).toMatchObject({ max_bytes: -1, max_age: 30 * dayNs });
    });
  });
}
