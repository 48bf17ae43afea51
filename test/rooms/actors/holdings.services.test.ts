/** Which namespaces a learner has: on real turns, which it takes one look at a time, loses and takes again. */
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { createHoldings } from '../../../src/actors/workers/holdings.ts';
import { createShares } from '../../../src/actors/workers/shares.ts';
import { ensureNamespace } from '../../../src/store/store.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { openSource } from './learning-stage.ts';
import { createSimulatedClock } from './world.ts';

let database: TestStore;
beforeEach(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterEach(() => database.close());

const lookMs = 1_000;

async function open(...namespaces: readonly string[]) {
  const { store } = database;
  for (const namespace of namespaces) await store.inNamespace(namespace, ensureNamespace);
  const source = openSource(store);
  const clock = createSimulatedClock();
  const told: string[] = [];
  const holdings = createHoldings({
    store,
    source,
    clock,
    isIdle: () => true,
    came: (namespace) => void told.push(`came ${namespace}`),
    went: (namespace) => void told.push(`went ${namespace}`),
  });
  onTestFinished(() => holdings.stop());
  const look = async (): Promise<readonly string[]> => {
    await clock.advance(lookMs);
    return [...(await holdings.look())].sort();
  };
  /** Ends its connection from the server's side, and waits until it knows. */
  const lose = async (namespace: string): Promise<void> => {
    await database.ask(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()
         and database = (select oid from pg_database where datname = current_database())`,
    );
    await until('it knows of the loss', () => !holdings.has(namespace));
  };
  return { holdings, source, told, look, lose };
}

describe('holdings', () => {
  it('begin anew what was held again before the loss of the connection was looked at', async () => {
    const { holdings, told, look, lose } = await open('elm', 'oak');
    expect(await look()).toEqual(['elm', 'oak']);
    await lose('elm');
    told.splice(0);
    expect(await holdings.hold('elm')).toBe(true);
    expect(told).toEqual(['went elm', 'came elm']);
    expect(await look()).toEqual(['elm', 'oak']);
    // Whoever came after the loss is not sent away for it: it would be had by somebody who does nothing with it.
    expect(told.filter((one) => one.endsWith('elm')).at(-1)).toBe('came elm');
    expect(told.filter((one) => one.endsWith('oak')).at(-1)).toBe('came oak');
  });

  it('let go of what is no more: it would stand in the place of something that nobody has', async () => {
    const { look, told } = await open('elm', 'oak');
    await look();
    await database.ask(`delete from namespaces where namespace = 'oak'`);
    await database.store.inNamespace('yew', ensureNamespace);
    expect(await look()).toEqual(['elm', 'yew']);
    expect(told).toContain('went oak');
  });
});

describe('shares', () => {
  it('are taken with one question, however many others have the rest', async () => {
    const all = Array.from({ length: 41 }, (_, n) => `n-${n}`);
    const [first, second] = [openSource(database.store), openSource(database.store)];
    const [one, other] = [createShares(first), createShares(second)];
    const isLoose = (): boolean => true;
    await other.balance([], isLoose);
    expect((await one.balance(all, isLoose)).taken).toHaveLength(21);
    const take = vi.spyOn(await second.turns(), 'take');
    expect((await other.balance(all, isLoose)).taken).toHaveLength(20);
    // It is one short of its share, and nothing is free.
    expect((await other.balance(all, isLoose)).taken).toEqual([]);
    expect(take).toHaveBeenCalledTimes(2);
  });
});
