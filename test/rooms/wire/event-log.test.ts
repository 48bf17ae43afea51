import { fork } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import {
  type EventLog,
  type EventLogOptions,
  openEventLog,
  type Parcel,
  parseEvent,
  type Pump,
  startPump,
} from '../../../src/wire/wire.ts';
import { repository } from '../../support/programs.ts';
import { quietLog, recordingLog } from '../../support/quiet-log.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';
import { toNumber, toTestEvent } from './events.ts';

let folder: TemporaryFolder;
let open: { close(): void }[] = [];
let pumps: Pump[] = [];
const now = (): number => performance.now();

function openLog(options: Partial<EventLogOptions> = {}): EventLog {
  const eventLog = openEventLog({ folder: folder.path, log: quietLog, now, ...options });
  open.push(eventLog);
  return eventLog;
}

/** A bus of this test: it stores by id, and can be away, or fail in the middle. */
function createBus() {
  const stored: Parcel[] = [];
  const ids = new Set<string>();
  const bus = {
    stored,
    away: false,
    failAfter: Number.POSITIVE_INFINITY,
    sent: 0,
    publishAll: async (parcels: readonly Parcel[]): Promise<void> => {
      for (const parcel of parcels) {
        await breathe();
        if (bus.away || bus.failAfter-- <= 0) {
          bus.failAfter = Number.POSITIVE_INFINITY;
          throw new DreyError('bus_unavailable', 'the bus is away');
        }
        bus.sent += 1;
        if (!ids.has(parcel.id)) stored.push({ ...parcel, payload: Buffer.from(parcel.payload) });
        ids.add(parcel.id);
      }
    },
    numbers: () => stored.map((parcel) => toNumber(parseEvent(parcel.payload))),
  };
  return bus;
}

