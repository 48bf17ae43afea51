/**
 * The console's lists when there is more than a page of it, and what waits for a person's yes: each list goes on to its end
 * and no further than its maximum, and a candidate becomes active by its button, in the database and in the audit log.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { chromiumPath, openBrowser } from './rig/browser.ts';
import { expectFit, openLook, press } from './rig/console-look.ts';
import { createPlace } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { lookAt } from './rig/truth.ts';

/** One more than a page of each; of procedures no more than a caller may write in a minute. */
const count = { sops: 51, runs: 51, keys: 50, audit: 101 } as const;
const desktop = { colorScheme: 'light', size: 'desktop' } as const;

describe.skipIf(chromiumPath === undefined)(
  'the lists of the console (skipped without Chromium; DREY_CHROMIUM names its path)',
  () => {
    let place: Place;
    let node: NodeProcess;
    let browser: Browser;
    let candidate: string;

    const openPage = () => openLook(browser, () => node.url, desktop);

    /** Somebody who may write procedures, and not make them active. */
    async function writeAsHelper(trigger: string): Promise<string> {
      const { key } = await node.post<{ key: string }>('/api/v1/keys', {
        agent: 'helper',
        scopes: ['sop:read', 'sop:write'],
      });
      const answer = await fetch(`${node.url}/api/v1/acontext/sops`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify(toSop(trigger)),
      });
      expect(answer.status).toBe(201);
      return ((await answer.json()) as { sop_id: string }).sop_id;
    }

    beforeAll(async () => {
      place = await createPlace();
      node = await startNodeProcess(place);
      let sopId = '';
      for (let number = 1; number <= count.sops; number += 1) {
        const answer = await node.post<{ sop_id: string }>(
          '/api/v1/acontext/sops',
          toSop(`Water bed ${number}`),
        );
        sopId = answer.sop_id;
      }
      for (let number = 1; number <= count.runs; number += 1)
        await node.post(`/api/v1/sops/${sopId}/runs`, { task: `Round ${number}` });
      for (let number = 1; number <= count.keys; number += 1)
        await node.post('/api/v1/keys', { agent: `gardener-${number}` });
      candidate = await writeAsHelper('Prune the apple tree');
      browser = await openBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await node?.stop();
      await place?.remove();
    });

    it('makes a candidate active by its button, once somebody said yes', async () => {
      const { context, page, faults } = await openPage();
      const status = () =>
        lookAt(place.dataFolder, async (truth) => {
          const [row] = await truth.rows<{ status: string }>(
            "select status from acontext_sops where $1 like '%' || id::text",
            [candidate],
          );
          return row?.status;
        });
      expect(await status()).toBe('candidate');
      await page.goto(`${node.url}/#/sops`);
      await page.getByLabel('Status').selectOption('candidate');
      await page.getByRole('link', { name: 'Prune the apple tree' }).click();
      await page.getByRole('button', { name: 'Approve' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      expect(await status(), 'nothing happens without a yes').toBe('candidate');
      await press(page, 'Approve', 'Approve');
      await page.getByRole('button', { name: 'Approve' }).waitFor({ state: 'detached' });
      expect(await status()).toBe('active');
      const { entries } = await node.get<{
        entries: { action: string; object: string; principal: string }[];
      }>('/api/v1/audit?limit=20');
      expect(entries.find(({ object }) => object === candidate)).toMatchObject({
        action: 'acontext_sop_status_changed',
        principal: 'local',
      });
      expect(faults).toEqual([]);
      await context.close();
    });

    it('shows all procedures once more are asked for, and finds among them', async () => {
      const { context, page, faults } = await openPage();
      await page.goto(`${node.url}/#/sops`);
      const rows = page.locator('.sop-row');
      await page.getByRole('button', { name: 'Show more' }).waitFor();
      expect(await rows.count()).toBe(50);
      await page.getByRole('button', { name: 'Show more' }).click();
      expect(await rows.count(), 'what was shown stays while more is asked for').toBeGreaterThanOrEqual(50);
      await rows.nth(count.sops).waitFor();
      expect(await rows.count()).toBe(count.sops + 1);
      expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0);
      await expectFit(page, 'sops');
      await page.getByLabel('Search procedures').fill('water bed 42');
      await rows.nth(1).waitFor({ state: 'detached' });
      expect(await rows.count()).toBe(1);
      expect(faults).toEqual([]);
      await context.close();
    });

    it('shows each run once, page by page', async () => {
      const { context, page, faults } = await openPage();
      await page.goto(`${node.url}/#/runs`);
      const rows = page.getByRole('region', { name: 'All others' }).locator('.rows li');
      await rows.first().waitFor();
      expect(await rows.count()).toBe(50);
      await page.getByRole('button', { name: 'More', exact: true }).click();
      await rows.nth(50).waitFor();
      const links = await Promise.all((await rows.locator('a').all()).map((one) => one.getAttribute('href')));
      expect(new Set(links).size).toBe(count.runs);
      expect(await page.getByRole('button', { name: 'More', exact: true }).count()).toBe(0);
      expect(faults).toEqual([]);
      await context.close();
    });

    it('goes from the newest entry of the audit log to its oldest and back, and finds those of one action', async () => {
      const { context, page, faults } = await openPage();
      const positions = await lookAt(place.dataFolder, async (truth) => {
        const rows = await truth.rows<{ position: string }>(
          "select position from audit_log where namespace = 'default' order by position desc",
        );
        return rows.map(({ position }) => Number(position));
      });
      expect(positions.length).toBeGreaterThanOrEqual(count.audit);
      await page.goto(`${node.url}/#/audit`);
      const numbers = page.locator('tbody td.number');
      const toShownRows = async (): Promise<number[]> => (await numbers.allTextContents()).map(Number);
      const newest = positions.slice(0, 100);
      await numbers.nth(newest.length - 1).waitFor();
      const seen = await toShownRows();
      expect(seen, 'never more than a page').toEqual(newest);
      for (let before = seen; before.at(-1) !== positions.at(-1);) {
        await page.getByRole('button', { name: 'Older' }).click();
        await page.getByRole('cell', { name: String((before.at(-1) ?? 0) - 1), exact: true }).waitFor();
        before = await toShownRows();
        expect(before.length).toBeLessThanOrEqual(100);
        seen.push(...before);
        await expectFit(page, 'audit');
      }
      expect(seen).toEqual(positions);
      expect(await page.getByRole('button', { name: 'Older' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Newest' }).click();
      await page.getByRole('cell', { name: String(positions[0]), exact: true }).waitFor();
      expect(await toShownRows()).toEqual(newest);
      await page.getByLabel('Action').fill('acontext_sop_status_changed');
      await numbers.nth(1).waitFor({ state: 'detached' });
      expect(await page.locator('tbody').getByText('acontext_sop_status_changed').count()).toBe(1);
      expect(faults).toEqual([]);
      await context.close();
    });
  },
);

function toSop(trigger: string): object {
  return {
    trigger,
    steps: ['Fill the can.', 'Pour it out.'],
    procedure: ['garden__fill', 'garden__pour'].map((tool) => ({
      tool,
      optional: false,
      repeated: false,
      alternatives: [],
      support: 1,
      args: {},
    })),
    confidence: 0.9,
    occurrences: 4,
  };
}
