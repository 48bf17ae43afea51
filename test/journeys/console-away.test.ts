/**
 * The console while the bus, the database or the learner is away: every page stands and says so in one clear line, nothing
 * breaks, and once it is back the line goes and what happens is shown again, without anybody loading the page anew.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { chromiumPath, openBrowser } from './rig/browser.ts';
import { connectOld } from './rig/clients.ts';
import { expectFit, openLook } from './rig/console-look.ts';
import { createPlace, referenceServer, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { startServers } from './rig/servers.ts';
import type { Servers } from './rig/servers.ts';
import { readStatus, untilHealthy } from './rig/status.ts';
import { until } from '../support/until.ts';

const memory = 'The key of the cellar hangs behind the door';
/** Each page, and what it goes on to show of what does not need the bus. */
const pages: readonly (readonly [string, string | RegExp])[] = [
  ['#/now', 'Last failures'],
  ['#/sops', 'Nothing learned yet.'],
  ['#/ask', 'See what an agent would get'],
  ['#/runs', 'Nothing waits for anybody.'],
  ['#/patterns', 'Patterns'],
  ['#/actors', 'b-every'],
  ['#/memory', memory],
  ['#/tools', 'every__echo'],
  ['#/report', 'Report'],
  ['#/audit', 'The chain'],
  ['#/system', 'Dead letters'],
];

describe.skipIf(chromiumPath === undefined)(
  'the console without what its node stands on (skipped without Chromium; DREY_CHROMIUM names its path)',
  () => {
    let servers: Servers | undefined;
    let place: Place;
    let node: NodeProcess;
    let browser: Browser;

    beforeAll(async () => {
      servers = await startServers();
      place = await createPlace();
      await place.writeConfig({ mcpServers: { every: referenceServer(place, 'server-everything') } });
      node = await startNodeProcess({ ...place, env: { ...place.env, ...servers.env } });
      await untilHealthy(node);
      await node.post('/api/v1/memories', { content: memory });
      browser = await openBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await node?.stop();
      await servers?.stop();
      await place?.remove();
    });

    it('stands on every page without the bus, says so, and goes on by itself', async () => {
      const { context, page, faults } = await openLook(browser, () => node.url, {
        colorScheme: 'light',
        size: 'desktop',
      });
      await page.goto(node.url);
      await page.getByRole('status').getByText('live', { exact: true }).waitFor();
      const banner = page.getByRole('alert').getByText('The bus (NATS) is away.');
      await servers?.stopBus();
      await banner.waitFor({ timeout: 60_000 });
      for (const [address, shown] of pages) {
        await page.evaluate(`location.hash = ${JSON.stringify(address)}`);
        await page.locator('main').getByText(shown).first().waitFor();
        await banner.waitFor();
        expect(await page.getByText('This page broke').count(), address).toBe(0);
        await expectFit(page, address);
      }
      // Calls go on, as the line says.
      const agent = await connectOld(node.url);
      expect((await agent.call('every__echo', { message: 'still here' })).text).toContain('still here');
      await page.evaluate("location.hash = '#/now'");
      await servers?.startBus();
      await banner.waitFor({ state: 'detached', timeout: 90_000 });
      await page.getByRole('status').getByText('live', { exact: true }).waitFor({ timeout: 60_000 });
      // What happened meanwhile waited, and comes.
      await page.getByLabel('Just happened').getByText('every__echo').first().waitFor({ timeout: 60_000 });
      await agent.close();
      // An answer that says “not now” is logged by the browser itself; anything else would be a fault of the page.
      expect(faults.filter((one) => !one.startsWith('Failed to load resource'))).toEqual([]);
      await context.close();
    });

    it('says that a database of somebody else is away, also to the command line, and that it is back', async () => {
      const { context, page } = await openLook(browser, () => node.url, {
        colorScheme: 'dark',
        size: 'phone',
      });
      await page.goto(`${node.url}/#/memory`);
      await page.locator('main').getByText(memory).first().waitFor();
      await servers?.stopDatabase();
      const banner = page.getByRole('alert').getByText('The database (Postgres) is away.');
      await banner.waitFor({ timeout: 60_000 });
      expect(await readStatus(node)).toMatchObject({ state: 'degraded', missing: ['store'] });
      const { stdout } = await runDrey(place, ['status', '--data', place.dataFolder]);
      expect(stdout).toMatch(/^missing +the database \(Postgres\) is away/m);
      expect(stdout).toMatch(/^r-postgres +away/m);
      for (const [address] of pages) {
        await page.evaluate(`location.hash = ${JSON.stringify(address)}`);
        await page.locator('main h1').waitFor();
        expect(await page.getByText('This page broke').count(), address).toBe(0);
      }
      const agent = await connectOld(node.url);
      expect((await agent.call('every__echo', { message: 'still here' })).text).toContain('still here');
      await agent.close();
      await servers?.startDatabase();
      await banner.waitFor({ state: 'detached', timeout: 60_000 });
      await page.evaluate("location.hash = '#/memory'");
      await page.locator('main').getByText(memory).first().waitFor();
      await context.close();
    });

    it('says that the learner is away while it cannot start, and that it is back', async () => {
      const { context, page, faults } = await openLook(browser, () => node.url, {
        colorScheme: 'light',
        size: 'desktop',
      });
      await untilHealthy(node);
      await page.goto(node.url);
      const events = join(place.dataFolder, 'learner-events');
      await rename(events, `${events}-aside`);
      await writeFile(events, 'a file where its folder should be');
      process.kill((await readStatus(node)).learning.pid ?? 0, 'SIGKILL');
      const banner = page.getByRole('alert').getByText('The learner is away.');
      await banner.waitFor({ timeout: 60_000 });
      await expectFit(page, 'without the learner');
      await rm(events);
      await rename(`${events}-aside`, events);
      await banner.waitFor({ state: 'detached', timeout: 90_000 });
      await until(
        'it learns',
        async () => (await readStatus(node)).learning.engine_status === 'running',
        60_000,
      );
      expect(faults).toEqual([]);
      await context.close();
    });
  },
);
