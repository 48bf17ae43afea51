/**
 * The console in a real browser on a real node, with what a real MCP client did and the learner made of it: every page
 * in both themes and both widths, its actions in the database, a restart of the node, and strings that mean harm.
 */
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { workOn } from './demo/agent.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createTasks, prepareWorkshop } from './demo/tasks.ts';
import { chromiumPath, openBrowser } from './rig/browser.ts';
import { expectFit, looks, openLook, press } from './rig/console-look.ts';
import type { Look } from './rig/console-look.ts';
import { createPlace, referenceServer } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { untilHealthy } from './rig/status.ts';
import { lookAt, readAddresses } from './rig/truth.ts';

interface Sop {
  readonly sop_id: string;
  readonly trigger: string;
  readonly procedure: readonly { readonly tool: string }[];
  readonly metadata: { readonly version: number; readonly status: string };
}

const memory = 'The garden lamp was mended on Tuesday';
const hostile = '<img src=x onerror="document.title=1"> \u001b[31mred \u202edlrow\ufe00';

describe.skipIf(chromiumPath === undefined)(
  'the console in a browser (skipped without Chromium; DREY_CHROMIUM names its path)',
  () => {
    let place: Place;
    let node: NodeProcess;
    let browser: Browser;
    let sop: Sop;

    beforeAll(async () => {
      place = await createPlace({ learning: { quietMs: 500 } });
      const workshop = join(place.folder, 'workshop');
      await prepareWorkshop(workshop);
      await place.writeConfig({
        mcpServers: {
          fs: referenceServer(place, 'server-filesystem', workshop),
          memory: referenceServer(place, 'server-memory'),
          every: referenceServer(place, 'server-everything'),
        },
        learning: { quietMs: 500 },
      });
      node = await startNodeProcess(place);
      await untilHealthy(node);
      for (const task of createTasks(workshop).slice(0, 9)) await workOn(node.url, task);
      // One is changed below; what is asked for is another one.
      const find = (isSum: boolean) => async (): Promise<Sop | undefined> =>
        (await listSops()).find(
          ({ metadata, procedure }) =>
            metadata.status === 'active' && procedure.some(({ tool }) => tool === 'every__get-sum') === isSum,
        );
      sop = await until('a procedure is learned', find(false), 120_000);
      await until('the sum is learned', find(true), 120_000);
      await node.post('/api/v1/memories', { content: memory });
      browser = await openBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await node?.stop();
      await place?.remove();
    });

    async function listSops(): Promise<readonly Sop[]> {
      return (await node.get<{ sops: Sop[] }>('/api/v1/sops')).sops;
    }

    const openPage = (look: Look) => openLook(browser, () => node.url, look);

    /** What each page must show: the node's own facts, not only its heading. */
    function toPages(): readonly (readonly [string, string | RegExp])[] {
      return [
        ['#/now', /drey-demo/],
        ['#/sops', sop.trigger],
        [`#/sops/${sop.sop_id}`, 'Step by step'],
        ['#/ask', 'See what an agent would get'],
        ['#/actors', 'b-fs'],
        ['#/actors/_system%2Fbreaker%2Fb-fs', 'halfOpen'],
        ['#/memory', memory],
        ['#/tools', 'fs__read_text_file'],
        ['#/audit', 'acontext_sop_stored'],
        ['#/system', 'DREY_EVENTS'],
      ];
    }

    it.each(looks)('shows each page well: $colorScheme on a $size', async (look) => {
      const { context, page, faults } = await openPage(look);
      await page.goto(node.url);
      for (const [address, shown] of toPages()) {
        await page.evaluate(`location.hash = ${JSON.stringify(address)}`);
        await page.locator('main').getByText(shown).first().waitFor();
        if (address.startsWith('#/sops/'))
          await page.locator('.react-flow__edge').first().waitFor({ state: 'attached' });
        await expectFit(page, address);
      }
      expect(faults).toEqual([]);
      await context.close();
    });

    it('leads from a procedure to the very values of the calls that prove it', async () => {
      const { context, page } = await openPage({ colorScheme: 'light', size: 'desktop' });
      await page.goto(`${node.url}/#/sops`);
      await page.getByRole('link', { name: sop.trigger }).click();
      await page.getByRole('tab', { name: 'Evidence' }).click();
      await page.locator('.calls summary').first().click();
      const { calls } = await node.get<{ calls: { episode_id: string }[] }>(
        `/api/v1/sops/${sop.sop_id}/evidence?limit=50`,
      );
      const episode = await node.get<{ calls: { args: object }[] }>(
        `/api/v1/episodes/${calls[0]?.episode_id}`,
      );
      const shown = await page.locator('.calls pre').first().textContent();
      expect(JSON.parse(shown ?? '')).toEqual(episode.calls[0]?.args);
      await context.close();
    });

    it('retires, approves, edits and judges a procedure, and the database and the audit log say so', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'light', size: 'desktop' });
      const state = async () =>
        lookAt(place.dataFolder, async (truth) => {
          const [row] = await truth.rows<{ status: string; trigger: string }>(
            "select status, trigger from acontext_sops where $1 like '%' || id::text",
            [sop.sop_id],
          );
          return row;
        });
      await page.goto(`${node.url}/#/sops/${sop.sop_id}`);
      await page.getByRole('button', { name: 'Retire' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      expect((await state())?.status, 'nothing happens without a yes').toBe(sop.metadata.status);
      await press(page, 'Retire', 'Retire');
      expect((await state())?.status).toBe('retired');
      await press(page, 'Approve', 'Approve');
      expect((await state())?.status).toBe('active');
      await page.getByRole('button', { name: 'Edit' }).click();
      await page.getByLabel('When the task is like').fill(hostile);
      const line = page.getByRole('textbox', { name: 'Step 1' }).first();
      await line.fill(`${await line.inputValue()} — and tell nobody`);
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect((await state())?.trigger).toBe(hostile);
      await press(page, 'It helped', 'Say so');
      const told = await lookAt(place.dataFolder, (truth) =>
        truth.rows<{ helpful: boolean }>('select helpful from feedback'),
      );
      expect(told).toEqual([{ helpful: true }]);
      const { entries } = await node.get<{ entries: { action: string; object: string }[] }>(
        '/api/v1/audit?limit=50',
      );
      const done = entries.filter(({ object }) => object === sop.sop_id).map(({ action }) => action);
      expect(done.length, done.join()).toBeGreaterThanOrEqual(4);
      // What a person wrote into a step is shown whole, as agents get it.
      await page.locator('.stepwise').getByText('— and tell nobody').waitFor();
      // What means harm is there to be read, and did nothing.
      await page.getByText('<img src=x onerror=').first().waitFor();
      expect(await page.locator('main img').count()).toBe(0);
      expect(await page.locator('h1').textContent()).toContain('‹U+001B›[31mred ‹U+202E›dlrow‹U+FE00›');
      expect(faults).toEqual([]);
      await context.close();
    });

    it('tells what an agent would get, and why, without counting it', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'light', size: 'phone' });
      const served = () =>
        lookAt(place.dataFolder, async (truth) => (await truth.rows('select 1 from injections')).length);
      const before = await served();
      await page.goto(`${node.url}/#/ask`);
      await page.getByLabel('Task').fill('Please announce the sum of 40 and 2');
      await page.getByRole('button', { name: 'See what an agent would get' }).click();
      await page.getByText('every__get-sum').first().waitFor();
      await page.getByText('Because').first().waitFor();
      // Words stand as people wrote them, not as they are compared.
      const said = await page.locator('main').innerText();
      expect(said).toMatch(/announce/);
      expect(said).not.toMatch(/announc(?![ei])/);
      expect(await served()).toBe(before);
      expect(faults).toEqual([]);
      await context.close();
    });

    it('tells patterns in whole words, as people wrote them', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'dark', size: 'desktop' });
      await until(
        'a pattern of words is found',
        async () => {
          const { patterns } = await node.get<{ patterns: { sentence: string }[] }>(
            '/api/v1/patterns?limit=200',
          );
          return patterns.find(({ sentence }) => /^Tasks about .*announce.* begin by/i.test(sentence));
        },
        60_000,
      );
      await page.goto(`${node.url}/#/patterns`);
      await page.getByText(/^Tasks about .*announce/i).waitFor();
      expect(await page.locator('.rows').innerText()).not.toMatch(/announc(?![ei])/i);
      expect(faults).toEqual([]);
      await context.close();
    });

    it('calls procedures and sessions by their tasks in the directory and the tree of actors', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'light', size: 'phone' });
      const other = (await listSops()).find(
        ({ sop_id: id, metadata }) => id !== sop.sop_id && metadata.status === 'active',
      );
      if (other === undefined) throw new Error('only one procedure was learned');
      await page.goto(`${node.url}/#/actors`);
      const named = page.locator('main').getByRole('link', { name: other.trigger });
      await named.waitFor();
      await page.getByLabel('Kind').selectOption('sop');
      await page.getByRole('link', { name: 'b-fs' }).waitFor({ state: 'detached' });
      await page.getByLabel('Search actors').fill(other.trigger.slice(3, 20).toUpperCase());
      await named.waitFor();
      await page.getByRole('tab', { name: 'Tree' }).click();
      await expectFit(page, 'tree of actors');
      await named.click();
      await page.locator('.box-node.lit').getByText('active').waitFor();
      await page.getByRole('link', { name: other.trigger }).click();
      await page.getByRole('tab', { name: 'Evidence' }).waitFor();
      expect(faults).toEqual([]);
      await context.close();
    });

    it('draws a chart on a phone so that it can be read, with its state in sight', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'light', size: 'phone' });
      await page.goto(`${node.url}/#/actors/_system%2Fbreaker%2Fb-fs`);
      const lit = page.locator('.box-node.lit');
      await lit.getByText('closed').waitFor();
      const frame = await page.locator('.frame').boundingBox();
      const box = await until(
        'it is drawn to its size',
        async () => {
          const found = await lit.boundingBox();
          return found !== null && found.width > 120 ? found : undefined;
        },
        10_000,
      );
      const middle = box.x + box.width / 2;
      expect(middle).toBeGreaterThan(frame?.x ?? 0);
      expect(middle).toBeLessThan((frame?.x ?? 0) + (frame?.width ?? 0));
      // The page itself stays as wide as it is; the drawing is scrolled in its frame.
      await expectFit(page, 'a chart on a phone');
      expect(faults).toEqual([]);
      await context.close();
    });

    it('takes no id for a way to somewhere else', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'light', size: 'desktop' });
      await page.goto(`${node.url}/#/sops/${encodeURIComponent('..')}`);
      await page.getByRole('alert').getByText('as its id').waitFor();
      expect(faults).toEqual([]);
      await context.close();
    });

    it('keeps no row of a namespace that is no longer looked at', async () => {
      const { context, page } = await openPage({ colorScheme: 'light', size: 'desktop' });
      await page.goto(`${node.url}/#/sops`);
      await page.locator('.sop-row').first().waitFor();
      await page.getByRole('button', { name: 'Access' }).click();
      await page.getByRole('dialog').getByLabel('Namespace').fill('elsewhere');
      await page.getByRole('dialog').getByLabel('Key').fill(['drey', 'none'].join('_'));
      await page.getByRole('dialog').getByRole('button', { name: 'Show' }).click();
      await page.locator('main').getByRole('alert').first().waitFor();
      expect(await page.locator('.sop-row').count()).toBe(0);
      await page.getByRole('button', { name: 'Access' }).click();
      await page.getByRole('dialog').getByLabel('Namespace').fill('');
      await page.getByRole('button', { name: 'Forget the key' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Show' }).click();
      await page.locator('.sop-row').first().waitFor();
      await context.close();
    });

    it('reads no stream in a tab that nobody looks at, and goes on when somebody does', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'light', size: 'desktop' });
      await page.goto(node.url);
      await page.getByRole('status').getByText('live', { exact: true }).waitFor();
      const turn = (hidden: boolean): Promise<unknown> =>
        page.evaluate(
          `Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} });
          document.dispatchEvent(new Event('visibilitychange'))`,
        );
      const isStream = (request: { url(): string }): boolean => request.url().includes('/events?since=');
      const ended = page.waitForEvent('requestfailed', isStream);
      await turn(true);
      await ended;
      const begun = page.waitForRequest(isStream);
      await turn(false);
      await begun;
      await workOn(node.url, createTasks(join(place.folder, 'workshop'))[2] as never);
      await page.getByLabel('Just happened').getByText('call.finished').first().waitFor();
      expect(faults).toEqual([]);
      await context.close();
    });

    it('tells what fails again and again in one row, so that it hides no other failure', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'dark', size: 'phone' });
      await page.goto(node.url);
      await page.getByRole('status').getByText('live', { exact: true }).waitFor();
      await workOn(node.url, {
        kind: 'add',
        wording: 'look for what is not there',
        run: async (call) => {
          await call('memory__create_entities', { entities: 'none' });
          for (let times = 0; times < 12; times += 1) await call('memory__open_nodes', { names: 'none' });
        },
      });
      const failures = page.getByRole('region', { name: 'Last failures' });
      await failures.getByText('12 times').waitFor();
      await failures.getByText('memory__create_entities').waitFor();
      expect(await failures.getByText('memory__open_nodes').count()).toBe(1);
      expect(faults).toEqual([]);
      await context.close();
    });

    it('goes back through the life of an actor', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'dark', size: 'desktop' });
      const { metadata } = await node.get<Sop>(`/api/v1/sops/${sop.sop_id}`);
      const edited = await fetch(`${node.url}/api/v1/sops/${sop.sop_id}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ version: metadata.version, steps: ['Do it as before.'] }),
      });
      expect(edited.status).toBe(200);
      await page.goto(`${node.url}/#/actors/default%2Fsop%2F${sop.sop_id}`);
      const slider = page.getByRole('slider');
      await page.getByRole('button', { name: 'sop.revised' }).last().waitFor();
      await slider.fill('0');
      await page.getByText('It was then').waitFor();
      const then = page.getByRole('region', { name: 'What it held then' });
      await then.getByText('It had not changed its state yet').waitFor();
      const query = `kind=sop&id=${sop.sop_id}&until=now`;
      const stored = await (await fetch(`${node.url}/api/v1/events?${query}`)).text();
      const edges = [...stored.matchAll(/^data: (.*)$/gm)].map(
        ([, json]) => JSON.parse(json ?? '') as { type: string; data: { version: number } },
      );
      const at = edges.findIndex(({ type }) => type === 'sop.activated');
      expect(at).toBeGreaterThan(0);
      await slider.fill(String(at));
      await then.getByText('After sop.activated').waitFor();
      const held = async () => JSON.parse((await then.locator('pre.value').textContent()) ?? '') as object;
      expect(await held()).toMatchObject({ version: edges[at]?.data.version, who: 'learning' });
      await expectFit(page, 'an actor as it was then');
      await page.locator('.box-node.lit').getByText('active', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Back to now' }).click();
      await page.getByText('It is now').waitFor();
      await then.waitFor({ state: 'detached' });
      // The end of its life is now, and says so.
      await page.goto(`${node.url}/#/actors/_system%2Fresource%2Fr-fs`);
      await page.locator('.box-node.lit').getByText('healthy').waitFor();
      await slider.fill('0');
      await then.waitFor();
      await slider.press('End');
      await page.getByText('It is now').waitFor();
      await page.getByRole('region', { name: 'What it holds' }).getByText('"r-fs"').waitFor();
      expect(faults).toEqual([]);
      await context.close();
    });

    it('goes through tabs by the arrows of the keyboard', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'dark', size: 'desktop' });
      await page.goto(`${node.url}/#/sops/${sop.sop_id}`);
      await page.getByRole('tab', { name: 'Steps' }).focus();
      const isShown = (name: string) => page.getByRole('tab', { name, selected: true }).waitFor();
      for (const [key, name] of [
        ['ArrowRight', 'Evidence'],
        ['End', 'Versions'],
        ['ArrowRight', 'Steps'],
        ['ArrowLeft', 'Versions'],
        ['Home', 'Steps'],
      ] as const) {
        await page.keyboard.press(key);
        await isShown(name);
        expect(await page.evaluate('document.activeElement.textContent')).toBe(name);
      }
      expect(faults).toEqual([]);
      await context.close();
    });

    it('says of an actor without a machine that its past cannot be folded', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'light', size: 'phone' });
      const { memories } = await node.get<{ memories: { memory_id: string }[] }>('/api/v1/memories');
      await page.goto(`${node.url}/#/actors/default%2Fmemory%2F${memories[0]?.memory_id}`);
      const last = page.getByRole('region', { name: 'What it held last' });
      await last.getByText('have no machine').waitFor();
      await page.getByRole('button', { name: 'memory.stored' }).waitFor();
      // A browser tells of each refusal.
      expect(faults.filter((fault) => !fault.includes('400'))).toEqual([]);
      await context.close();
    });

    it('sends a dead letter again and drops it for good', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'light', size: 'desktop' });
      const { host, username } = new URL((await readAddresses(place.dataFolder)).natsUrl);
      const bus = await connect({ servers: host, token: username });
      const message = JSON.stringify({ version: 1, type: 'task.invented', id: 'v-1', text: hostile });
      await jetstream(bus).publish('drey.event.default.session.s-1.task.started', message);
      await bus.close();
      const letters = async () => (await node.get<{ letters: { id: number }[] }>('/api/v1/dead')).letters;
      const first = await until('it is parked', async () => (await letters())[0], 30_000);
      await page.goto(`${node.url}/#/system`);
      await page.getByRole('button', { name: 'Retry' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      const isAnother = ({ id }: { id: number }): boolean => id !== first.id;
      await until('it comes back', async () => (await letters()).some(isAnother), 30_000);
      await page.reload();
      await page.getByRole('button', { name: 'Drop' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Drop' }).click();
      await page.getByText('None: every message found').waitFor();
      expect(await letters()).toEqual([]);
      const { entries } = await node.get<{ entries: { action: string; principal: string }[] }>(
        '/api/v1/audit?limit=50',
      );
      const done = entries.flatMap(({ action, principal }) =>
        action.startsWith('dead_letter_') ? [`${action} by ${principal}`] : [],
      );
      expect(done).toEqual(['dead_letter_dropped by local', 'dead_letter_retried by local']);
      expect(faults).toEqual([]);
      await context.close();
    });

    it('shows what agents say as text, however long it is', async () => {
      const { context, page, faults } = await openPage({ colorScheme: 'light', size: 'phone' });
      await page.goto(node.url);
      await page.getByRole('status').getByText('live', { exact: true }).waitFor();
      await workOn(node.url, {
        kind: 'add',
        wording: hostile,
        run: async (call) => void (await call('every__echo', { message: '<b>'.repeat(350_000) })),
      });
      await page.getByText('<img src=x onerror=').first().waitFor();
      expect(await page.locator('main img, main b').count()).toBe(0);
      expect(await page.title()).toBe('Now · Drey');
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
      expect(await page.evaluate('document.body.innerText.length')).toBeLessThan(20_000);
      expect(faults).toEqual([]);
      await context.close();
    });

    it('lives through a restart of the node and goes on by itself', async () => {
      const { context, page } = await openPage({ colorScheme: 'dark', size: 'phone' });
      await page.goto(node.url);
      await page.getByRole('status').getByText('live', { exact: true }).waitFor();
      const port = Number(new URL(node.url).port);
      await node.stop();
      await page.getByRole('status').getByText('reconnecting').waitFor();
      node = await startNodeProcess({ ...place, port });
      await untilHealthy(node);
      await page.getByRole('status').getByText('live', { exact: true }).waitFor();
      await workOn(node.url, createTasks(join(place.folder, 'workshop'))[2] as never);
      await page
        .getByText(/call\.finished/)
        .first()
        .waitFor();
      await context.close();
    });
  },
);
