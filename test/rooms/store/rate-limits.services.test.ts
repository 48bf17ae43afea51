/** Budgets on a real database: two stores stand for two nodes; time passes by moving the row into the past. */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';

import { ensureNamespace, openStore, readRate, sweepRates, takeRate } from '../../../src/store/store.ts';
import type { RateBudget, RateState, Store } from '../../../src/store/store.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';

const write: RateBudget = { max: 30, windowMs: 60_000, blockMs: 60_000 };
const inject60: RateBudget = { max: 60, windowMs: 60_000, blockMs: 30_000 };
const unblocked: RateBudget = { max: 5, windowMs: 60_000, blockMs: 0 };
const key = { subject: 'a'.repeat(64), operation: 'sop_write' };

describe('shared budgets', () => {
  let opened: TestStore;
  let nodes: Store[];

  beforeAll(async () => {
    opened = await openTestStore(inject('postgresUrl'));
    const others = await Promise.all(
      [1, 2, 3].map(() => openStore({ url: opened.url, log: quietLog, now: () => performance.now() })),
    );
    nodes = [opened.store, ...others];
    for (const namespace of ['acme', 'globex'])
      await opened.store.inNamespace(namespace, (trx) => ensureNamespace(trx));
  });
  beforeEach(() => opened.ask('delete from rate_limits'));
  afterAll(async () => {
    await Promise.all(nodes.slice(1).map((node) => node.close()));
    await opened.close();
  });

  const take = (budget = write, { namespace = 'acme', node = 0, points = 1, of = key } = {}) =>
    (nodes[node] ?? opened.store).inNamespace(namespace, (trx) => takeRate(trx, of, budget, points));
  const takeMany = async (n: number, budget = write): Promise<RateState[]> => {
    const all: RateState[] = [];
    for (let i = 0; i < n; i += 1) all.push(await take(budget));
    return all;
  };
  /** As if this much time had passed on the database's clock. */
  const pass = (ms: number) =>
    opened.ask(
      `update rate_limits set window_ends_at = window_ends_at - make_interval(secs => $1::float8),
         blocked_until = blocked_until - make_interval(secs => $1::float8)`,
      [ms / 1_000],
    );
  const rows = () =>
    opened.ask<{ used: number; blocked_until: Date | null }>('select used, blocked_until from rate_limits');

  test('F1: 30 of 30 pass; the 31st is refused for the whole block and not for the rest of the window', async () => {
    const all = await takeMany(30);
    expect(all.every(({ allowed }) => allowed)).toBe(true);
    await pass(50_000);
    expect(await take()).toEqual({ allowed: false, used: 31, retryAfterMs: 60_000, isFirstRefusal: true });
  });

  test('F2: while blocked every try is refused, the rest falls, and the block is not extended', async () => {
    await takeMany(31);
    const [before] = await rows();
    await pass(20_000);
    const again = await take();
    expect(again).toMatchObject({ allowed: false, isFirstRefusal: false });
    expect(again.retryAfterMs).toBeGreaterThan(39_000 - 5_000);
    expect(again.retryAfterMs).toBeLessThanOrEqual(40_000);
    const [after] = await rows();
    expect(after?.blocked_until?.getTime()).toBe((before?.blocked_until?.getTime() ?? 0) - 20_000);
  });

  test('F3: refused just before the block ends, allowed when it has ended, with a new window', async () => {
    await takeMany(31);
    await pass(55_000);
    expect(await take()).toMatchObject({ allowed: false });
    await pass(5_000);
    expect(await take()).toMatchObject({ allowed: true, used: 1, retryAfterMs: 0 });
    expect((await rows())[0]?.blocked_until).toBeNull();
  });

  test('F4: a fixed window: what was used at its end counts no more when the next one begins', async () => {
    await takeMany(30);
    await pass(60_000);
    expect((await takeMany(30)).every(({ allowed }) => allowed)).toBe(true);
    expect(await take()).toMatchObject({ allowed: false });
  });

  test('F5: a block shorter than the rest of the window begins a new one when it ends', async () => {
    await takeMany(61, inject60);
    await pass(30_000);
    expect(await take(inject60)).toMatchObject({ allowed: true, used: 1 });
  });

  test('F6: other namespaces, principals and deeds keep their whole budget', async () => {
    await takeMany(31);
    for (const other of [
      { namespace: 'globex' },
      { of: { ...key, subject: 'b'.repeat(64) } },
      { of: { ...key, operation: 'feedback' } },
    ]) {
      expect(await take(write, other)).toMatchObject({ allowed: true, used: 1 });
    }
  });

  test('F7: of 200 attempts at once through four nodes exactly 30 pass, and one of them goes over', async () => {
    const all = await Promise.all(Array.from({ length: 200 }, (_, n) => take(write, { node: n % 4 })));
    expect(all.filter(({ allowed }) => allowed)).toHaveLength(30);
    expect(all.filter(({ isFirstRefusal }) => isFirstRefusal)).toHaveLength(1);
  });

  test('F9: one deed that counts for five goes over once', async () => {
    await takeMany(28);
    expect(await take(write, { points: 5 })).toMatchObject({ allowed: false, isFirstRefusal: true });
    expect(await take(write, { points: 5 })).toMatchObject({ allowed: false, isFirstRefusal: false });
    expect(await rows()).toHaveLength(1);
  });

  test('F10: no clock but the database is asked: a node five minutes ahead changes nothing', async () => {
    const skewed = await openStore({
      url: opened.url,
      log: quietLog,
      now: () => performance.now() + 300_000,
    });
    await takeMany(30);
    expect(await skewed.inNamespace('acme', (trx) => takeRate(trx, key, write))).toMatchObject({
      allowed: false,
      retryAfterMs: 60_000,
    });
    await skewed.close();
  });

  test('without a block whoever went over waits for the next window', async () => {
    await takeMany(5, unblocked);
    await pass(50_000);
    const over = await take(unblocked);
    expect(over).toMatchObject({ allowed: false, isFirstRefusal: true });
    expect(over.retryAfterMs).toBeLessThanOrEqual(10_000);
    expect(await take(unblocked)).toMatchObject({ allowed: false, isFirstRefusal: false });
    await pass(10_000);
    expect(await take(unblocked)).toMatchObject({ allowed: true, used: 1 });
  });

  test('F15: counter and block outlive the process that wrote them', async () => {
    await takeMany(31);
    const next = await openStore({ url: opened.url, log: quietLog, now: () => performance.now() });
    expect(await next.inNamespace('acme', (trx) => takeRate(trx, key, write))).toMatchObject({
      allowed: false,
    });
    await next.close();
  });

  test('F17: another budget counts from the next attempt on, without a restart', async () => {
    await takeMany(10);
    expect(await take({ ...write, max: 5 })).toMatchObject({ allowed: false });
    await pass(60_000);
    expect(await take({ ...write, max: 5 })).toMatchObject({ allowed: true, used: 1 });
  });

  test('F18: reading a budget takes nothing of it', async () => {
    const read = () => opened.store.inNamespace('acme', (trx) => readRate(trx, key, write));
    expect(await read()).toMatchObject({ allowed: true, used: 0 });
    await takeMany(3);
    expect(await read()).toEqual(await read());
    expect(await read()).toMatchObject({ allowed: true, used: 3, retryAfterMs: 0 });
    await takeMany(28);
    expect(await read()).toMatchObject({ allowed: false, used: 31 });
  });

  test('F14: what is long over is swept, what runs or blocks stays', async () => {
    await opened.ask(
      `insert into rate_limits (namespace, subject, operation, used, window_ends_at, blocked_until)
       select 'acme', lpad(n::text, 64, '0'), 'feedback', 1, now() - interval '2 hours',
         case when n = 1 then now() + interval '1 minute' end from generate_series(1, 500) n`,
    );
    await take();
    const sweep = () =>
      opened.store.inSystem((trx) => sweepRates(trx, { olderThanMs: 3_600_000, limit: 300 }));
    expect([await sweep(), await sweep(), await sweep()]).toEqual([300, 199, 0]);
    expect(await rows()).toHaveLength(2);
  });
});
