/**
 * Tampering with the audit log, as somebody would who owns the database: each way is found, and at the right row. And
 * many writers at once: no gap, no fork.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import {
  appendAudit,
  ensureNamespace,
  listAudit,
  openStore,
  toAuditHash,
  verifyAudit,
} from '../../../src/store/store.ts';
import type { AuditAnchor, AuditRow } from '../../../src/store/store.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';

/** The whole size is 1,000 rows each, which takes minutes where the disk is slow; see test/README.md. */
const writers = Number(process.env['DREY_TEST_AUDIT_WRITERS'] ?? 50);
const rowsEach = Number(process.env['DREY_TEST_AUDIT_ROWS'] ?? 20);

describe('a chain of audit rows', () => {
  let opened: TestStore;
  let made = 0;
  beforeAll(async () => {
    opened = await openTestStore(inject('postgresUrl'));
  });
  afterAll(() => opened.close());

  const append = (namespace: string, object: string, times = 1) =>
    opened.store.inNamespace(namespace, async (trx) => {
      for (let n = 0; n < times; n += 1) {
        await appendAudit(trx, {
          action: 'thing_done',
          severity: 'LOW',
          principal: 'local',
          object: `${object}-${n}`,
          outcome: 'done',
          details: { n },
        });
      }
    });
  /** A namespace of its own with ten rows; the anchors are its rows 4 and 8. */
  async function prepare(): Promise<{
    namespace: string;
    anchors: AuditAnchor[];
    rows: readonly AuditRow[];
  }> {
    made += 1;
    const namespace = `chain-${made}`;
    await opened.store.inNamespace(namespace, (trx) => ensureNamespace(trx));
    await append(namespace, 'a', 10);
    const rows = await read(namespace);
    const anchors = rows.filter(({ position }) => position === 4 || position === 8);
    return { namespace, anchors: anchors.map(({ position, hash }) => ({ position, hash })), rows };
  }
  const read = (namespace: string) =>
    opened.store.inNamespace(namespace, (trx) => listAudit(trx, { order: 'oldest', limit: 1_000 }));
  /** As the owner of the database, with triggers off. */
  async function tamper(...statements: readonly string[]): Promise<void> {
    await opened.ask(
      ['begin', `set local session_replication_role = 'replica'`, ...statements, 'commit'].join(';'),
    );
  }
  /** Writes rows from `from` on anew, so that the chain agrees with itself. */
  async function rechain(namespace: string, from: number): Promise<void> {
    let previousHash = '0'.repeat(64);
    const statements: string[] = [];
    for (const row of await read(namespace)) {
      const chained = row.position < from ? row : { ...row, previousHash };
      const hash = row.position < from ? row.hash : toAuditHash(namespace, chained);
      statements.push(
        `update audit_log set previous_hash = '${chained.previousHash}', hash = '${hash}'
         where namespace = '${namespace}' and position = ${row.position}`,
      );
      previousHash = hash;
    }
    await tamper(...statements);
  }

  test('as it was written it is whole, and its hashes can be computed outside of the database', async () => {
    const { namespace, anchors, rows } = await prepare();
    expect(rows.map((row) => toAuditHash(namespace, row))).toEqual(rows.map(({ hash }) => hash));
    expect(await verifyAudit(opened.store, namespace, anchors)).toEqual({
      namespace,
      isWhole: true,
      rows: 10,
      head: { position: 10, hash: rows[9]?.hash },
      anchors: 2,
      anchoredTo: 8,
      faults: [],
    });
  });

  const at = (namespace: string, position: number) => `namespace = '${namespace}' and position = ${position}`;
  const shift = (namespace: string, from: number, by: number) => [
    `update audit_log set position = position + 1000 where namespace = '${namespace}' and position >= ${from}`,
    `update audit_log set position = position - 1000 + ${by} where namespace = '${namespace}' and position > 1000`,
  ];
  const columns = 'at, principal, action, object, outcome, severity, details, request_id, args_hash';
  const insert = (namespace: string, position: number) =>
    `insert into audit_log (namespace, position, previous_hash, hash, ${columns})
     select namespace, ${position}, hash, repeat('f', 64), ${columns} from audit_log where ${at(namespace, position - 1)}`;

  test.each([
    [
      'one byte of a row',
      5,
      'changed',
      (ns: string) => [`update audit_log set object = object || 'x' where ${at(ns, 5)}`],
    ],
    [
      'a number in its details',
      5,
      'changed',
      (ns: string) => [`update audit_log set details = '{"n": 99}' where ${at(ns, 5)}`],
    ],
    [
      'when it was',
      5,
      'changed',
      (ns: string) => [`update audit_log set at = at + interval '1 ms' where ${at(ns, 5)}`],
    ],
    [
      'who it was',
      1,
      'changed',
      (ns: string) => [`update audit_log set principal = 'other' where ${at(ns, 1)}`],
    ],
    [
      'the hash of a row',
      5,
      'changed',
      (ns: string) => [`update audit_log set hash = repeat('e', 64) where ${at(ns, 5)}`],
    ],
    [
      'a row in the middle is gone',
      5,
      'missing',
      (ns: string) => [`delete from audit_log where ${at(ns, 5)}`],
    ],
    [
      'the first rows are gone',
      1,
      'missing',
      (ns: string) => [`delete from audit_log where namespace = '${ns}' and position < 3`],
    ],
    [
      'a row is gone and the gap is closed',
      5,
      'changed',
      (ns: string) => [`delete from audit_log where ${at(ns, 5)}`, ...shift(ns, 6, -1)],
    ],
    [
      'two rows change places',
      5,
      'changed',
      (ns: string) => [
        `update audit_log set position = 999 where ${at(ns, 5)}`,
        `update audit_log set position = 5 where ${at(ns, 6)}`,
        `update audit_log set position = 6 where ${at(ns, 999)}`,
      ],
    ],
    ['a row is put in between', 5, 'changed', (ns: string) => [...shift(ns, 5, 1), insert(ns, 5)]],
    [
      'the last rows are gone',
      7,
      'cut',
      (ns: string) => [`delete from audit_log where namespace = '${ns}' and position >= 7`],
    ],
    ['all of it is gone', 1, 'cut', (ns: string) => [`delete from audit_log where namespace = '${ns}'`]],
  ] as const)('%s: found at row %i as %s', async (_what, position, kind, statements) => {
    const { namespace, anchors } = await prepare();
    await tamper(...statements(namespace));
    const report = await verifyAudit(opened.store, namespace, anchors);
    expect(report.isWhole).toBe(false);
    expect(report.faults[0]).toMatchObject({ position, kind });
  });

  test('what this process wrote and nothing has anchored yet is missed as well, and only that', async () => {
    const { namespace } = await prepare();
    const refused = { action: 'thing_done', severity: 'LOW', principal: 'local', object: 'x' } as const;
    await expect(
      opened.store.inNamespace(namespace, async (trx) => {
        await appendAudit(trx, { ...refused, outcome: 'done' });
        await appendAudit(trx, { ...refused, outcome: 'refused' });
        throw new Error('the transaction rolls back');
      }),
    ).rejects.toThrow('rolls back');
    // Of the two only the refusal was written.
    expect(await verifyAudit(opened.store, namespace, [])).toMatchObject({
      isWhole: true,
      rows: 11,
      anchors: 0,
    });
    await tamper(`delete from audit_log where ${at(namespace, 11)}`);
    const report = await verifyAudit(opened.store, namespace, []);
    expect(report.faults).toMatchObject([{ position: 11, kind: 'cut' }]);
    await tamper(`delete from audit_log where namespace = '${namespace}'`);
    expect((await verifyAudit(opened.store, namespace, [])).faults).toMatchObject([
      { position: 1, kind: 'cut' },
    ]);
  });

  test('a row that was changed together with its own hash is the one that is named', async () => {
    const { namespace, anchors } = await prepare();
    await tamper(`update audit_log set object = 'forged' where ${at(namespace, 6)}`);
    const forged = (await read(namespace))[5];
    if (forged === undefined) throw new Error('there are ten rows');
    await tamper(`update audit_log set hash = '${toAuditHash(namespace, forged)}' where ${at(namespace, 6)}`);
    const report = await verifyAudit(opened.store, namespace, anchors);
    expect(report.faults).toMatchObject([{ position: 6, kind: 'changed' }]);
  });

  test('a chain that was rewritten as a whole agrees with itself, and its anchors tell since when it may lie', async () => {
    const { namespace, anchors } = await prepare();
    await tamper(`update audit_log set object = 'forged' where ${at(namespace, 6)}`);
    await rechain(namespace, 6);
    expect((await verifyAudit(opened.store, namespace, [])).isWhole).toBe(true);
    const report = await verifyAudit(opened.store, namespace, anchors);
    expect(report).toMatchObject({ isWhole: false, anchoredTo: 4 });
    expect(report.faults).toMatchObject([{ position: 5, kind: 'rewritten' }]);
  });

  test('an older state that was put back is found by the anchor that is ahead of it', async () => {
    const { namespace } = await prepare();
    const rows = await read(namespace);
    const last = rows.at(-1);
    await tamper(`delete from audit_log where namespace = '${namespace}' and position > 6`);
    await append(namespace, 'later', 2);
    const anchors = [{ position: 10, hash: last?.hash ?? '' }];
    expect((await verifyAudit(opened.store, namespace, anchors)).faults[0]).toMatchObject({
      position: 9,
      kind: 'cut',
    });
    await append(namespace, 'later', 2);
    expect((await verifyAudit(opened.store, namespace, anchors)).faults[0]).toMatchObject({
      kind: 'rewritten',
    });
  });

  test(
    `${writers} writers with ${rowsEach} rows each leave no gap and no fork`,
    // Rows of one chain are committed one after the other: the bound grows with them.
    { timeout: 60_000 + writers * rowsEach * 20 },
    async () => {
      const namespace = 'many';
      await opened.store.inNamespace(namespace, (trx) => ensureNamespace(trx));
      // Nearly as many connections as writers, since waiting for one has a bound that a slow disk would reach; the server of a
      // test run has 60, and other files use it meanwhile.
      const how = {
        url: opened.url,
        log: quietLog,
        now: () => performance.now(),
        poolMax: Math.min(18, Math.ceil(writers / 2)),
      };
      const stores = [await openStore(how), await openStore(how)];
      const startedAt = performance.now();
      const write = async (writer: number): Promise<void> => {
        const store = stores[writer % 2] ?? opened.store;
        for (let n = 0; n < rowsEach; n += 1) {
          await store.inNamespace(namespace, (trx) =>
            appendAudit(trx, {
              action: 'thing_done',
              severity: 'LOW',
              principal: `w-${writer}`,
              object: String(n),
              outcome: 'done',
            }),
          );
        }
      };
      await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
      const wroteMs = performance.now() - startedAt;
      const report = await verifyAudit(opened.store, namespace, []);
      const verifiedMs = performance.now() - startedAt - wroteMs;
      console.info(
        `${writers * rowsEach} rows written in ${Math.round(wroteMs)} ms, verified in ${Math.round(verifiedMs)} ms`,
      );
      expect(report).toMatchObject({ isWhole: true, rows: writers * rowsEach });
      expect(report.head.position).toBe(writers * rowsEach);
      const kept = await opened.ask<{ n: number; forks: number }>(
        `select count(distinct (principal, object))::int as n,
           (count(*) - count(distinct previous_hash))::int as forks from audit_log where namespace = 'many'`,
      );
      expect(kept).toEqual([{ n: writers * rowsEach, forks: 0 }]);
      for (const store of stores) await store.close();
    },
  );
});