function pump(eventLog: EventLog, bus: ReturnType<typeof createBus>, batchMax = 256): Pump {
  const started = startPump({ eventLog, publishAll: bus.publishAll, log: quietLog, batchMax, retryMs: 5 });
  pumps.push(started);
  return started;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const segments = (): string[] => readdirSync(folder.path).filter((name) => name.startsWith('events-'));

beforeEach(async () => {
  folder = await temporaryFolder('drey-event-log');
});

afterEach(async () => {
  await Promise.all(pumps.map(async (started) => started.stop()));
  for (const eventLog of open) eventLog.close();
  [open, pumps] = [[], []];
  await folder.remove();
});

describe('the event log', () => {
  it('gives every event to the bus once and in order', async () => {
    const [eventLog, bus] = [openLog(), createBus()];
    pump(eventLog, bus);
    for (const number of upTo(1_000)) expect(eventLog.append(toTestEvent(number))).toBe(number);
    await until('all is sent', () => eventLog.waiting === 0);
    expect(bus.numbers()).toEqual(upTo(1_000));
    expect(bus.stored[0]?.path).toBe('event.acme.memory.m-a.memory.forgotten');
    expect(eventLog.figures()).toMatchObject({
      waiting: 0,
      appended: 1_000,
      appendUs: { count: 1_000 },
      ackMs: { count: 1_000 },
    });
  });

  it('takes many at once as it takes each alone, over files and between single ones', async () => {
    const [eventLog, bus] = [openLog({ segmentBytesMax: 5_000, diskBytesMax: 1_000_000 }), createBus()];
    eventLog.append(toTestEvent(0));
    eventLog.appendAll(
      upTo(300)
        .slice(1)
        .map((number) => toTestEvent(number)),
    );
    eventLog.appendAll([]);
    expect(eventLog.append(toTestEvent(300))).toBe(300);
    eventLog.appendAll(
      upTo(500)
        .slice(301)
        .map((number) => toTestEvent(number)),
    );
    expect(eventLog.waiting).toBe(500);
    expect(segments().length).toBeGreaterThan(10);
    eventLog.close();
    const next = openLog();
    expect(next.waiting).toBe(500);
    pump(next, bus, 64);
    await until('all is sent', () => next.waiting === 0);
    expect(bus.numbers()).toEqual(upTo(500));
  });

  it('refuses many that have no room, and says so', () => {
    const eventLog = openLog({ segmentBytesMax: 2_000, diskBytesMax: 10_000 });
    expect(() => eventLog.appendAll(upTo(300).map((number) => toTestEvent(number)))).toThrow(
      expect.objectContaining({ code: 'event_log_full' }),
    );
    expect(eventLog.figures().diskBytes).toBeLessThanOrEqual(10_000);
  });

  it('keeps what the bus does not take and sends it from there', async () => {
    const [eventLog, bus] = [openLog({ segmentBytesMax: 5_000, diskBytesMax: 1_000_000 }), createBus()];
    bus.away = true;
    pump(eventLog, bus, 16);
    for (const number of upTo(300)) eventLog.append(toTestEvent(number));
    expect(eventLog.waiting).toBe(300);
    bus.away = false;
    bus.failAfter = 100;
    await until('all is sent', () => eventLog.waiting === 0);
    expect(bus.numbers()).toEqual(upTo(300));
    expect(bus.sent).toBeGreaterThan(300);
  });

  it('removes a segment when all of it is acknowledged', async () => {
    const [eventLog, bus] = [openLog({ segmentBytesMax: 5_000, diskBytesMax: 1_000_000 }), createBus()];
    for (const number of upTo(300)) eventLog.append(toTestEvent(number));
    expect(segments().length).toBeGreaterThan(10);
    pump(eventLog, bus, 16);
    await until('all is sent', () => eventLog.waiting === 0);
    expect(segments()).toHaveLength(1);
    expect(eventLog.figures().diskBytes).toBeLessThan(6_000);
  });

  it('goes on after a restart where the bus had acknowledged', async () => {
    const [first, bus] = [openLog(), createBus()];
    for (const number of upTo(100)) first.append(toTestEvent(number));
    const page = first.read(60);
    if (page === undefined) throw new Error('nothing to read');
    await bus.publishAll(page.parcels);
    first.acknowledge(page);
    first.close();
    const second = openLog();
    expect(second.waiting).toBe(40);
    second.append(toTestEvent(100));
    pump(second, bus);
    await until('all is sent', () => second.waiting === 0);
    expect(bus.numbers()).toEqual(upTo(101));
    expect(bus.sent).toBe(101);
  });

  it('sends all it has when the position was lost', async () => {
    const first = openLog();
    for (const number of upTo(10)) first.append(toTestEvent(number));
    first.close();
    writeFileSync(join(folder.path, 'position.json'), '{"segm');
    const [second, bus] = [openLog(), createBus()];
    pump(second, bus);
    await until('all is sent', () => second.waiting === 0);
    expect(bus.numbers()).toEqual(upTo(10));
  });

  it('skips a torn last line with a report, and loses nothing else', async () => {
    const first = openLog();
    for (const number of upTo(10)) first.append(toTestEvent(number));
    first.close();
    const path = join(folder.path, segments()[0] ?? '');
    truncateSync(path, readFileSync(path).length - 20);
    const { log, sentences } = recordingLog();
    const [second, bus] = [openLog({ log }), createBus()];
    expect(sentences.join()).toContain('torn');
    expect(second.waiting).toBe(9);
    second.append(toTestEvent(10));
    pump(second, bus);
    await until('all is sent', () => second.waiting === 0);
    expect(bus.numbers()).toEqual([...upTo(9), 10]);
  });

  it('skips a spoiled line in the middle with a report', async () => {
    const first = openLog();
    for (const number of upTo(10)) first.append(toTestEvent(number));
    first.close();
    const path = join(folder.path, segments()[0] ?? '');
    const content = readFileSync(path);
    content[content.indexOf('v-a-4') + 30] = 0x21;
    writeFileSync(path, content);
    appendFileSync(path, 'rubbish that is no line\n\n');
    const { log, sentences } = recordingLog();
    const [second, bus] = [openLog({ log }), createBus()];
    pump(second, bus);
    await until('all is read', () => second.waiting === 0);
    expect(bus.numbers()).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9]);
    expect(second.figures().spoiled).toBe(3);
    expect(sentences.join()).toContain('spoiled');
  });

  it('refuses to grow beyond its disk, and goes on when there is room', async () => {
    const [eventLog, bus] = [openLog({ segmentBytesMax: 2_000, diskBytesMax: 10_000 }), createBus()];
    let taken = 0;
    const fill = (): void => {
      for (;;) {
        eventLog.append(toTestEvent(taken));
        taken += 1;
      }
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'event_log_full' }));
    pump(eventLog, bus);
    await until('all is sent', () => eventLog.waiting === 0);
    eventLog.append(toTestEvent(taken));
    await until('all is sent', () => eventLog.waiting === 0);
    expect(bus.numbers()).toEqual(upTo(taken + 1));
  });

  it('raises lag once, and once when it is over', async () => {
    const [eventLog, bus] = [openLog({ lagAlarmEvents: 100 }), createBus()];
    const heard: boolean[] = [];
    eventLog.onLag(({ lagging }) => heard.push(lagging));
    for (const number of upTo(300)) eventLog.append(toTestEvent(number));
    expect(heard).toEqual([true]);
    pump(eventLog, bus, 20);
    await until('all is sent', () => eventLog.waiting === 0);
    expect(heard).toEqual([true, false]);
  });

  it('tells how old the oldest of those waiting is, those of an earlier run since its own start', async () => {
    let time = 1_000;
    const first = openLog({ now: () => time, lagAlarmEvents: 1 });
    expect(first.figures()).toMatchObject({ oldestMs: 0, lagging: false });
    first.append(toTestEvent(0));
    time = 1_500;
    first.append(toTestEvent(1));
    time = 2_000;
    expect(first.figures()).toMatchObject({ oldestMs: 1_000, lagging: true });
    const page = first.read(1);
    if (page !== undefined) first.acknowledge(page);
    expect(first.figures()).toMatchObject({ oldestMs: 500, waiting: 1 });
    first.close();
    time = 9_000;
    const second = openLog({ now: () => time });
    second.append(toTestEvent(2));
    time = 9_250;
    expect(second.figures()).toMatchObject({ oldestMs: 250, waiting: 2 });
  });

  it('syncs in groups to the disk', async () => {
    const eventLog = openLog({ sync: 'group', segmentBytesMax: 20_000, diskBytesMax: 1_000_000 });
    await Promise.all(
      upTo(500).map(async (number) => {
        eventLog.append(toTestEvent(number));
        await eventLog.settled();
      }),
    );
    expect(eventLog.waiting).toBe(500);
  });

  it('keeps aside what the bus will never take', async () => {
    const [eventLog, bus] = [openLog(), createBus()];
    const publishAll = async (parcels: readonly Parcel[]): Promise<void> => {
      if (parcels.some((parcel) => parcel.id === 'v-a-3')) throw new DreyError('body_too_large', 'too large');
      await bus.publishAll(parcels);
    };
    for (const number of upTo(6)) eventLog.append(toTestEvent(number));
    pumps.push(startPump({ eventLog, publishAll, log: quietLog }));
    await until('all is done', () => eventLog.waiting === 0);
    expect(bus.numbers()).toEqual([0, 1, 2, 4, 5]);
    expect(readFileSync(join(folder.path, 'refused.jsonl'), 'utf8')).toContain('v-a-3');
    expect(eventLog.figures().setAside).toBe(1);
  });

  it('drains before it stops, for as long as it may', async () => {
    const [eventLog, bus] = [openLog(), createBus()];
    const started = pump(eventLog, bus);
    for (const number of upTo(500)) eventLog.append(toTestEvent(number));
    await started.stop({ drainMs: 5_000 });
    expect(eventLog.waiting).toBe(0);
    bus.away = true;
    const again = pump(eventLog, bus);
    eventLog.append(toTestEvent(500));
    await again.stop({ drainMs: 30 });
    expect(eventLog.waiting).toBe(1);
  });

  it('has every event that was appended before a kill', async () => {
    for (const round of upTo(3)) {
      const child = fork(join(repository, 'dist/test/rooms/wire/appender.js'), [folder.path, String(round)], {
        execArgv: [],
      });
      const last = await new Promise<number>((resolve, reject) => {
        let seen = -1;
        child.on('error', reject);
        child.on('message', (number) => {
          seen = Number(number);
          if (seen >= 500) child.kill('SIGKILL');
        });
        child.on('exit', () => resolve(seen));
      });
      expect(last).toBeGreaterThanOrEqual(500);
      const [eventLog, bus] = [openLog(), createBus()];
      pump(eventLog, bus);
      await until('all is sent', () => eventLog.waiting === 0);
      expect(bus.numbers().slice(0, last + 1)).toEqual(upTo(last + 1));
      expect(bus.numbers()).toEqual(upTo(bus.stored.length));
      eventLog.close();
    }
  });
});
