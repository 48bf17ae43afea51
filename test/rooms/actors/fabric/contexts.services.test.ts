/** Shared contexts on a real database: what is answered is stored, once, and nobody's change is lost. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import type { ContextAnswer } from '../../../../src/actors/context/contexts.ts';
import { contextChangesBytesMax } from '../../../../machines/words/contexts.ts';
import type { Fabric } from '../../../../src/actors/durable/fabric.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

const acme = (contextId: string) => ({ namespace: 'acme', contextId });

describe('a shared context', () => {
  let stage: Stage;
  let one: Fabric;
  let other: Fabric;

  beforeAll(async () => {
    stage = await openStage(inject('postgresUrl'));
    one = await stage.node();
    other = await stage.node();
  });
  afterAll(() => stage.close());

  it('is created by its first commit, changed by the next ones, and read as it was stored', async () => {
    const name = acme('c-first');
    expect(await one.contexts.commit({ ...name, changes: { a: 1 }, principal: 'ann' })).toMatchObject({
      ok: true,
      version: 1,
      duplicate: false,
    });
    expect(await one.contexts.commit({ ...name, changes: { b: null } })).toMatchObject({ version: 2 });
    expect(await one.contexts.get(name)).toMatchObject({
      version: 2,
      content: { a: 1, b: null },
      status: 'active',
    });
    const versions = await one.contexts.versions(name, { limit: 10 });
    expect(versions.map(({ version, changes, principal }) => [version, changes, principal])).toEqual([
      [2, { b: null }, ''],
      [1, { a: 1 }, 'ann'],
    ]);
    const sent = await stage.ask<{ event: { id: string; type: string; data: object } }>(
      `select event from outbox where event->'actor'->>'id' = 'c-first' order by position`,
    );
    expect(sent.map(({ event }) => [event.id, event.type, event.data])).toEqual([
      ['acme/context/c-first/1:1', 'context.created', { version: 1, changes: { a: 1 }, principal: 'ann' }],
      ['acme/context/c-first/2:1', 'context.updated', { version: 2, changes: { b: null } }],
    ]);
  });

  it('refuses a change of a version that has passed or was never there, and tells the one that stands', async () => {
    const name = acme('c-versions');
    expect(await one.contexts.commit({ ...name, changes: { a: 1 }, expectedVersion: 7 })).toEqual({
      ok: false,
      code: 'revision_conflict',
      version: 0,
    });
    expect(await one.contexts.get(name)).toBeUndefined();
    expect(await stage.ask(`select 1 from actors where id = 'c-versions'`)).toEqual([]);
    await other.contexts.commit({ ...name, changes: { a: 1 }, expectedVersion: 0 });
    expect(await one.contexts.commit({ ...name, changes: { a: 2 }, expectedVersion: 0 })).toMatchObject({
      ok: false,
      version: 1,
    });
    expect(await one.contexts.commit({ ...name, changes: { a: 2 }, expectedVersion: 1 })).toMatchObject({
      ok: true,
      version: 2,
    });
  });

  it('never refuses because of an old copy: another node has changed it meanwhile', async () => {
    const name = acme('c-old');
    await one.contexts.commit({ ...name, changes: { a: 1 } });
    await other.contexts.commit({ ...name, changes: { a: 2 } });
    expect(await one.contexts.commit({ ...name, changes: { b: 1 }, expectedVersion: 2 })).toMatchObject({
      ok: true,
      version: 3,
    });
    expect(await other.contexts.commit({ ...name, changes: { c: 1 }, expectedVersion: 3 })).toMatchObject({
      ok: true,
      version: 4,
    });
    expect((await one.contexts.get(name))?.content).toEqual({ a: 2, b: 1, c: 1 });
  });

  it('takes a request once, however often and wherever it arrives', async () => {
    const name = acme('c-twice');
    const request = { ...name, changes: { n: 1 }, requestId: 'q-1' };
    expect(await one.contexts.commit(request)).toEqual({ ok: true, version: 1, duplicate: false });
    await one.contexts.commit({ ...name, changes: { n: 2 } });
    const first = { ...request, expectedVersion: 0 };
    expect(await one.contexts.commit(first)).toEqual({ ok: true, version: 2, duplicate: true });
    expect(await one.contexts.commit(request)).toEqual({ ok: true, version: 2, duplicate: true });
    expect(await other.contexts.commit(request)).toEqual({ ok: true, version: 2, duplicate: true });
    expect((await one.contexts.get(name))?.content).toEqual({ n: 2 });
  });

  it('never calls a request done that it refused: asked again, it is looked at again', async () => {
    const name = acme('c-refused');
    const request = { ...name, changes: { a: 1 }, expectedVersion: 1, requestId: 'r-1' };
    for (const node of [one, other, one]) {
      expect(await node.contexts.commit(request)).toMatchObject({ ok: false, code: 'revision_conflict' });
    }
    await other.contexts.commit({ ...name, changes: { b: 1 } });
    expect(await one.contexts.commit(request)).toEqual({ ok: true, version: 2, duplicate: false });
    expect(await other.contexts.commit(request)).toEqual({ ok: true, version: 2, duplicate: true });
  });

  it('has exactly one winner a version when twenty ask for the same one at two nodes', async () => {
    const name = acme('c-race');
    await one.contexts.commit({ ...name, changes: { start: true } });
    for (let version = 1; version <= 5; version += 1) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          (n % 2 === 0 ? one : other).contexts.commit({
            ...name,
            changes: { [`r${version}n${n}`]: n },
            expectedVersion: version,
          }),
        ),
      );
      expect(answers.filter(({ ok }) => ok)).toEqual([{ ok: true, version: version + 1, duplicate: false }]);
      for (const answer of answers) {
        if (!answer.ok) expect(answer).toMatchObject({ code: 'revision_conflict' });
      }
    }
    expect(Object.keys((await one.contexts.get(name))?.content ?? {})).toHaveLength(6);
  });

  it('loses nothing when twenty change it at two nodes without a version, also when it is new', async () => {
    const name = acme('c-crowd');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        (n % 2 === 0 ? one : other).contexts.commit({ ...name, changes: { [`n${n}`]: n } }),
      ),
    );
    const versions = answers.map(({ version }) => version).sort((a, b) => a - b);
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(versions).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(Object.keys((await one.contexts.get(name))?.content ?? {})).toHaveLength(20);
    const ids = await stage.ask<{ id: string }>(
      `select id from outbox where id like 'acme/context/c-crowd/%'`,
    );
    expect(new Set(ids.map(({ id }) => id)).size).toBe(20);
  });

  it('is archived once, and answers changes with a refusal afterwards', async () => {
    const name = acme('c-archive');
    expect(await one.contexts.archive(name)).toEqual({ ok: false, code: 'context_unknown', version: 0 });
    await one.contexts.commit({ ...name, changes: { a: 1 } });
    expect(await other.contexts.archive({ ...name, reason: 'done with' })).toMatchObject({ ok: true });
    expect(await one.contexts.commit({ ...name, changes: { a: 2 } })).toEqual({
      ok: false,
      code: 'transition_refused',
      version: 1,
    });
    expect(await one.contexts.get(name)).toMatchObject({ status: 'archived', content: { a: 1 } });
    const [sent] = await stage.ask<{ event: { data: object } }>(
      `select event from outbox where id = 'acme/context/c-archive/2:1'`,
    );
    expect(sent?.event.data).toMatchObject({
      from: 'active',
      to: 'archived',
      cause: { type: 'archive', reason: 'done with' },
    });
  });

  it('comes back with its state after it was put to rest by command', async () => {
    const name = acme('c-rest');
    await one.contexts.commit({ ...name, changes: { a: 1 } });
    const address = { namespace: 'acme', kind: 'context', id: 'c-rest' } as const;
    await one.deliver(address, { from: 'command', id: 'rest-1', verb: 'passivate' });
    expect(await one.contexts.get(name)).toMatchObject({ status: 'passive', content: { a: 1 } });
    await one.contexts.commit({ ...name, changes: { b: 2 } });
    expect(await one.contexts.get(name)).toMatchObject({
      status: 'active',
      version: 2,
      content: { a: 1, b: 2 },
    });
  });

  it('keeps data that looks like the runtime’s own references as it is', async () => {
    const name = acme('c-odd');
    const changes = { a: { xstate$$type: 1, id: 'x' }, b: { sessionId: '1', send: 1, ref: 1 } };
    await one.contexts.commit({ ...name, changes });
    await other.contexts.commit({ ...name, changes: { c: 1 } });
    expect((await one.contexts.get(name))?.content).toEqual({ ...changes, c: 1 });
  });

  it('refuses what is no change, too large, reserved or unknown before anything is read', async () => {
    const address = { namespace: 'acme', kind: 'context', id: 'c-bad' } as const;
    const tell = (verb: string, data?: unknown) =>
      one.deliver(address, { from: 'command', id: `bad-${verb}`, verb, data });
    await expect(tell('xstate.stop')).rejects.toMatchObject({ code: 'transition_refused' });
    await expect(tell('commit.done', { version: 9 })).rejects.toMatchObject({ code: 'method_unknown' });
    await expect(tell('commit', { changes: [] })).rejects.toMatchObject({ code: 'argument_invalid' });
    for (const expectedVersion of [-1, 1.5, '1', Number.MAX_VALUE]) {
      await expect(tell('commit', { changes: {}, expectedVersion })).rejects.toMatchObject({
        code: 'argument_invalid',
      });
    }
    const changes = { a: 'x'.repeat(contextChangesBytesMax) };
    await expect(tell('commit', { changes })).rejects.toMatchObject({ code: 'body_too_large' });
    await expect(one.contexts.commit({ ...acme('not.a.token'), changes: {} })).rejects.toMatchObject({
      code: 'argument_invalid',
    });
    await expect(
      one.deliver(
        { ...address, kind: 'session' },
        { from: 'command', id: 'x', verb: 'commit', data: { changes: {} } },
      ),
    ).rejects.toMatchObject({ code: 'argument_invalid' });
    await expect(
      one.contexts.commit({ namespace: 'nowhere', contextId: 'c-1', changes: {} }),
    ).rejects.toMatchObject({ code: 'namespace_unknown' });
    expect(await one.contexts.get(acme('c-bad'))).toBeUndefined();
  });

  it('is kept apart from the context of the same name in another namespace', async () => {
    await one.contexts.commit({ ...acme('c-same'), changes: { a: 'acme' } });
    await one.contexts.commit({ namespace: 'globex', contextId: 'c-same', changes: { a: 'globex' } });
    expect((await one.contexts.get(acme('c-same')))?.content).toEqual({ a: 'acme' });
    expect((await one.contexts.list('globex', { limit: 10 })).map(({ contextId }) => contextId)).toEqual([
      'c-same',
    ]);
  });

  it('equals a plain model under any commands, nodes and rests', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const command = fc.oneof(
      fc.record({ do: fc.constant('commit' as const), key, value: fc.integer(), node: fc.nat(1) }),
      fc.record({
        do: fc.constant('at' as const),
        key,
        value: fc.integer(),
        node: fc.nat(1),
        off: fc.integer({ min: -1, max: 1 }),
      }),
      fc.record({ do: fc.constant('leave' as const), node: fc.nat(1) }),
      fc.record({ do: fc.constant('passivate' as const), node: fc.nat(1) }),
      fc.record({ do: fc.constant('again' as const), node: fc.nat(1) }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 25 }), async (commands) => {
        run += 1;
        const contextId = `c-model-${run}`;
        const name = acme(contextId);
        const model: { version: number; state: Record<string, number> } = { version: 0, state: {} };
        let last: (() => Promise<ContextAnswer>) | undefined;
        let n = 0;
        for (const step of commands) {
          n += 1;
          const node = step.node === 0 ? one : other;
          const address = { namespace: 'acme', kind: 'context', id: contextId } as const;
          if (step.do === 'leave') await node.directory.passivate(address);
          else if (step.do === 'passivate') {
            await node.deliver(address, { from: 'command', id: `${contextId}-${n}`, verb: 'passivate' });
          } else if (step.do === 'again') {
            if (last !== undefined) {
              expect(await last()).toEqual({ ok: true, version: model.version, duplicate: true });
            }
          } else {
            const changes = { [step.key]: step.value };
            const expectedVersion = step.do === 'at' ? Math.max(0, model.version + step.off) : null;
            const request = { ...name, changes, expectedVersion, requestId: `${contextId}-${n}` };
            const answer = await node.contexts.commit(request);
            const isRight = expectedVersion === null || expectedVersion === model.version;
            expect(answer.ok).toBe(isRight);
            if (isRight) {
              model.version += 1;
              model.state = { ...model.state, ...changes };
              last = async () => node.contexts.commit(request);
            }
            expect(answer.version).toBe(model.version);
          }
        }
        const stored = await one.contexts.get(name);
        expect(stored?.version ?? 0).toBe(model.version);
        expect(stored?.content ?? {}).toEqual(model.state);
      }),
      { numRuns: 30 },
    );
  });
});
