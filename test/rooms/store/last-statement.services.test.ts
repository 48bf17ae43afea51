/** A transaction's last statement over a real database: nothing comes after it, and nothing goes with it that could fail halfway. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { ensureNamespace } from '../../../src/store/store.ts';
import type { Trx } from '../../../src/store/store.ts';
import { toLastMark } from '../../../src/store/last-statement.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
  await on(ensureNamespace);
});
afterAll(() => database.close());

const on = <T>(work: (trx: Trx) => Promise<T>) => database.store.inNamespace('acme', work);
const last = (trx: Trx, value: unknown) =>
  sql`${toLastMark(trx, 'writes')} select ${value}::text as it`.execute(trx.db);
const one = { it: 'one' };

it('is answered, and the connection is as good as before', async () => {
  expect((await on((trx) => last(trx, 'one'))).rows).toEqual([one]);
  expect((await on((trx) => last(trx, null))).rows).toEqual([{ it: null }]);
});

it('has nothing behind it: that would run outside of the transaction', async () => {
  const two = on(async (trx) => {
    await last(trx, 'one');
    return sql`select 1`.execute(trx.db);
  });
  await expect(two).rejects.toMatchObject({
    code: 'unexpected',
    message: expect.stringContaining('came after'),
  });
  expect((await on((trx) => last(trx, 'one'))).rows).toEqual([one]);
});

it('whose failure is swallowed is not called stored', async () => {
  const swallowed = on((trx) =>
    sql`${toLastMark(trx, 'writes')} select 1 / ${0}::int`.execute(trx.db).catch(() => 'well'),
  );
  await expect(swallowed).rejects.toMatchObject({ code: 'unexpected' });
  expect((await on((trx) => last(trx, 'one'))).rows).toEqual([one]);
});

it.each([{ a: 1 }, [{ a: 1 }], [['a']]])('is not sent with %j', async (value) => {
  await expect(on((trx) => last(trx, value))).rejects.toMatchObject({
    code: 'unexpected',
    message: expect.stringContaining('takes texts'),
  });
  expect((await on((trx) => last(trx, 'one'))).rows).toEqual([one]);
});
