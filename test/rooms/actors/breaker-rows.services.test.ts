/** Breakers over restarts, in a real Postgres: written lazily, read before the first call, and never in anybody's way. */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import { createRoots, replayEvents } from '../../../src/actors/actors.ts';
import type { Roots } from '../../../src/actors/actors.ts';
import { openBoards } from '../../../src/actors/board.ts';
import { createBreakers } from '../../../src/actors/breaker/breakers.ts';
import type { Breakers } from '../../../src/actors/breaker/breakers.ts';
import { openBreakerRows } from '../../../src/actors/breaker/breaker-rows.ts';
import type { BreakerRows, BreakerRowsOptions } from '../../../src/actors/breaker/breaker-rows.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { createWorld } from './world.ts';

type Row = { readonly id: string; readonly revision: string; readonly snapshot: { readonly state: string } };
type Guard = ReturnType<Breakers['open']>;

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());
beforeEach(async () => void (await database.ask('delete from actors')));

const readRows = () =>
  database.ask<Row>("select id, revision, snapshot from actors where namespace = '_system' order by id");

interface Process extends ReturnType<typeof createWorld> {
  readonly breakers: Breakers;
  readonly roots: Roots;
  readonly rows: BreakerRows;
  readonly one: Guard;
  readonly two: Guard;
  view(id: string): ReturnType<Breakers['views']>[number] | undefined;
}

/** A node's breakers as after a start; `laterMs` is how long after the others' beginning. */
async function start(laterMs = 0, store: BreakerRowsOptions['store'] = database.store): Promise<Process> {
  const world = createWorld();
  await world.clock.advance(laterMs);
  const roots = createRoots();
  const config = { mode: 'consecutive', consecutive: 1, openMs: 10_000 } as const;
  const breakers = createBreakers({ ...world, ...openBoards(world.log), config, roots });
  const [one, two] = [breakers.open('b-one'), breakers.open('b-two')];
  const rows = await openBreakerRows({ ...world, store, breakers });
  const view = (id: string) => breakers.views().find((found) => found.id === id);
  return { ...world, breakers, roots, rows, one, two, view };
}

function call(guard: Guard, outcome: 'ok' | 'err'): boolean {
  const admission = guard.permit();
  if (admission.ok) guard.done(admission.permit, outcome, 1);
  return admission.ok;
}

async function untilWritten(process: Process, count: number): Promise<readonly Row[]> {
  await process.clock.advance(250);
  return until(`${count} rows are written`, async () => {
    const rows = await readRows();
    return rows.length === count ? rows : undefined;
  });
}

