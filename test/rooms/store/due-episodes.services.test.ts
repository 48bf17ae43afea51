// What is due, while the intake notes it and a learner strikes it off at the same time.
import { expect, inject, it, onTestFinished } from 'vitest';
import { addDue, dropDue, ensureNamespace, readDue } from '../../../src/store/store.ts';
import { openTestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';

it('is struck off in the order in which it is noted: neither waits for the other for ever', async () => {
  const { store, ask, close } = await openTestStore(inject('postgresUrl'));
  onTestFinished(close);
  const due = (episodeId: string) => ({ episodeId, open: true, isRetried: false });
  await store.inNamespace('acme', async (trx) => {
    await ensureNamespace(trx);
    for (const id of ['e-2', 'e-1']) await addDue(trx, [due(id)]);
  });
  const found = await store.inSystem((trx) => readDue(trx, ['acme'], 10));
  const rows = found.get('acme')?.rows ?? [];
  let dropping: Promise<void> | undefined;
  // The intake has changed the first one; meanwhile a learner is done with both.
  await store.inNamespace('acme', async (trx) => {
    await addDue(trx, [due('e-1')]);
    dropping = store.inNamespace('acme', (other) => dropDue(other, rows));
    dropping.catch(() => undefined);
    await until(
      'the learner waits',
      async () => (await ask('select from pg_locks where not granted')).length > 0,
    );
    await addDue(trx, [due('e-2')]);
  });
  await dropping;
  const left = await store.inSystem((trx) => readDue(trx, ['acme'], 10));
  expect(left.get('acme')?.rows.map(({ episodeId }) => episodeId)).toEqual(['e-1', 'e-2']);
});
