/** Shared contexts for agents on a real database: who may do what, copies of two nodes, ways back, and merges. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { mergeStates } from '../../../../machines/context-merge.ts';
import { ContextPermission, everyone } from '../../../../machines/words/contexts.ts';
import { isDreyError } from '../../../../machines/words/errors.ts';
import { createRedactor } from '../../../../src/access/access.ts';
import { createDurableKinds } from '../../../../src/actors/kinds.ts';
import { openContextsOf } from '../../../../src/actors/context/open-contexts.ts';
import type { NodeContexts } from '../../../../src/actors/context/open-contexts.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { realClock } from './clock.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

const redactor = createRedactor({ key: 'test' });
const agent = (principal: string) => ({ principal, isAdmin: false });
const ann = { namespace: 'acme', by: agent('ann') };
const ben = { namespace: 'acme', by: agent('ben') };
const owner = { namespace: 'acme', by: { principal: 'local', isAdmin: true } };

async function openNode(stage: Stage): Promise<NodeContexts> {
  const kinds = createDurableKinds({ redact: (changes) => redactor.redact(changes) });
  const fabric = await stage.node({ kinds });
  return openContextsOf({ fabric, redactor, rulesFor: () => undefined, clock: realClock, log: quietLog });
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'ok';
  } catch (error) {
    if (!isDreyError(error)) throw error;
    return error.code;
  }
};

describe('shared contexts', () => {
  let stage: Stage;
  let one: NodeContexts;
  let other: NodeContexts;

  beforeAll(async () => {
    stage = await openStage(inject('postgresUrl'));
    one = await openNode(stage);
    other = await openNode(stage);
  });
  afterAll(async () => {
    await Promise.all([one.close(), other.close()]);
    await stage.close();
  });

  const make = async (values: Record<string, unknown> = {}): Promise<string> =>
    (await one.create({ ...ann, values })).contextId;

  it('are made under an id that nobody can guess, or under a name of the creator’s own', async () => {
    const first = await one.create({ ...ann, name: 'release', values: { a: 1 } });
    expect(first).toMatchObject({ version: 1, created: true });
    expect(await other.create({ ...ann, name: 'release', values: { a: 2 } })).toEqual({
      ...first,
      created: false,
    });
    const his = await one.create({ ...ben, name: 'release', values: {} });
    expect(his.contextId).not.toBe(first.contextId);
    expect(await one.get({ ...ann, contextId: first.contextId })).toMatchObject({
      name: 'release',
      creator: 'ann',
      values: { a: 1 },
      permissions: ['administer'],
    });
  });

  it('bring their namespace into being with the first of them', async () => {
    const by = { principal: 'local', isAdmin: true };
    const { contextId } = await one.create({ namespace: 'brand-new', by, values: { a: 1 } });
    expect((await one.get({ namespace: 'brand-new', by, contextId })).values).toEqual({ a: 1 });
  });

  it('change several keys at once, by values, merge patches and removals, or not at all', async () => {
    const contextId = await make({ keep: 1, gone: 2, deep: { a: 1, b: { c: 2 } } });
    await one.change({
      ...ann,
      contextId,
      changes: { new: [1] },
      patches: { deep: { a: null, b: { d: 3 } } },
      removed: ['gone'],
      expected: { keep: 1 },
      absent: ['new'],
    });
    const { values, version } = await one.get({ ...ann, contextId });
    expect(values).toEqual({ keep: 1, deep: { b: { c: 2, d: 3 } }, new: [1] });
    expect(version).toBe(2);
    for (const wrong of [{ expected: { keep: 2 } }, { absent: ['keep'] }, { expectedVersion: 1 }])
      expect(await codeOf(one.change({ ...ann, contextId, changes: { keep: 9 }, ...wrong }))).toBe(
        'revision_conflict',
      );
    expect((await one.get({ ...ann, contextId, fresh: true })).values).toEqual(values);
  });

  it('say the same of what is not there and of what is somebody else’s, whatever is asked', async () => {
    const theirs = await make({ secret: 1 });
    const nowhere = 'c-018f0000-0000-7000-8000-000000000000';
    const asks: readonly ((contextId: string) => Promise<unknown>)[] = [
      (contextId) => one.get({ ...ben, contextId }),
      (contextId) => one.change({ ...ben, contextId, changes: { a: 1 } }),
      (contextId) => one.change({ ...ben, contextId, changes: { a: 1 }, expectedVersion: 1 }),
      (contextId) => one.history({ ...ben, contextId, limit: 5 }),
      (contextId) => one.rollback({ ...ben, contextId, version: 1 }),
      (contextId) => one.share({ ...ben, contextId, with: 'ben', permissions: ['administer'] }),
      (contextId) => one.archive({ ...ben, contextId }),
      (contextId) => one.sync({ ...ben, contextId, baseVersion: 1, mine: {}, prefer: 'mine' }),
    ];
    for (const ask of asks) {
      const [a, b] = await Promise.allSettled([ask(theirs), ask(nowhere)]);
      expect(a).toMatchObject({ status: 'rejected', reason: { code: 'context_unknown' } });
      expect(a).toEqual(b);
    }
    expect((await one.list({ ...ben, limit: 200 })).map(({ contextId }) => contextId)).not.toContain(theirs);
    expect((await one.get({ ...ann, contextId: theirs, fresh: true })).values).toEqual({ secret: 1 });
    expect(await codeOf(one.get({ namespace: 'globex', by: agent('ann'), contextId: theirs }))).toBe(
      'context_unknown',
    );
  });

  it('let exactly those do what they were given, in any order of giving and taking', async () => {
    const permission = fc.constantFrom(...ContextPermission.options);
    const grant = fc.record({
      with: fc.constantFrom('ben', 'cleo', everyone),
      permissions: fc.uniqueArray(permission, { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(grant, { maxLength: 4 }), async (grants) => {
        const contextId = await make({ a: 1 });
        const given = new Map<string, readonly ContextPermission[]>();
        for (const one_ of grants) {
          await one.share({ ...ann, contextId, ...one_ });
          given.set(one_.with, one_.permissions);
        }
        for (const who of ['ben', 'cleo', 'dora']) {
          const asker = { namespace: 'acme', by: agent(who), contextId };
          const has = new Set([...(given.get(who) ?? []), ...(given.get(everyone) ?? [])]);
          const may = (what: ContextPermission): string => {
            if (has.size === 0) return 'context_unknown';
            return has.has(what) || has.has('administer') ? 'ok' : 'permission_denied';
          };
          const reads = has.size === 0 ? 'context_unknown' : 'ok';
          expect(await codeOf(one.get({ ...asker, fresh: true }))).toBe(reads);
          expect(await codeOf(one.change({ ...asker, changes: { b: who } }))).toBe(may('write'));
          expect(await codeOf(one.held(asker, 'execute'))).toBe(may('execute'));
          const listed = await one.list({ namespace: 'acme', by: agent(who), limit: 200 });
          expect(listed.some((each) => each.contextId === contextId)).toBe(has.size > 0);
          const again = { ...asker, with: 'ben', permissions: given.get('ben') ?? [] };
          expect(await codeOf(one.share(again))).toBe(may('administer'));
        }
        expect(await codeOf(one.get({ ...owner, contextId }))).toBe('ok');
      }),
      { numRuns: 12 },
    );
  });

  it('tell the bus of what is shared and taken away, and keep secrets out of change sets', async () => {
    const contextId = await make({ api_key: 'sk_live_4eC39HqLyjWDarjtT1zdp7dc', plain: 'words' });
    await one.share({ ...ann, contextId, with: 'ben', permissions: ['read'] });
    await one.share({ ...ann, contextId, with: 'ben', permissions: [] });
    const sent = await stage.ask<{ event: { type: string; data: Record<string, unknown> } }>(
      `select event from outbox where event->'actor'->>'id' = '${contextId}' order by position`,
    );
    expect(sent.map(({ event }) => [event.type, event.data['permissions']])).toEqual([
      ['context.created', undefined],
      ['context.shared', ['read']],
      ['context.revoked', []],
    ]);
    const written = await stage.ask<{ action: string; principal: string; details: object }>(
      `select action, principal, details from audit_log where object = 'context/${contextId}' order by position`,
    );
    expect(written).toEqual([
      { action: 'context_shared', principal: 'ann', details: { with: 'ben', permissions: ['read'] } },
      { action: 'context_revoked', principal: 'ann', details: { with: 'ben', permissions: [] } },
    ]);
    expect(sent[0]?.event.data['changes']).toMatchObject({ plain: 'words' });
    expect(JSON.stringify(sent)).not.toContain('sk_live_4eC39HqLyjWDarjtT1zdp7dc');
    const { values } = await one.get({ ...ann, contextId, fresh: true });
    expect(values).toEqual({ api_key: 'sk_live_4eC39HqLyjWDarjtT1zdp7dc', plain: 'words' });
  });

  it('go back to any version, as a new one', async () => {
    const contextId = await make({ a: 1, b: { c: 1 } });
    await one.change({ ...ann, contextId, changes: { a: 2, d: 4 } });
    await one.change({ ...ann, contextId, patches: { b: { c: null } }, removed: ['a'] });
    expect(await other.rollback({ ...ann, contextId, version: 1 })).toEqual({ version: 4 });
    expect((await one.get({ ...ann, contextId, fresh: true })).values).toEqual({ a: 1, b: { c: 1 } });
    expect(await one.rollback({ ...ann, contextId, version: 3 })).toEqual({ version: 5 });
    expect((await one.get({ ...ann, contextId })).values).toEqual({ b: {}, d: 4 });
    expect(await codeOf(one.rollback({ ...ann, contextId, version: 9 }))).toBe('argument_invalid');
    const versions = await one.history({ ...ann, contextId, limit: 10 });
    expect(versions.map(({ version, removed }) => [version, removed])).toEqual([
      [5, ['a']],
      [4, ['d']],
      [3, ['a']],
      [2, []],
      [1, []],
    ]);
  });

  it('reach every version of any history', async () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const step = fc.record({
      changes: fc.dictionary(key, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }),
      removed: fc.uniqueArray(key, { maxLength: 1 }),
    });
    const isStorable = (value: unknown): boolean => {
      const text = JSON.stringify(value);
      return text === JSON.stringify(JSON.parse(text)) && !/\\u0000|\\ud[89a-f]|__proto__/i.test(text);
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step.filter(isStorable), { minLength: 1, maxLength: 6 }), async (steps) => {
        const contextId = await make({ a: 0 });
        const seen = [(await one.get({ ...ann, contextId })).values];
        for (const { changes, removed } of steps) {
          const taken = await codeOf(one.change({ ...ann, contextId, changes, removed }));
          if (taken === 'ok') seen.push((await one.get({ ...ann, contextId, fresh: true })).values);
        }
        for (const [index, values] of seen.entries()) {
          await other.rollback({ ...ann, contextId, version: index + 1 });
          expect((await other.get({ ...ann, contextId, fresh: true })).values).toEqual(values);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('merge a copy that somebody worked on with what stands, and say what became of each key', async () => {
    const contextId = await make({ both: 0, mine: 0, theirs: 0, same: 0 });
    await other.change({ ...ann, contextId, changes: { both: 't', theirs: 't', same: 1 } });
    const mine = { both: 'm', mine: 'm', theirs: 0, same: 1 };
    const synced = await one.sync({ ...ann, contextId, baseVersion: 1, mine, prefer: 'theirs' });
    expect(synced).toMatchObject({
      version: 3,
      values: { both: 't', mine: 'm', theirs: 't', same: 1 },
      pushed: ['mine'],
      pulled: ['both', 'theirs'],
      merged: ['same'],
      conflicts: [{ key: 'both', base: 0, mine: 'm', theirs: 't', kept: 'theirs' }],
    });
    expect((await other.get({ ...ann, contextId, fresh: true })).values).toEqual(synced.values);
    const forced = await one.sync({ ...ann, contextId, baseVersion: 1, mine, prefer: 'mine' });
    expect(forced.values).toEqual({ both: 'm', mine: 'm', theirs: 't', same: 1 });
    const nothing = { baseVersion: forced.version, mine: forced.values, prefer: 'theirs' as const };
    expect(await one.sync({ ...ann, contextId, ...nothing })).toMatchObject({ version: 4, pushed: [] });
  });

  it('have one winner for each compare-and-set, and every winner saw what the one before it wrote', async () => {
    const contextId = await make({ n: 0 });
    const add = async (node: NodeContexts): Promise<number> => {
      for (;;) {
        const { version, values } = await node.get({ ...ann, contextId, fresh: true });
        const n = Number(values['n']) + 1;
        const change = { changes: { n }, expectedVersion: version };
        if ((await codeOf(node.change({ ...ann, contextId, ...change }))) === 'ok') return n;
      }
    };
    const counts = await Promise.all(Array.from({ length: 16 }, (_, at) => add(at % 2 === 0 ? one : other)));
    expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, at) => at + 1));
    expect((await one.get({ ...ann, contextId, fresh: true })).values).toEqual({ n: 16 });
  });

  it('refuse what is too much by name, and keep what they held', async () => {
    const contextId = await make({ a: 1 });
    const bad: readonly (readonly [Record<string, unknown>, string])[] = [
      [{ a: 'x'.repeat(200_000) }, 'body_too_large'],
      [Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, 1])), 'limit_reached'],
      [{ [`k${'x'.repeat(200)}`]: 1 }, 'argument_invalid'],
      [{ a: 2 ** 53 }, 'argument_invalid'],
      [{ a: Number.NaN }, 'argument_invalid'],
      [{ a: 'nul\u0000' }, 'argument_invalid'],
      [{ a: '\ud800' }, 'argument_invalid'],
      [{ a: JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`) }, 'argument_invalid'],
      [JSON.parse('{"__proto__":{"x":1}}'), 'argument_invalid'],
    ];
    for (const [changes, code] of bad)
      expect([code, await codeOf(one.change({ ...ann, contextId, changes }))]).toEqual([code, code]);
    expect(await one.get({ ...ann, contextId, fresh: true })).toMatchObject({ version: 1, values: { a: 1 } });
  });

  it('are archived by whoever administers them, and take nothing afterwards', async () => {
    const contextId = await make({ a: 1 });
    await one.share({ ...ann, contextId, with: 'ben', permissions: ['write'] });
    expect(await codeOf(one.archive({ ...ben, contextId }))).toBe('permission_denied');
    await one.archive({ ...ann, contextId });
    expect(await codeOf(one.change({ ...ben, contextId, changes: { a: 2 } }))).toBe('transition_refused');
    expect(await codeOf(one.change({ namespace: 'acme', by: agent('dora'), contextId, changes: {} }))).toBe(
      'context_unknown',
    );
  });
});

describe('merging three states', () => {
  const values = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 2 }));

  it('keeps what one side changed, whichever side it is, and is done when it is done twice', () => {
    fc.assert(
      fc.property(values, values, values, (base, mine, theirs) => {
        const merge = mergeStates(base, mine, theirs, 'theirs');
        const mirrored = mergeStates(base, theirs, mine, 'mine');
        expect(merge.state).toEqual(mirrored.state);
        expect(mergeStates(base, base, theirs, 'theirs').state).toEqual(theirs);
        expect(mergeStates(base, mine, base, 'theirs').state).toEqual(mine);
        expect(mergeStates(theirs, merge.state, theirs, 'theirs').state).toEqual(merge.state);
        const again = mergeStates(merge.state, merge.state, merge.state, 'theirs');
        expect([again.pushed, again.pulled, again.conflicts]).toEqual([[], [], []]);
        const named = [...merge.pushed, ...merge.pulled, ...merge.merged].sort();
        expect(new Set(named).size).toBe(named.length);
      }),
    );
  });
});
