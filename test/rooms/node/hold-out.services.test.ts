/** Tasks that are held out are noted in their namespace, redacted; without a share there is nothing to ask. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createRedactor } from '../../../src/access/access.ts';
import { createClock } from '../../../src/node/clock.ts';
import { createHoldOut } from '../../../src/node/hold-out.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

test('a task that is held out leaves a row without its secrets', async () => {
  const parts = {
    store: database.store,
    redactor: createRedactor({ key: 'test' }),
    clock: createClock(),
    log,
  };
  expect(createHoldOut({ ...parts, holdOutShare: 0 })).toBeUndefined();
  const holdOut = createHoldOut({ ...parts, holdOutShare: 1 });
  expect(holdOut?.isHeldOut({ namespace: 'acme', task: 'anything' })).toBe(true);
  const secret = ['ghp', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('_');
  type Noted = Parameters<NonNullable<typeof holdOut>['note']>[0];
  const session = { id: 's-1' } as Noted['session'];
  const task = `log in with ${secret}`;
  holdOut?.note({ session, namespace: 'acme', principal: 'ada', task });
  const [row] = await until('the row is there', async () => {
    const rows = await database.ask<{ task: string }>('select * from held_out');
    return rows.length > 0 ? rows : undefined;
  });
  expect(row).toMatchObject({ namespace: 'acme', session: 's-1', principal: 'ada' });
  expect(row?.task).toMatch(/^log in with \[redacted/);
});
