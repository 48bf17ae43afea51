/**
 * The console in a browser on a real node: how soon the first view stands, how much script that takes, whether 200
 * events a second are shown without dropping frames, and whether its memory stays flat.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { packageRoot, startNodeProcess } from '../journeys/demo/node.ts';
import { chromiumPath, openBrowser } from '../journeys/rig/browser.ts';
import { createPlace } from '../journeys/rig/place.ts';
import { measureEvents } from './console-events.ts';
import { measure, quantile } from './measure.ts';
import type { Bench, Measure } from './measure.ts';

export const consoleBench: Bench = {
  name: 'console',
  about: 'the first view, its script, 200 events a second, and memory (needs Chromium)',
  async run({ quick }) {
    if (chromiumPath === undefined) throw new Error('no Chromium was found; DREY_CHROMIUM names its path');
    const place = await createPlace();
    // What is measured is the page; a learner that digests invented calls would only heat the machine.
    const node = await startNodeProcess({ ...place, args: ['--role', 'gateway'] });
    const browser = await openBrowser();
    try {
      return [
        ...(await measureScript()),
        ...(await measureFirstView(browser, node.url, quick ? 3 : 9)),
        ...(await measureEvents(browser, node.url, place.dataFolder, quick)),
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

/** When something of the page itself was seen first, as the browser noted it. */
const firstPaint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0";

/** From the request until the node's facts stand on the page, without a cache. */
async function measureFirstView(browser: Browser, url: string, rounds: number): Promise<Measure[]> {
  const times: number[] = [];
  const counts: number[] = [];
  const painted: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const context = await browser.newContext();
    const page = await context.newPage();
    let count = 0;
    page.on('request', () => {
      count += 1;
    });
    const begun = performance.now();
    await page.goto(url);
    await page.getByText('postgres').first().waitFor();
    times.push(performance.now() - begun);
    counts.push(count);
    painted.push(await page.evaluate<number>(firstPaint));
    await context.close();
  }
  return [
    measure('console.first_view.ms', quantile(times, 0.5), 'ms', 'lower', 1_000),
    measure('console.first_paint.ms', quantile(painted, 0.5), 'ms', 'lower'),
    measure('console.first_view.requests', quantile(counts, 0.5), 'requests', 'lower'),
  ];
}
