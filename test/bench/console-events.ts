/**
 * The console's first page under 200 events a second: whether all are shown, whether frames are dropped, and whether its
 * memory stays flat. Memory is what a collection leaves, and flat is a slope, beside what the page's own objects grew by.
 */
import { connect } from '@nats-io/transport-node';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { readAddresses } from '../journeys/rig/truth.ts';
import { measure, quantile } from './measure.ts';
import type { Measure } from './measure.ts';

const perSecond = { past: 400, now: 200 } as const;
/** One in so many is a call. */
const callEvery = 5;
/** The charts: ten minutes in bars of five seconds. */
const bars = { ms: 5_000, count: 120 } as const;
const frameMsMax = 50;
const pointerBytes = 4;
const sliceMs = 100;
const lookMs = 5_000;
/** The page's lists and its ten minutes of calls are full after this; what grows from then on is a leak. */
const warmMs = 60_000;
const measuredMs = 10 * 60_000;
const quickMs = { warm: 5_000, measured: 20_000 } as const;

/** A look at what the page holds, so many minutes after the lists were full. */
interface Held {
  readonly minute: number;
  readonly heap: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** Ten minutes at 200 events a second, after a minute in which the page's lists fill. */
export async function measureEvents(
  browser: Browser,
  url: string,
  dataFolder: string,
  quick: boolean,
): Promise<Measure[]> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.getByRole('status').getByText('live', { exact: true }).waitFor();
  const { host, username } = new URL((await readAddresses(dataFolder)).natsUrl);
  const bus = await connect({ servers: host, token: username });
  const feed = createFeed((subject, payload) => bus.publish(subject, payload));
  const { warm, measured } = quick ? quickMs : { warm: warmMs, measured: measuredMs };
  await feed.run(warm, 'past');
  const devtools = await page.context().newCDPSession(page);
  await page.evaluate(countFrames);
  const before = await weighObjects(devtools);
  const held: Held[] = [];
  const begun = performance.now();
  const fed = feed.run(measured, 'now');
  for (let passed = 0; passed < measured; passed = performance.now() - begun) {
    held.push(await look(devtools, passed / 60_000));
    await pause(Math.min(lookMs, measured - passed));
  }
  await fed;
  const seconds = (performance.now() - begun) / 1_000;
  const delayMs = await untilShown(page, feed.last());
  await bus.close();
  const kept = (await weighObjects(devtools)) - before;
  const { count, long } = await page.evaluate<{ count: number; long: number }>('frames_');
  const heaps = held.map(({ heap }) => heap);
  const slope = toSlope(held, ({ heap }) => heap);
  return [
    measure('console.events.seconds', seconds, 's', 'higher'),
    measure('console.events.per_second', feed.sent() / seconds, 'events/s', 'higher', perSecond.now * 0.99),
    measure('console.events.last_shown_after.ms', delayMs, 'ms', 'lower'),
    measure('console.frames.per_second', count / seconds, 'frames/s', 'higher'),
    measure('console.frames_over_50ms.share', long / Math.max(1, count), 'ratio', 'lower', 0.01),
    measure('console.heap.MB', quantile(heaps, 0.5) / 1e6, 'MB', 'lower'),
    measure('console.heap.slope.kB_per_minute', slope / 1e3, 'kB/min', 'lower'),
    measure('console.heap.drift', (slope * 10) / quantile(heaps, 0.5), 'ratio', 'lower', 0.1),
    // The least that can be kept of each event is a pointer to it.
    measure(
      'console.objects.growth.kB',
      kept / 1e3,
      'kB',
      'lower',
      ((measured / 1e3) * perSecond.now * pointerBytes) / 1e3,
    ),
    measure(
      'console.nodes.slope_per_minute',
      toSlope(held, ({ nodes }) => nodes),
      'nodes/min',
      'lower',
      5,
    ),
    measure(
      'console.listeners.slope_per_minute',
      toSlope(held, (one) => one.listeners),
      '1/min',
      'lower',
      1,
    ),
  ];
}

/** Counts frames, and keeps none: what the measure itself holds would look like a leak. */
const countFrames = `globalThis.frames_ = { count: 0, long: 0 }; let last = performance.now();
const tick = (now) => { frames_.count += 1; if (now - last > ${frameMsMax}) frames_.long += 1; last = now; requestAnimationFrame(tick); };
requestAnimationFrame(tick);`;

