/**
 * A procedure's life in a namespace of two principals, through the doors they have: one alone is kept in the shadow, the
 * second one's success or an approval lifts it, silent predictions that miss take it out again, and all of it replays.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { cli } from '../support/run-cli.ts';
import { until } from '../support/until.ts';
import { openNeighbours } from './rig/neighbours.ts';
import type { Neighbour, Neighbours } from './rig/neighbours.ts';

let house: Neighbours;
let ada: Neighbour;
let grace: Neighbour;
const waitMs = 60_000;

beforeAll(async () => {
  house = await openNeighbours();
  ada = await house.move('acme', 'ada');
  grace = await house.move('acme', 'grace');
}, 300_000);
afterAll(() => house?.stop(), 60_000);

const Sop = z.looseObject({
  sop_id: z.string(),
  trigger: z.string(),
  confidence: z.number(),
  metadata: z.looseObject({
    status: z.string(),
    version: z.number(),
    waits_for: z.string().optional(),
    reliability: z.looseObject({
      checked: z.number(),
      share: z.number().nullable(),
      last_checked_at: z.string().nullable(),
      reason: z.string().nullable(),
    }),
  }),
});

/** Tools of a task, each called once. */
const done = (key: string, task: string, tools: readonly string[], day: number) => ({
  source: 'test',
  key,
  task,
  outcome: 'success',
  agent: 'test',
  startedAt: `2026-02-${String(day).padStart(2, '0')}T10:00:00.000Z`,
  calls: tools.map((tool) => ({ server: 'desk', tool, args: { ref: key }, result: 'ok', error: false })),
});

async function work(who: Neighbour, ...episodes: readonly object[]): Promise<void> {
  const body = episodes.map((one) => JSON.stringify(one)).join('\n');
  expect(await who.ask('POST', '/import', body, 'application/x-ndjson')).toMatchObject({ status: 200 });
}

async function ask<T>(who: Neighbour, path: string, answer: z.ZodType<T>): Promise<T> {
  const { text } = await who.ask('GET', path);
  return answer.parse(JSON.parse(text));
}

const find = (trigger: string, status: string) =>
  until(
    `${trigger} is ${status}`,
    async () => {
      const { sops } = await ask(ada, '/sops', z.object({ sops: z.array(Sop) }));
      return sops.find((sop) => sop.trigger.includes(trigger) && sop.metadata.status === status);
    },
    waitMs,
  );

async function isServed(who: Neighbour, task: string, sopId: string, least = 0.7): Promise<boolean> {
  const { text } = await who.call('acontext_get_sops', { trigger_pattern: task, min_confidence: least });
  return text.includes(sopId);
}

const badge = (n: number, day = n) =>
  done(`badge-${n}`, `Print a visitor badge for guest ${n}`, ['lookup', 'print', 'notify'], day);
const room = (n: number, day = n) =>
  done(`room-${n}`, `Reserve a meeting room for team ${n}`, ['calendar', 'reserve'], day);

test(
  'one principal alone proves nothing to others; the second one’s success or an approval does',
  async () => {
    await work(grace, done('plants', 'Water the plants on the balcony', ['water'], 1));
    await work(ada, badge(2), badge(3), badge(4), room(2), room(3), room(4));
    const badges = await find('badge', 'shadow');
    const rooms = await find('room', 'shadow');
    expect(badges.metadata.waits_for).toContain('second principal');
    expect(await isServed(ada, 'Print a visitor badge for guest 9', badges.sop_id, 0)).toBe(false);

    await work(grace, badge(5));
    const lifted = await find('badge', 'active');
    expect(lifted.confidence).toBeGreaterThanOrEqual(0.7);
    await until(
      'it is served',
      () => isServed(ada, 'Print a visitor badge for guest 9', lifted.sop_id),
      waitMs,
    );

    const { version } = rooms.metadata;
    const approved = await grace.ask('PATCH', `/sops/${rooms.sop_id}`, {
      version,
      status: 'active',
      reason: 'tried it by hand',
    });
    expect(approved.status).toBe(200);
    await until(
      'it is served',
      () => isServed(ada, 'Reserve a meeting room for team 9', rooms.sop_id),
      waitMs,
    );
    const { text } = await ada.ask('GET', `/audit?action=acontext_sop_status_changed`);
    expect(text).toContain(`"approved_version":${version}`);
    expect(text).toContain('grace');
  },
  3 * waitMs,
);

test(
  'silent predictions that miss quarantine it, hits bring it back, and its events replay to what it is',
  async () => {
    const active = await find('badge', 'active');
    const other = (n: number) =>
      done(`new-${n}`, `Print a visitor badge for guest ${n}`, ['kiosk', 'scan', 'emboss'], n);
    // What one of them alone misses would be no drift for both.
    await work(ada, ...[6, 7, 8].map(other));
    await work(grace, ...[9, 10].map(other));
    const held = await find('badge', 'quarantined');
    expect(held.sop_id).toBe(active.sop_id);
    expect(held.metadata.reliability.last_checked_at).toBe('2026-02-10T10:00:00.000Z');
    expect(held.metadata.reliability.reason).toMatch(/^it missed \d of its last \d silent predictions$/);
    // The node hears of it a moment after the row says so.
    await until(
      'nobody is served it',
      async () => !(await isServed(ada, 'Print a visitor badge for guest 77', held.sop_id, 0)),
      waitMs,
    );
    const { text } = await ada.ask('GET', '/audit?action=acontext_sop_stored');
    expect(text).toContain('silent predictions');

    await work(grace, badge(11), badge(12), badge(13));
    await until(
      'it is active again',
      async () => {
        const sop = await ask(ada, `/sops/${held.sop_id}`, Sop);
        return sop.metadata.status === 'active';
      },
      waitMs,
    );
    const live = await ask(
      ada,
      `/actors?kind=sop&id=${held.sop_id}`,
      z.object({ actors: z.array(z.object({ states: z.array(z.string()) })) }),
    );
    expect(live.actors.map(({ states }) => states)).toEqual([['active']]);
    const replayed = await cli(['replay', `acme/sop/${held.sop_id}`, '--url', house.node.url, '--json']);
    expect(replayed).toMatchObject({ code: 0 });
    const { states, agrees, transitions } = z
      .object({
        states: z.array(z.string()),
        agrees: z.boolean(),
        transitions: z.array(z.looseObject({ to: z.string() })),
      })
      .parse(JSON.parse(replayed.out));
    expect({ states, agrees }).toEqual({ states: ['active'], agrees: true });
    const path = transitions.map(({ to }) => to);
    expect(path.slice(0, 3)).toEqual(['shadow', 'active', 'quarantined']);
    const shown = await cli(['sops', 'show', held.sop_id, '--namespace', 'acme', '--url', house.node.url]);
    expect(shown.out).toMatch(/right in \d+ % of \d+ silent predictions, last checked 2026-02-13/);
  },
  3 * waitMs,
);
