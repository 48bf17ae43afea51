/** A look at a real database: who one is, what is missing, whose clock is right. Nothing is changed by it. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { migrationNames } from '../../../infra/postgres/migrations.ts';
import { lookAtStore, migrateStore } from '../../../src/store/store.ts';
import { createDatabase } from '../../support/database.ts';
import type { TestDatabase } from '../../support/database.ts';
import { quietLog as log } from '../../support/quiet-log.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase(inject('postgresUrl'));
});
afterAll(() => database.drop());

test('sees what an empty database lacks, and that a migrated one lacks nothing', async () => {
  const { url } = database;
  const before = await lookAtStore(url, Date.now);
  expect(before).toMatchObject({
    mayCreate: true,
    mayMakeRoles: true,
    spelling: true,
    unknown: [],
    missing: migrationNames,
  });
  expect(before.major).toBeGreaterThanOrEqual(15);
  expect(Math.abs(before.clockAheadMs)).toBeLessThan(2_000);
  expect(await lookAtStore(url, Date.now)).toMatchObject({ missing: migrationNames });
  await migrateStore({ url, log });
  expect(await lookAtStore(url, () => Date.now() + 60_000)).toMatchObject({ missing: [], unknown: [] });
  expect((await lookAtStore(url, () => Date.now() + 60_000)).clockAheadMs).toBeLessThan(-50_000);
});

test('says which server it was that could not be reached, without the password', async () => {
  const failed = lookAtStore('postgres://u:secret@127.0.0.1:1/d', Date.now);
  await expect(failed).rejects.toMatchObject({ code: 'database_unavailable' });
  await expect(failed).rejects.not.toThrow(/secret/);
});
