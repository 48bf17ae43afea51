// The inspector's page in a real browser: it frames the package's own receiver, on an origin of its own, and that one
// understands what it is given: registrations and snapshots, for late joiners too, filtered, and without secrets.
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tellCommit } from '../chaos/commands.ts';
import { until } from '../support/until.ts';
import { connect } from '@nats-io/transport-node';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { chromiumPath, openBrowser } from './rig/browser.ts';
import { connectOld } from './rig/clients.ts';
import type { Agent } from './rig/clients.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { serveReceiver } from './rig/receiver.ts';
import type { ReceiverSite } from './rig/receiver.ts';
import { untilHealthy } from './rig/status.ts';
import { lookAt, readAddresses } from './rig/truth.ts';

interface Received {
  readonly type: string;
  readonly sessionId: string;
  readonly name?: string;
  readonly definition?: string;
  readonly event?: { readonly type: string };
  readonly snapshot?: { readonly value: unknown; readonly context: Readonly<Record<string, unknown>> };
}

const secret = 'AKIAIOSFODNN7EXAMPLE';

describe.skipIf(chromiumPath === undefined)(
  'the inspector in a browser (needs Chromium, or DREY_CHROMIUM with its path)',
  () => {
    let place: Place;
    let site: ReceiverSite;
    let node: NodeProcess;
    let agent: Agent;
    let browser: Browser;

    beforeAll(async () => {
      site = await serveReceiver();
      place = await createPlace({
        mcpServers: {
          echo: {
            command: process.execPath,
            args: [join(packageRoot, 'test/fixtures/upstreams/echo.mjs')],
          },
        },
      });
      node = await startNodeProcess({ ...place, env: { ...place.env, DREY_INSPECTOR_URL: site.url } });
      await untilHealthy(node);
      agent = await connectOld(node.url);
      await agent.call('echo__tool_0', {});
      browser = await openBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await agent?.close();
      await node?.stop();
      await site?.close();
      await place?.remove();
    });

    const open = async (...words: readonly string[]): Promise<Page> => {
      const { stdout } = await runDrey(place, ['inspect', '--json', '--data', place.dataFolder, ...words]);
      const page = await browser.newPage();
      await page.goto((JSON.parse(stdout) as { url: string }).url);
      return page;
    };
    const received = async (page: Page): Promise<readonly Received[]> => {
      const frame = page.frames().find((one) => one.url() === site.url);
      return (
        (await frame?.evaluate(() => (globalThis as unknown as { messages?: Received[] }).messages)) ?? []
      );
    };
    const untilReceived = async (page: Page, what: string, is: (message: Received) => boolean) =>
      until(what, async () => (await received(page)).find(is), 20_000);

    it('registers what lives and tells what becomes of it, in the words of the package', async () => {
      const page = await open();
      for (const kind of ['session', 'breaker', 'resource', 'node']) {
        const message = await untilReceived(
          page,
          `a ${kind} is registered`,
          ({ type, sessionId }) => type === '@xstate.actor' && sessionId.split('/')[1] === kind,
        );
        expect(message).toMatchObject({ name: message.sessionId, snapshot: { status: 'active' } });
        expect(JSON.parse(message.definition ?? '')).toHaveProperty('states');
      }
      await agent.call('echo__tool_0', {});
      await untilReceived(
        page,
        'the call is seen',
        ({ type, sessionId, event }) =>
          type === '@xstate.event' &&
          sessionId.includes('/session/') &&
          event?.type.startsWith('call') === true,
      );
      await untilReceived(
        page,
        'where the session stands is seen',
        ({ type, sessionId }) => type === '@xstate.snapshot' && sessionId.includes('/session/'),
      );
      expect(await page.textContent('#state')).toMatch(/^live/);
      await page.close();
    });

    it('shows a late joiner where a durable actor stands, and no secret of it', async () => {
      await until('the namespace stands', async () =>
        lookAt(place.dataFolder, async (truth) => (await truth.rows('select 1 from namespaces')).length > 0),
      );
      const { host, username } = new URL((await readAddresses(place.dataFolder)).natsUrl);
      const bus = await connect({ servers: host, token: username });
      await tellCommit(bus, 'default', 'c-seen', 'first');
      await tellCommit(bus, 'default', 'c-seen', secret);
      const page = await open('--kind', 'context');
      const isSeen = ({ type, snapshot }: Received): boolean =>
        type !== '@xstate.event' && snapshot?.context['version'] === 2;
      const { sessionId, snapshot } = await untilReceived(page, 'the context is there', isSeen);
      expect(sessionId).toBe('default/context/c-seen');
      expect(JSON.stringify(snapshot)).toMatch(/\[redacted:aws:[0-9a-f]{12}\]/);
      await tellCommit(bus, 'default', 'c-seen', 'last');
      await bus.close();
      await untilReceived(page, 'it moves', (one) => one.snapshot?.context['version'] === 3);
      const all = await received(page);
      expect(JSON.stringify(all)).not.toContain(secret);
      expect(new Set(all.map((message) => message.sessionId.split('/')[1]))).toEqual(new Set(['context']));
      await page.close();
    });

    it('shows what the filter asks for once it is changed on the page', async () => {
      const page = await open();
      await untilReceived(page, 'a session is there', ({ sessionId }) => sessionId.includes('/session/'));
      await page.fill('#kind', 'breaker');
      await page.click('#filter button');
      await until('only the breaker is there', async () => {
        const kinds = (await received(page)).map(({ sessionId }) => sessionId.split('/')[1]);
        return kinds.length > 0 && kinds.every((kind) => kind === 'breaker');
      });
      await page.close();
    });
  },
);
