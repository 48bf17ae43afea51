/** The audit log on a real database: one chain a namespace, written with the deeds it tells of. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import {
  appendAudit,
  ensureNamespace,
  listAudit,
  readAuditHeads,
  saveSop,
} from '../../../src/store/store.ts';
import type { AuditRow } from '../../../src/store/store.ts';
import type { AuditEntry } from '../../../machines/words/audit.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { sop } from '../../support/store-rows.ts';

const deed = (object: string, changes: Partial<AuditEntry> = {}): AuditEntry => ({
  action: 'thing_done',
  severity: 'LOW',
  principal: 'local',
  object,
  outcome: 'done',
  ...changes,
});

describe('the audit log', () => {
  let opened: TestStore;
  beforeAll(async () => {
    opened = await openTestStore(inject('postgresUrl'));
  });
  afterAll(() => opened.close());

  const make = (namespace: string) => opened.store.inNamespace(namespace, (trx) => ensureNamespace(trx));
  const all = (namespace: string): Promise<readonly AuditRow[]> =>
    opened.store.inNamespace(namespace, (trx) => listAudit(trx, { order: 'oldest', limit: 1_000 }));

  test('entries of one transaction follow each other, each with the hash of the one before', async () => {
    await make('one');
    await opened.store.inNamespace('one', async (trx) => {
      await appendAudit(trx, deed('a', { details: { z: 1, a: ['\u0000', 1e21] }, requestId: 'r-1' }));
      await appendAudit(trx, deed('b', { severity: 'CRITICAL', outcome: 'refused' }));
    });
    await opened.store.inNamespace('one', (trx) => appendAudit(trx, deed('c')));
    const rows = await all('one');
    expect(rows.map(({ position, object, severity }) => [position, object, severity])).toEqual([
      [1, 'a', 'LOW'],
      [2, 'b', 'CRITICAL'],
      [3, 'c', 'LOW'],
    ]);
    expect(rows[0]?.previousHash).toBe('0'.repeat(64));
    expect(rows[1]?.previousHash).toBe(rows[0]?.hash);
    expect(rows[2]?.previousHash).toBe(rows[1]?.hash);
    expect(rows[0]?.details).toEqual({ z: 1, a: ['\uFFFD', 1e21] });
  });

  test('what was rolled back is not told, but a refusal in it is', async () => {
    await make('two');
    const attempt = opened.store.inNamespace('two', async (trx) => {
      await appendAudit(trx, deed('never happened'));
      await appendAudit(trx, deed('not allowed', { outcome: 'refused', severity: 'HIGH' }));
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow('no');
    expect((await all('two')).map(({ object }) => object)).toEqual(['not allowed']);
  });

  test('an entry goes with the deed that it tells of, and not before it', async () => {
    await make('three');
    const bad = opened.store.inNamespace('three', async (trx) => {
      await appendAudit(trx, deed('saved'));
      await saveSop(trx, sop('other', 1), { cause: { by: 'test', reason: 'test' } });
    });
    await expect(bad).rejects.toMatchObject({ isDreyError: true });
    expect(await all('three')).toEqual([]);
  });

  test('an entry that cannot be kept is refused at once', async () => {
    await make('four');
    for (const wrong of [
      deed('a', { action: '' }),
      deed('a', { principal: 'x'.repeat(301) }),
      deed('a', { details: { long: 'x'.repeat(9_000) } }),
    ]) {
      await expect(opened.store.inNamespace('four', (trx) => appendAudit(trx, wrong))).rejects.toMatchObject({
        code: 'argument_invalid',
      });
    }
    expect(await all('four')).toEqual([]);
  });

  test('heads of all namespaces are read page by page', async () => {
    const heads = await opened.store.inSystem((trx) => readAuditHeads(trx, { after: '', limit: 100 }));
    const last = (await all('one')).at(-1);
    expect(heads).toContainEqual({ namespace: 'one', position: 3, hash: last?.hash });
    expect(heads).toContainEqual({ namespace: 'four', position: 0, hash: '' });
    const page = await opened.store.inSystem((trx) => readAuditHeads(trx, { after: 'one', limit: 1 }));
    expect(page.map(({ namespace }) => namespace)).toEqual(['three']);
  });

  test('nobody changes a row, not even the owner of the tables', async () => {
    for (const statement of [
      `update audit_log set action = 'x' where namespace = 'one'`,
      `delete from audit_log where namespace = 'one'`,
      'truncate audit_log',
    ]) {
      await expect(opened.ask(statement)).rejects.toThrow('never changed');
    }
    await opened.ask(`delete from namespaces where namespace = 'one'`);
    expect(await opened.ask(`select 1 from audit_log where namespace = 'one'`)).toEqual([]);
  });
});
