/**
 * Lists over a real database: page after page gives every row once, also where moments are equal, and what a list asks
 * does not depend on how many rows it gives.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  ensureNamespace,
  listContexts,
  listMemories,
  listSops,
  openStore,
  pageSessions,
  pageTasks,
} from '../../../src/store/store.ts';
import type { Behind, Store, Trx } from '../../../src/store/store.ts';
import { openDatabaseWire } from '../../support/database-wire.ts';
import type { DatabaseWire } from '../../support/database-wire.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';

const rows = 23;
const viewer = { principal: 'ann', now: '2026-06-01T00:00:00.000Z' };

let opened: TestStore;
let wire: DatabaseWire;
let store: Store;

beforeAll(async () => {
  opened = await openTestStore(inject('postgresUrl'));
  wire = await openDatabaseWire(opened.url);
  store = await openStore({ url: wire.url, log, now: () => performance.now(), poolMax: 1 });
  await inAcme((trx) => ensureNamespace(trx));
  // Three rows a moment.
  const moment = `timestamptz '2026-01-01 00:00:00Z' + make_interval(secs => n / 3)`;
  await opened.ask(
    `insert into memories (namespace, id, principal, content, kind, terms, digest, updated_at)
     select 'acme', gen_random_uuid(), 'ann', 'memory ' || n, 'fact', '', md5(n::text), ${moment}
     from generate_series(1, ${rows}) n`,
  );
  await opened.ask(
    `insert into contexts (namespace, id, content, creator, version, status, updated_at)
     select 'acme', 'x-' || md5(n::text), '{}', 'ann', 1, 'active', ${moment} from generate_series(1, ${rows}) n`,
  );
  await opened.ask(
    `insert into acontext_sops (namespace, id, trigger, steps, procedure, status, confidence, occurrences)
     select 'acme', gen_random_uuid(), 'do ' || n, '[]', '[]', 'active', 0.9, 3 from generate_series(1, ${rows}) n`,
  );
  await opened.ask(
    `insert into sessions (namespace, id, principal, transport, status, opened_at, last_seen_at)
     select 'acme', 's-' || n, 'ann', 'http', 'open', ${moment}, ${moment} from generate_series(1, ${rows}) n`,
  );
  await opened.ask(
    `insert into tasks (namespace, id, session_id, principal, task, source, started_at)
     select 'acme', 't-' || n, 's-' || n, 'ann', 'do ' || n, 'tool', ${moment} from generate_series(1, ${rows}) n`,
  );
});
afterAll(async () => {
  await store.close();
  await wire.close();
  await opened.close();
});

const inAcme = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => store.inNamespace('acme', work);

interface Place extends Behind {
  readonly id: string;
}

const lists: Readonly<Record<string, (limit: number, after?: Place) => Promise<readonly Place[]>>> = {
  memories: async (limit, after) =>
    (await inAcme((trx) => listMemories(trx, viewer, { limit, after }))).map((one) => ({
      at: one.updatedAt,
      id: one.memoryId,
    })),
  contexts: async (limit, after) =>
    (await inAcme((trx) => listContexts(trx, { visibleTo: 'ann', limit, after }))).map((one) => ({
      at: one.updatedAt,
      id: one.contextId,
    })),
};

test.each(Object.entries(lists))('%s come page by page, each once, the latest first', async (_name, list) => {
  const all = await list(rows + 1);
  expect(all).toHaveLength(rows);
  expect(all.map(({ at }) => at)).toEqual(
    all
      .map(({ at }) => at)
      .toSorted()
      .toReversed(),
  );
  const paged: Place[] = [];
  for (let page = await list(4); page.length > 0; page = await list(4, paged.at(-1))) paged.push(...page);
  expect(paged).toEqual(all);
});

const asks: Readonly<Record<string, (trx: Trx, limit: number) => Promise<readonly unknown[]>>> = {
  memories: (trx, limit) => listMemories(trx, viewer, { limit }),
  contexts: (trx, limit) => listContexts(trx, { visibleTo: 'ann', limit }),
  sops: (trx, limit) => listSops(trx, { limit }),
  tasks: (trx, limit) => pageTasks(trx, { limit }),
  sessions: (trx, limit) => pageSessions(trx, { limit }),
};

test.each(Object.entries(asks))('a list of %s asks as much for many rows as for one', async (_name, list) => {
  const count = async (limit: number): Promise<number> => {
    const before = wire.statements();
    expect(await inAcme((trx) => list(trx, limit))).toHaveLength(limit);
    return wire.statements() - before;
  };
  const one = await count(1);
  expect(one).toBeGreaterThan(0);
  expect(await count(rows)).toBe(one);
});
