/** Times without a database: copies answer and say how old they are, and what was accepted is kept, also by a dead process. */
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import { createRedactor } from '../../../src/access/access.ts';
import { contextQueueMax } from '../../../src/actors/context/context-queue.ts';
import { openContextsOf } from '../../../src/actors/context/open-contexts.ts';
import type { NodeContexts } from '../../../src/actors/context/open-contexts.ts';
import { openLineFile } from '../../../src/node/line-file.ts';
import type { Store } from '../../../src/store/store.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';
import { realClock } from '../actors/fabric/clock.ts';
import { openStage } from '../actors/fabric/stage.ts';
import type { Stage } from '../actors/fabric/stage.ts';

const redactor = createRedactor({ key: 'test' });
const ann = { namespace: 'acme', by: { principal: 'ann', isAdmin: false } };
const ben = { namespace: 'acme', by: { principal: 'ben', isAdmin: false } };

describe('a node whose database is away', () => {
  let stage: Stage;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let isAway = false;
  const nodes: NodeContexts[] = [];

  beforeAll(async () => {
    stage = await openStage(inject('postgresUrl'));
    folder = await temporaryFolder('drey-queue');
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await stage.close();
    await folder.remove();
  });

  async function open(file: string, syncMs = 60_000): Promise<NodeContexts> {
    // The real store behind a switch: a real one that is stopped would take the other tests' database with it.
    const { store: real } = stage;
    const store: Store = {
      ...real,
      inNamespace: (namespace, work) =>
        isAway
          ? Promise.reject(new DreyError('database_unavailable', 'the database is away'))
          : real.inNamespace(namespace, work),
    };
    const fabric = await stage.node({ store });
    const node = openContextsOf({
      fabric,
      file: openLineFile(join(folder.path, file)),
      redactor,
      rulesFor: () => undefined,
      clock: realClock,
      log: quietLog,
      syncMs,
    });
    nodes.push(node);
    return node;
  }

  it('answers reads from its copies, says so, and refuses writes', async () => {
    const node = await open('reads.jsonl', 0);
    const { contextId } = await node.create({ ...ann, values: { a: 1 } });
    expect(await node.get({ ...ann, contextId })).toMatchObject({ stale: false });
    isAway = true;
    const view = await node.get({ ...ann, contextId });
    expect(view).toMatchObject({ values: { a: 1 }, stale: true });
    expect(view.ageMs).toBeGreaterThanOrEqual(0);
    await expect(node.get({ ...ben, contextId })).rejects.toMatchObject({ code: 'context_unknown' });
    for (const work of [
      node.get({ ...ann, contextId, fresh: true }),
      node.change({ ...ann, contextId, changes: { a: 2 } }),
      node.get({ ...ann, contextId: 'c-never-read' }),
    ])
      await expect(work).rejects.toMatchObject({ code: 'database_unavailable' });
    isAway = false;
    expect(await node.get({ ...ann, contextId })).toMatchObject({ values: { a: 1 }, stale: false });
  });

  it('keeps changes that may wait in their order, and tells what became of each', async () => {
    const node = await open('waits.jsonl');
    const { contextId } = await node.create({ ...ann, values: { log: 0 } });
    isAway = true;
    const later = { ...ann, contextId, ifOffline: 'queue' as const };
    const first = await node.change({ ...later, changes: { a: 1 } });
    const stale = await node.change({ ...later, changes: { a: 2 }, expectedVersion: 1 });
    const last = await node.change({ ...later, patches: { a: 3 }, expected: { a: 1 } });
    expect([first.outcome, stale.outcome, last.outcome]).toEqual(['pending', 'pending', 'pending']);
    expect(node.outcome({ ...ann, requestId: first.requestId })).toMatchObject({ outcome: 'pending' });
    expect(node.outcome({ ...ben, requestId: first.requestId })).toBeUndefined();
    isAway = false;
    // What comes now for this context comes after them.
    await until('all of them are decided', () =>
      Promise.resolve(node.outcome({ ...ann, requestId: last.requestId })?.outcome !== 'pending'),
    );
    expect(node.outcome({ ...ann, requestId: first.requestId })).toMatchObject({
      outcome: 'stored',
      version: 2,
    });
    expect(node.outcome({ ...ann, requestId: stale.requestId })).toMatchObject({
      outcome: 'refused',
      code: 'revision_conflict',
    });
    expect(node.outcome({ ...ann, requestId: last.requestId })).toMatchObject({
      outcome: 'stored',
      version: 3,
    });
    expect((await node.get({ ...ann, contextId, fresh: true })).values).toEqual({ log: 0, a: 3 });
  });

  it('keeps apart what several callers call by one id', async () => {
    const node = await open('ids.jsonl');
    const zoe = { namespace: 'globex', by: { principal: 'zoe', isAdmin: false } };
    const wanted = [
      { ...ann, contextId: (await node.create({ ...ann, values: {} })).contextId },
      { ...ann, contextId: (await node.create({ ...ann, values: {} })).contextId },
      { ...ben, contextId: (await node.create({ ...ben, values: {} })).contextId },
      { ...zoe, contextId: (await node.create({ ...zoe, values: {} })).contextId },
    ];
    isAway = true;
    const later = { ifOffline: 'queue' as const, requestId: 'r-1', changes: { a: 1 } };
    for (const one of [...wanted, ...wanted])
      expect(await node.change({ ...one, ...later })).toMatchObject({ outcome: 'pending' });
    isAway = false;
    for (const one of wanted) {
      await until('it is decided', () =>
        Promise.resolve(node.outcome({ ...one, requestId: 'r-1' })?.outcome !== 'pending'),
      );
      expect(node.outcome({ ...one, requestId: 'r-1' })).toMatchObject({ outcome: 'stored', version: 2 });
      expect(await node.get({ ...one, fresh: true })).toMatchObject({ values: { a: 1 }, version: 2 });
    }
  });

  it('loses nothing that it accepted to a kill, and stores it once', async () => {
    const path = join(folder.path, 'killed.jsonl');
    const before = await open('before.jsonl');
    const { contextId } = await before.create({ ...ann, values: {} });
    const program = fileURLToPath(new URL('../../../dist/test/rooms/node/queue-program.js', import.meta.url));
    const child = spawn(process.execPath, [program, path, contextId], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.split('\n').length > 20) child.kill('SIGKILL');
      });
      child.once('close', () => resolve());
    });
    const accepted = said
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
    expect(accepted.length).toBeGreaterThanOrEqual(20);
    // The line that a process was writing when it died.
    appendFileSync(path, '{"queued":{"requestId":"q-torn","na');
    const node = await open('killed.jsonl');
    const newest = `q-${accepted.at(-1)}`;
    await until('what was accepted is decided', () =>
      Promise.resolve(node.outcome({ ...ann, requestId: newest })?.outcome === 'stored'),
    );
    const versions = await node.history({ ...ann, contextId, limit: 200 });
    const stored = versions.map(({ changes }) => changes['n']).filter((n) => n !== undefined);
    expect(stored.toReversed().slice(0, accepted.length)).toEqual(accepted);
    expect(new Set(stored).size).toBe(stored.length);
    await node.close();
    expect(readFileSync(path, 'utf8')).not.toContain('"queued"');
    const again = await open('killed.jsonl');
    expect(again.outcome({ ...ann, requestId: newest })).toMatchObject({ outcome: 'stored' });
  });

  it('takes no more than its named maximum', async () => {
    const node = await open('full.jsonl');
    const { contextId } = await node.create({ ...ann, values: {} });
    isAway = true;
    const later = { ...ann, contextId, ifOffline: 'queue' as const, changes: { a: 1 } };
    for (let n = 0; n < contextQueueMax; n += 1) await node.change(later);
    await expect(node.change(later)).rejects.toMatchObject({ code: 'limit_reached' });
    await node.close();
    isAway = false;
  });
});