describe('the rows of breakers', () => {
  it('are written after a change and not before, and the wait goes on in the next process', async () => {
    const before = await start();
    call(before.two, 'ok');
    call(before.one, 'err');
    await before.clock.advance(249);
    expect(await readRows()).toEqual([]);
    expect(await untilWritten(before, 1)).toMatchObject([{ id: 'b-one', snapshot: { state: 'open' } }]);
    // No stop: the process is gone, and the next one comes four seconds after the opening.
    const after = await start(4_000);
    expect(after.view('b-one')).toEqual({ id: 'b-one', state: 'open', retryAfterMs: 6_000 });
    expect(after.view('b-two')?.state).toBe('closed');
    expect(after.one.permit()).toEqual({ ok: false, retryAfterMs: 6_000 });
    await after.clock.advance(6_000);
    expect(call(after.one, 'ok')).toBe(true);
    await after.rows.close();
    expect(await readRows()).toMatchObject([{ revision: '2', snapshot: { state: 'closed' } }]);
    expect((await start(20_000)).view('b-one')?.state).toBe('closed');
    // One life over two processes: its events replay as if nothing had happened, and nothing of the blank one is left.
    const events = [...before.events, ...after.events].filter(({ actor }) => actor.id === 'b-one');
    const types = ['breaker.opened', 'breaker.resumed', 'breaker.probing', 'breaker.closed'];
    expect(events.map(({ type }) => type)).toEqual(types);
    expect(replayEvents('breaker', events)).toMatchObject({ states: ['closed'], differences: [] });
    // What came later alone is enough: the first process may have been killed before it could tell.
    expect(replayEvents('breaker', events.slice(1))).toMatchObject({ states: ['closed'], differences: [] });
    expect(after.roots.views().map(({ id }) => id)).toEqual(['b-two', 'b-one']);
  });

  it('let a breaker that was half-open probe at once', async () => {
    const before = await start();
    call(before.one, 'err');
    await before.clock.advance(10_000);
    expect(before.one.permit().ok).toBe(true);
    await before.rows.close();
    expect(await readRows()).toMatchObject([{ snapshot: { state: 'halfOpen' } }]);
    const after = await start(10_001);
    expect(after.view('b-one')).toEqual({ id: 'b-one', state: 'open', retryAfterMs: 0 });
    expect(after.types('breaker')).toEqual(['breaker.resumed', 'breaker.opened']);
    expect(call(after.one, 'ok')).toBe(true);
  });

  it('hold the newest state only, in one write for all, and the last writer is right', async () => {
    let writes = 0;
    const store: BreakerRowsOptions['store'] = {
      inNamespace: (namespace, work) => {
        writes += 1;
        return database.store.inNamespace(namespace, work);
      },
    };
    const one = await start(0, store);
    const other = await start();
    writes = 0;
    for (const guard of [one.one, one.two]) call(guard, 'err');
    await one.clock.advance(100);
    for (const process of [one, other]) {
      await process.clock.advance(20_000);
      call(process.two, 'ok');
    }
    await one.rows.close();
    call(other.two, 'err');
    await other.rows.close();
    expect(await readRows()).toMatchObject([
      { id: 'b-one', snapshot: { state: 'open' } },
      { id: 'b-two', snapshot: { state: 'open' } },
    ]);
    expect(writes).toBeLessThanOrEqual(2);
  });

  it('wait while the database is away, hold no call up, and are written later', async () => {
    let isAway = false;
    let refused = 0;
    const store: BreakerRowsOptions['store'] = {
      inNamespace: async (namespace, work) => {
        if (!isAway) return database.store.inNamespace(namespace, work);
        refused += 1;
        throw new DreyError('database_unavailable', 'the database is away');
      },
    };
    const process = await start(0, store);
    isAway = true;
    call(process.one, 'err');
    await process.clock.advance(4_000);
    expect(refused).toBe(2);
    expect(call(process.one, 'err')).toBe(false);
    isAway = false;
    await process.clock.advance(2_000);
    expect(await untilWritten(process, 1)).toMatchObject([{ snapshot: { state: 'open' } }]);
    expect(process.clock.pending).toBe(0);
  });

  it('that cannot be understood are ignored, and that is said; so is a database that is away', async () => {
    const before = await start();
    for (const guard of [before.one, before.two]) call(guard, 'err');
    await before.rows.close();
    await database.ask(
      `update actors set snapshot = jsonb_set(snapshot::jsonb, '{machineVersion}', '99')::json where id = 'b-one'`,
    );
    await database.ask(`update actors set snapshot = '"open"' where id = 'b-two'`);
    const after = await start();
    expect(after.breakers.views()).toMatchObject([{ state: 'closed' }, { state: 'closed' }]);
    const sentence = 'A persisted breaker is not understood; it starts closed.';
    expect(after.sentences).toEqual([sentence, sentence]);
    expect([call(after.one, 'ok'), call(after.two, 'ok')]).toEqual([true, true]);
    const away = async (): Promise<never> => {
      throw new DreyError('database_unavailable', 'the database is away');
    };
    const lonely = await start(0, { inNamespace: away });
    expect(lonely.sentences).toEqual(['what breakers were cannot be read; they start closed']);
    expect(lonely.view('b-one')?.state).toBe('closed');
  });
});