async function look(devtools: CDPSession, minute: number): Promise<Held> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize: heap } = await devtools.send('Runtime.getHeapUsage');
  const { nodes, jsEventListeners: listeners } = await devtools.send('Memory.getDOMCounters');
  return { minute, heap, nodes, listeners };
}

interface Snapshot {
  readonly snapshot: { readonly meta: { readonly node_fields: string[]; readonly node_types: string[][] } };
  readonly nodes: readonly number[];
}

/** What a page can leak: the engine compiles code for minutes, and the browser's own lists are bounded. */
const ownTypes = new Set([
  'object',
  'array',
  'string',
  'concatenated string',
  'sliced string',
  'closure',
  'number',
]);

/** Bytes of the page's own objects. */
async function weighObjects(devtools: CDPSession): Promise<number> {
  const chunks: string[] = [];
  const take = ({ chunk }: { chunk: string }): void => void chunks.push(chunk);
  devtools.on('HeapProfiler.addHeapSnapshotChunk', take);
  await devtools.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  devtools.off('HeapProfiler.addHeapSnapshotChunk', take);
  const { snapshot, nodes } = JSON.parse(chunks.join('')) as Snapshot;
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [typeAt, sizeAt] = [fields.indexOf('type'), fields.indexOf('self_size')];
  let bytes = 0;
  for (let at = 0; at < nodes.length; at += fields.length)
    if (ownTypes.has(types[typeAt]?.[nodes[at + typeAt] ?? -1] ?? '')) bytes += nodes[at + sizeAt] ?? 0;
  return bytes;
}

/** What is measured is a page that shows them, down to the last one. */
async function untilShown(page: Page, id: string): Promise<number> {
  const begun = performance.now();
  await page.getByText(`memory ${id}`).first().waitFor();
  return performance.now() - begun;
}

/** The median of the slopes between any two looks: what stands out once does not bend it. */
function toSlope(held: readonly Held[], pick: (one: Held) => number): number {
  const slopes = held.flatMap((one, at) =>
    held.slice(at + 1).map((other) => (pick(other) - pick(one)) / (other.minute - one.minute)),
  );
  return quantile(slopes, 0.5);
}

interface Feed {
  /** Publishes for so long, at its pace; `past` tells of calls of the ten minutes before, so that the charts are full. */
  run(ms: number, when: 'past' | 'now'): Promise<void>;
  /** How many were sent as of now. */
  sent(): number;
  /** The memory that was told last. */
  last(): string;
}

function createFeed(publish: (subject: string, payload: string) => void): Feed {
  let ordinal = 0;
  let counted = 0;
  let memory = '';
  const next = (when: 'past' | 'now'): void => {
    ordinal += 1;
    const at = Date.now() - (when === 'now' ? 0 : (ordinal % bars.count) * bars.ms);
    if (when === 'past' || ordinal % callEvery === 0) return publish(...toCall(ordinal, at));
    memory = `m-${ordinal}`;
    publish(...toMemory(memory, at));
  };
  return {
    async run(ms, when) {
      const begun = performance.now();
      let done = 0;
      for (let passed = 0; passed < ms; passed = performance.now() - begun) {
        const due = Math.floor((Math.min(ms, passed + sliceMs) / 1_000) * perSecond[when]);
        for (; done < due; done += 1) next(when);
        await pause(sliceMs);
      }
      if (when === 'now') counted += done;
    },
    sent: () => counted,
    last: () => memory,
  };
}

function toMemory(id: string, at: number): [string, string] {
  const event = toEnvelope('memory.stored', { kind: 'memory', id }, at, { version: 1 });
  return [`drey.event.default.memory.${id}.memory.stored`, event];
}

function toCall(ordinal: number, at: number): [string, string] {
  const id = `s-bench-${ordinal % 50}`;
  const event = toEnvelope('call.finished', { kind: 'session', id }, at, {
    callId: `k-bench-${ordinal}`,
    name: 'bench__call',
    durationMs: 1 + (ordinal % 40),
    isError: ordinal % 100 === 0,
  });
  return [`drey.event.default.session.${id}.call.finished`, event];
}

let told = 0;

function toEnvelope(type: string, actor: { kind: string; id: string }, at: number, data: object): string {
  told += 1;
  const id = `v-bench-${told}`;
  return JSON.stringify({
    id,
    type,
    at: new Date(at).toISOString(),
    namespace: 'default',
    actor,
    version: 1,
    data,
  });
}
