/** Lists of guided runs on a real database: each principal sees its own, however many newer ones others have. */
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { runKind } from '../../../src/actors/run.ts';
import { createClock } from '../../../src/node/clock.ts';
import { openGuidedRuns } from '../../../src/node/guided-runs.ts';
import type { RunsNeed } from '../../../src/gateway/gateway.ts';
import { openStage } from '../actors/fabric/stage.ts';
import type { Stage } from '../actors/fabric/stage.ts';

let stage: Stage;
let runs: RunsNeed;
beforeEach(async () => {
  stage = await openStage(inject('postgresUrl'));
  const fabric = await stage.node({ kinds: [runKind] });
  const wire = { ask: () => Promise.reject(new Error('nobody is asked')) };
  const opened = openGuidedRuns({ fabric, store: stage.store, wire, nodeId: 'n-1', clock: createClock() });
  if (opened === undefined) throw new Error('a node with a fabric has runs');
  runs = opened;
});
afterEach(() => stage.close());

async function begin(principal: string, runId: string, task = 'deploy'): Promise<void> {
  const plan = { version: 1, task, principal, session: 's-1', procedure: [] };
  await runs.tell({ namespace: 'acme', runId }, { type: 'start', sopId: 'sop-1', plan });
}

it('a principal’s runs are found behind newer ones of others, page by page', async () => {
  for (const n of [1, 2, 3, 4, 5]) await begin('bob', `x-bob-${n}`);
  for (const n of [1, 2, 3, 4, 5, 6]) await begin('ann', `x-ann-${n}`);
  const pages: string[][] = [];
  let after: string | undefined;
  for (;;) {
    const page = await runs.list({ namespace: 'acme', principal: 'bob', after, limit: 2 });
    if (page.length === 0) break;
    pages.push(page.map(({ runId }) => runId));
    after = page.at(-1)?.runId;
    // One that moves while somebody pages keeps its place.
    if (pages.length === 1) await runs.tell({ namespace: 'acme', runId: 'x-bob-1' }, { type: 'cancel' });
  }
  expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
  expect(pages.flat()).toEqual([5, 4, 3, 2, 1].map((n) => `x-bob-${n}`));
  expect(await runs.list({ namespace: 'acme', limit: 100 })).toHaveLength(11);
  expect(await runs.list({ namespace: 'globex', limit: 100 })).toEqual([]);
});

it('a run that holds what no text can is listed and counted like any other', async () => {
  await begin('ann', 'x-odd', 'nothing \0 here');
  expect(await runs.list({ namespace: 'acme', principal: 'ann', limit: 10 })).toHaveLength(1);
  expect(await runs.countOpen('acme')).toBe(1);
});

it('a run that has ended is open no more', async () => {
  await begin('ann', 'x-1');
  await begin('ann', 'x-2');
  expect(await runs.countOpen('acme')).toBe(2);
  await runs.tell({ namespace: 'acme', runId: 'x-1' }, { type: 'cancel' });
  expect(await runs.countOpen('acme')).toBe(1);
});

it('a run of which only its snapshot tells whose it is, is its owner’s at once', async () => {
  await begin('ann', 'x-old', 'nothing \0 here');
  await begin('bob', 'x-other');
  // As an older release left it where SQL could not read the snapshot.
  await stage.store.inNamespace('acme', (trx) =>
    sql`update actors set owner = null, open = null, waiting = null, listed = null where kind = 'run'`.execute(
      trx.db,
    ),
  );
  expect(await runs.countOpen('acme')).toBe(2);
  const [old, ...others] = await runs.list({ namespace: 'acme', principal: 'ann', limit: 10 });
  expect(old).toMatchObject({ runId: 'x-old', task: 'nothing \0 here', made: 0 });
  expect(others).toEqual([]);
  await runs.tell({ namespace: 'acme', runId: 'x-old' }, { type: 'cancel' });
  const after = await runs.list({ namespace: 'acme', principal: 'ann', limit: 10 });
  expect(after).toMatchObject([{ runId: 'x-old', state: 'cancelled' }]);
});
