/**
 * The console in a browser on a real node: how soon the first view stands, how much script that takes, whether 200
 * events a second are shown without dropping frames, and whether its memory stays flat.
 */
import { connect } from '@nats-io/transport-node';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { packageRoot, startNodeProcess } from '../journeys/demo/node.ts';
import { chromiumPath, openBrowser } from '../journeys/rig/browser.ts';
import { createPlace } from '../journeys/rig/place.ts';
import { readAddresses } from '../journeys/rig/truth.ts';
import { measure, quantile } from './measure.ts';
import type { Bench, Measure } from './measure.ts';

const eventsPerSecond = 200;
const frameMsMax = 50;

export const consoleBench: Bench = {
  name: 'console',
  about: 'the first view, its script, 200 events a second, and memory (needs Chromium)',
  async run({ quick }) {
    if (chromiumPath === undefined) throw new Error('no Chromium was found; DREY_CHROMIUM names its path');
    const place = await createPlace();
    const node = await startNodeProcess(place);
    const browser = await openBrowser();
    try {
      return [
        ...(await measureScript()),
        await measureFirstView(browser, node.url, quick ? 3 : 9),
        ...(await measureEvents(browser, node.url, place.dataFolder, quick ? 10 : 600)),
      ];
    } finally {
      await browser.close();
      await node.stop();
      await place.remove();
    }
  },
};

async function measureScript(): Promise<Measure[]> {
  const folder = join(packageRoot, 'dist/console');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  const sizes = await Promise.all(
    names.map(async (name) => gzipSync(await readFile(join(folder, name))).length),
  );
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return [measure('console.script.kB', all / 1_000, 'kB', 'lower', 400)];
}

/** From the request until the node's facts stand on the page, without a cache. */
async function measureFirstView(browser: Browser, url: string, rounds: number): Promise<Measure> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const begun = performance.now();
    await page.goto(url);
    await page.getByText('postgres').first().waitFor();
    times.push(performance.now() - begun);
    await context.close();
  }
  return measure('console.first_view.ms', quantile(times, 0.5), 'ms', 'lower', 1_000);
}

async function measureEvents(
  browser: Browser,
  url: string,
  dataFolder: string,
  seconds: number,
): Promise<Measure[]> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.getByRole('status').getByText('live', { exact: true }).waitFor();
  const { host, username } = new URL((await readAddresses(dataFolder)).natsUrl);
  const bus = await connect({ servers: host, token: username });
  await page.evaluate(
    `globalThis.frames_ = []; let last = performance.now(); const tick = (now) => { if (frames_.length < 200000) frames_.push(now - last); last = now; requestAnimationFrame(tick); }; requestAnimationFrame(tick);`,
  );
  const heaps: number[] = [];
  for (let second = 0; second < seconds; second += 1) {
    for (let slice = 0; slice < 10; slice += 1) {
      const first = (second * 10 + slice) * (eventsPerSecond / 10);
      for (let index = 0; index < eventsPerSecond / 10; index += 1) bus.publish(...toEvent(first + index));
      await pause(100);
    }
    if (second % 5 === 4) heaps.push(await readHeap(page));
  }
  await bus.close();
  // What is measured is a page that shows them.
  await page.getByText('memory.stored').first().waitFor();
  const frames = await page.evaluate<number[]>('frames_');
  const long = frames.filter((ms) => ms > frameMsMax).length / Math.max(1, frames.length);
  const half = Math.floor(heaps.length / 2);
  const growth = quantile(heaps.slice(half), 0.5) / quantile(heaps.slice(0, Math.max(1, half)), 0.5);
  return [
    measure('console.frames_over_50ms.share', long, 'ratio', 'lower', 0.01),
    measure('console.heap.MB', quantile(heaps, 0.5) / 1e6, 'MB', 'lower'),
    measure('console.heap.growth', growth, 'ratio', 'lower', 1.1),
  ];
}

/** What is used after a collection; a heap that only waits for one is no leak. */
async function readHeap(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  return usedSize;
}

function toEvent(ordinal: number): [string, string] {
  const id = `v-bench-${ordinal}`;
  const actor = { kind: 'memory', id: `m-${ordinal}` };
  const event = {
    id,
    type: 'memory.stored',
    at: new Date().toISOString(),
    namespace: 'default',
    actor,
    version: 1,
    data: { version: 1 },
  };
  return [`drey.event.default.memory.${actor.id}.memory.stored`, JSON.stringify(event)];
}
