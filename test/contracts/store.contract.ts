/**
 * What the store promises on every Postgres that Drey supports. One suite; each server it is run against is an
 * implementation. Databases are its own, so it may run beside anything else on the same server.
 */
import { until } from '../support/until.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { EpisodeCursor, Store } from '../../src/store/store.ts';
import {
  addDue,
  countDue,
  addDeadLetter,
  addInjection,
  addToOutbox,
  claimSession,
  closeSession,
  commitActor,
  countArchive,
  dropDeadLetter,
  ensureNamespace,
  finishTask,
  followInjection,
  getEpisode,
  getNewestModel,
  getPattern,
  getSession,
  getSop,
  listDeadLetters,
  listNamespaces,
  listPatterns,
  listSessions,
  dropDue,
  listSops,
  listSopVersions,
  listTasks,
  measureOutbox,
  putModel,
  readActor,
  readDue,
  readDrafts,
  readEpisodes,
  readLearningFigures,
  recordFeedback,
  relayOutbox,
  retirePattern,
  retireSop,
  saveCalls,
  saveEpisode,
  savePattern,
  saveSessions,
  saveSop,
  searchSops,
  setSopStatus,
  startTask,
  takeDueTimers,
  takeInbox,
  touchUsedSops,
} from '../../src/store/store.ts';
import { openTestStore } from '../support/store.ts';
import type { TestStore } from '../support/store.ts';
import { call, episode, event, session, sop } from '../support/store-rows.ts';

/** Runs the whole suite against one server. */
export function storeContract(server: string, adminUrl: () => string): void {
  describe(`the store on ${server}`, () => {
    let opened: TestStore;
    let store: Store;

    beforeAll(async () => {
      opened = await openTestStore(adminUrl());
      store = opened.store;
      for (const namespace of ['acme', 'globex']) {
        await store.inNamespace(namespace, (trx) => ensureNamespace(trx, `The ${namespace} company`));
      }
    });
    afterAll(() => opened.close());

    const within = <T>(work: Parameters<typeof store.inNamespace<T>>[1]): Promise<T> =>
      store.inNamespace('acme', work);

    describe('namespaces, sessions and tasks', () => {
      test('a namespace is made once and keeps its display name', async () => {
        expect(await within((trx) => ensureNamespace(trx, 'Another name'))).toBe(false);
        const all = await store.inSystem(listNamespaces);
        expect(all.map((row) => [row.namespace, row.displayName])).toEqual([
          ['acme', 'The acme company'],
          ['globex', 'The globex company'],
        ]);
      });

      test('a namespace whose transaction was taken back is made by the next one that needs it', async () => {
        const broken = store.inNamespace('undone', async (trx) => {
          await ensureNamespace(trx);
          await ensureNamespace(trx);
          throw new Error('changed my mind');
        });
        await expect(broken).rejects.toThrow('changed my mind');
        const make = () => store.inNamespace('undone', (trx) => ensureNamespace(trx));
        expect([await make(), await make(), await make()]).toEqual([true, false, false]);
      });

      test('a display name of 255 emoji is kept whole', async () => {
        const name = '🐿'.repeat(255);
        await store.inNamespace('emoji', (trx) => ensureNamespace(trx, name));
        const all = await store.inSystem(listNamespaces);
        expect(all.find((row) => row.namespace === 'emoji')?.displayName).toBe(name);
      });

      test('writing into a namespace that does not exist says so', async () => {
        await expect(
          store.inNamespace('nowhere', (trx) => saveSessions(trx, [session('s-1')])),
        ).rejects.toMatchObject({ code: 'namespace_unknown' });
      });

      test('a session is written lazily, and an older state never replaces a newer one', async () => {
        const later = { ...session('s-lazy'), calls: 7, lastSeenAt: '2026-03-01T10:05:00.000Z' };
        await within((trx) => saveSessions(trx, [later]));
        await within((trx) => saveSessions(trx, [session('s-lazy')]));
        expect(await within((trx) => getSession(trx, 's-lazy'))).toEqual(later);
        expect(
          await within((trx) =>
            closeSession(trx, { sessionId: 's-lazy', status: 'closed', at: '2026-03-01T11:00:00.000Z' }),
          ),
        ).toBe(true);
        const closed = await within((trx) => listSessions(trx, { statuses: ['closed'], limit: 10 }));
        expect(closed.map((row) => row.sessionId)).toEqual(['s-lazy']);
        expect(await within((trx) => listSessions(trx, { statuses: [], limit: 10 }))).toEqual([]);
      });

      test('several sessions are written at once, whatever their order', async () => {
        const both = [session('s-second'), { ...session('s-first'), calls: 2 }];
        await within((trx) => saveSessions(trx, []));
        await within((trx) => saveSessions(trx, both));
        expect(await within((trx) => getSession(trx, 's-second'))).toEqual(both[0]);
        expect(await within((trx) => getSession(trx, 's-first'))).toEqual(both[1]);
      });

      test('a session whose client said more than a row takes keeps no other row back', async () => {
        const row = {
          ...session('s-talkative'),
          capabilities: JSON.stringify({ roots: {}, more: 'x'.repeat(5_000) }),
        };
        await within((trx) => saveSessions(trx, [row]));
        expect(await within((trx) => getSession(trx, 's-talkative'))).toEqual({ ...row, capabilities: '' });
      });

      test('of several nodes that take a session over one gets it, and nobody gets one that is over', async () => {
        const open = { ...session('s-claimed'), node: 'n-dead', status: 'ready' };
        await within((trx) => saveSessions(trx, [open]));
        const claim = (node: string, from = 'n-dead') =>
          within((trx) =>
            claimSession(trx, { sessionId: 's-claimed', from, node, at: '2026-03-01T10:30:00.000Z' }),
          );
        const claims = await Promise.all(['n-1', 'n-2', 'n-3', 'n-4'].map((node) => claim(node)));
        const [won, ...others] = claims.filter((row) => row !== undefined);
        expect(others).toEqual([]);
        expect(won).toEqual({ ...open, node: won?.node, lastSeenAt: '2026-03-01T10:30:00.000Z' });
        expect(await within((trx) => getSession(trx, 's-claimed'))).toEqual(won);
        const elsewhere = await store.inNamespace('globex', (trx) =>
          claimSession(trx, {
            sessionId: 's-claimed',
            from: won?.node ?? '',
            node: 'n-5',
            at: open.lastSeenAt,
          }),
        );
        expect(elsewhere).toBeUndefined();
        // A claim made with an older clock never turns the row's own back.
        const at = '2026-03-01T09:00:00.000Z';
        const back = await within((trx) =>
          claimSession(trx, { sessionId: 's-claimed', from: won?.node ?? '', node: 'n-6', at }),
        );
        expect(back?.lastSeenAt).toBe('2026-03-01T10:30:00.000Z');
        const end = { sessionId: 's-claimed', status: 'closed' as const, at: '2026-03-01T10:31:00.000Z' };
        await within((trx) => closeSession(trx, end));
        expect(await claim('n-7', '')).toBeUndefined();
      });

      test('a task begins once, ends once and is listed', async () => {
        const start = {
          taskId: 't-1',
          sessionId: 's-1',
          principal: 'local',
          task: 'find the largest file',
          source: 'task',
          startedAt: '2026-03-01T10:00:00.000Z',
        };
        await within((trx) => startTask(trx, start));
        await within((trx) => startTask(trx, { ...start, task: 'another text' }));
        const end = {
          taskId: 't-1',
          outcome: 'success',
          calls: 3,
          finishedAt: '2026-03-01T10:01:00.000Z',
        } as const;
        expect(await within((trx) => finishTask(trx, end))).toBe(true);
        expect(await within((trx) => finishTask(trx, { ...end, outcome: 'failure' }))).toBe(false);
        expect(await within((trx) => listTasks(trx, { sessionId: 's-1', limit: 5 }))).toEqual([
          { ...start, outcome: 'success', notes: '', calls: 3, finishedAt: end.finishedAt },
        ]);
      });
    });

    describe('the archive', () => {
      test('episodes come back in order, page by page, exactly as they were saved', async () => {
        const saved = [3, 1, 2].map((n) => episode(`e-${n}`, { calls: n, minute: n }));
        for (const one of saved) await saveWhole(store, one);
        const seen = [];
        let after: EpisodeCursor | undefined;
        do {
          const page = await within((trx) => readEpisodes(trx, { limit: 2, ...(after && { after }) }));
          seen.push(...page.episodes);
          after = page.next;
        } while (after !== undefined);
        expect(seen).toEqual(saved.toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1)));
        expect(await within(countArchive)).toEqual({ episodes: 3, calls: 6 });
      });

      test('values keep the order of their keys, NUL, lone surrogates, null and what is not known', async () => {
        const odd = episode('e-odd', { calls: 0, minute: 9 });
        const calls = [
          call('k-odd-1', { args: { z: 1, a: [null, 'x\u0000y', '\ud800'] }, result: null }),
          call('k-odd-2', { args: undefined, result: 'text' }),
        ];
        await saveWhole(store, { ...odd, calls });
        const read = await within((trx) => getEpisode(trx, 'e-odd'));
        expect(read?.calls).toEqual(calls);
        expect(JSON.stringify(read?.calls[0]?.args)).toBe(JSON.stringify(calls[0]?.args));
        expect(read?.calls[1] && 'args' in read.calls[1] && read.calls[1].args).toBe(undefined);
      });

      test('calls that are archived already are not added again', async () => {
        const one = episode('e-twice', { calls: 2, minute: 11 });
        expect(await saveWhole(store, one)).toBe(2);
        expect(await saveWhole(store, one)).toBe(0);
      });

      test('an episode that grows replaces its own facts', async () => {
        const open = { ...episode('e-grows', { calls: 1, minute: 12 }), end: 'open' as const };
        await saveWhole(store, open);
        const ended = { ...episode('e-grows', { calls: 2, minute: 12 }), outcome: 'failure' as const };
        await saveWhole(store, ended);
        expect(await within((trx) => getEpisode(trx, 'e-grows'))).toEqual(ended);
      });

      test('open episodes of a session, and those named, are found again for their assembly', async () => {
        const { calls: _calls, ...facts } = episode('e-draft', { calls: 0, minute: 14 });
        await saveWhole(store, {
          ...episode('e-draft', { calls: 2, minute: 14 }),
          session: 's-draft',
          end: 'open',
        });
        const drafts = await within((trx) =>
          readDrafts(trx, { sessions: ['s-draft'], episodeIds: ['e-twice'] }),
        );
        expect(drafts.map((draft) => [draft.episodeId, draft.end, draft.calls])).toEqual([
          ['e-twice', 'told', 2],
          ['e-draft', 'open', 2],
        ]);
        expect(drafts[1]).toEqual({ ...facts, session: 's-draft', end: 'open', taskId: null, calls: 2 });
      });

      test('a call needs its episode when the transaction commits', async () => {
        const orphan = { ...call('k-orphan'), episodeId: 'e-none', position: 0 };
        await expect(within((trx) => saveCalls(trx, [orphan]))).rejects.toMatchObject({
          code: 'argument_invalid',
        });
      });

      test('text is repaired, ids are refused', async () => {
        const torn = { ...episode('e-torn', { calls: 0, minute: 13 }), task: 'a\u0000b\ud800c' };
        await within((trx) => saveEpisode(trx, torn));
        expect((await within((trx) => getEpisode(trx, 'e-torn')))?.task).toBe('a\uFFFDb\uFFFDc');
        for (const episodeId of ['e-\u0000', 'e-\ud800', '', 'e'.repeat(129)]) {
          await expect(within((trx) => saveEpisode(trx, { ...torn, episodeId }))).rejects.toMatchObject({
            code: 'argument_invalid',
          });
        }
      });
    });

    describe('what is due', () => {
      const due = (episodeId: string, open = false, isRetried = false) => ({ episodeId, open, isRetried });
      const read = async (perNamespace = 10) =>
        store.inSystem((trx) => readDue(trx, ['acme', 'globex', 'nowhere'], perNamespace));
      const toIds = (one: { readonly rows: readonly { readonly episodeId: string }[] } | undefined) =>
        one?.rows.map(({ episodeId }) => episodeId);

      test('is what changed, ended before open and the oldest first, each once, of each namespace apart', async () => {
        await within((trx) => addDue(trx, [due('e-open', true), due('e-1'), due('e-2')]));
        await within((trx) => addDue(trx, [due('e-1'), due('e-1'), due('e-3')]));
        await store.inNamespace('globex', (trx) => addDue(trx, [due('e-1')]));
        const found = await read(3);
        expect(toIds(found.get('acme'))).toEqual(['e-2', 'e-1', 'e-3']);
        expect(found.get('acme')?.total).toBe(4);
        expect(toIds(found.get('globex'))).toEqual(['e-1']);
        expect(found.has('nowhere')).toBe(false);
        expect(await store.inSystem(countDue)).toBe(5);
      });

      test('goes when that revision was learned from, and stays when it changed meanwhile', async () => {
        const rows = (await read()).get('acme')?.rows ?? [];
        await within((trx) => addDue(trx, [due('e-2', false, true)]));
        await within((trx) => addDue(trx, [due('e-2')]));
        await within((trx) => dropDue(trx, rows));
        const left = (await read()).get('acme')?.rows;
        // That somebody wants it tried again is not forgotten when it changes.
        expect(left).toMatchObject([{ episodeId: 'e-2', open: false, isRetried: true }]);
        expect(toIds((await read()).get('globex'))).toEqual(['e-1']);
        await store.inNamespace('globex', (trx) => dropDue(trx, left ?? []));
        expect((await read()).get('acme')?.total).toBe(1);
        await within((trx) => dropDue(trx, left ?? []));
        expect((await read()).has('acme')).toBe(false);
      });

      test('is nothing where the transaction that noted it failed', async () => {
        const failed = within(async (trx) => {
          await addDue(trx, [due('e-9')]);
          throw new Error('no');
        });
        await expect(failed).rejects.toThrow('no');
        expect((await read()).has('acme')).toBe(false);
      });
    });

    describe('procedures', () => {
      const cause = { by: 'learning', reason: 'three episodes agree' };

      test('a new procedure is proposed, then revised, activated and read back whole', async () => {
        await saveWhole(store, episode('e-proof', { calls: 3, minute: 20 }));
        const evidence = ['k-e-proof-0', 'k-e-proof-1', 'k-unknown'];
        const candidate = sop('acme', 1, { status: 'candidate', confidence: 0.5, evidence });
        const proposed = await within((trx) => saveSop(trx, candidate, { cause }));
        expect(proposed).toEqual({
          changed: true,
          isRewritten: false,
          written: true,
          version: 1,
          status: 'candidate',
          held: false,
          linked: 2,
          was: undefined,
        });
        const revised = { ...candidate, trigger: 'find the biggest file' };
        expect(await within((trx) => saveSop(trx, revised, { cause }))).toMatchObject({
          version: 2,
          isRewritten: true,
          was: 'candidate',
        });
        const active = { ...revised, status: 'active' as const, confidence: 0.8 };
        expect(await within((trx) => saveSop(trx, active, { cause }))).toMatchObject({
          version: 3,
          isRewritten: false,
          was: 'candidate',
        });
        const read = await within((trx) => getSop(trx, active.sopId));
        expect(read).toMatchObject({ ...active, evidence: evidence.slice(0, 2), version: 3, held: false });
        const versions = await within((trx) => listSopVersions(trx, { sopId: active.sopId, limit: 10 }));
        expect(versions.map((entry) => entry.version)).toEqual([3, 2, 1]);
        expect(versions[2]?.content).toMatchObject({ trigger: candidate.trigger, status: 'candidate' });
      });

      test('figures move without a new version, and the same thing again writes nothing', async () => {
        const one = sop('acme', 2);
        await within((trx) => saveSop(trx, one, { cause }));
        const surer = { ...one, confidence: 0.9, occurrences: 9 };
        expect(await within((trx) => saveSop(trx, surer, { cause }))).toMatchObject({
          changed: false,
          written: true,
          version: 1,
          was: 'active',
        });
        const before = await within((trx) => getSop(trx, one.sopId));
        expect(await within((trx) => saveSop(trx, surer, { cause }))).toMatchObject({
          changed: false,
          written: false,
        });
        expect(await within((trx) => getSop(trx, one.sopId))).toEqual(before);
      });

      test('a change of status says what was before', async () => {
        const one = sop('acme', 4);
        await within((trx) => saveSop(trx, one, { cause }));
        let was = 'active';
        for (const status of ['shadow', 'active', 'deprecated', 'quarantined', 'retired'] as const) {
          const by = { by: 'ada', reason: 'to see' };
          expect(
            await within((trx) => setSopStatus(trx, { sopId: one.sopId, status, cause: by })),
          ).toMatchObject({ changed: true, was });
          was = status;
        }
      });

      test('what a person retired, learning does not bring back', async () => {
        const one = sop('acme', 3);
        await within((trx) => saveSop(trx, one, { cause }));
        const retired = await within((trx) =>
          retireSop(trx, { sopId: one.sopId, cause: { by: 'ada', reason: 'dangerous' } }),
        );
        expect(retired).toEqual({ changed: true, version: 2, was: 'active' });
        expect(await within((trx) => saveSop(trx, one, { cause }))).toMatchObject({
          status: 'retired',
          changed: false,
          was: 'retired',
        });
        const approved = await within((trx) =>
          setSopStatus(trx, {
            sopId: one.sopId,
            status: 'active',
            cause: { by: 'ada', reason: 'looked again' },
          }),
        );
        expect(approved).toEqual({ changed: true, version: 3, was: 'retired' });
      });

      test('lists are filtered and ordered by confidence', async () => {
        await store.inNamespace('globex', async (trx) => {
          for (const [n, confidence] of [0.4, 0.95, 0.7].entries()) {
            await saveSop(trx, sop('globex', n, { confidence, status: n === 0 ? 'candidate' : 'active' }), {
              cause,
            });
          }
        });
        const read = (filter: Parameters<typeof listSops>[1]) =>
          store.inNamespace('globex', async (trx) =>
            (await listSops(trx, filter)).map((row) => row.confidence),
          );
        expect(await read({ limit: 10 })).toEqual([0.95, 0.7, 0.4]);
        expect(await read({ limit: 10, minConfidence: 0.7 })).toEqual([0.95, 0.7]);
        expect(await read({ limit: 10, statuses: ['candidate'] })).toEqual([0.4]);
        expect(await read({ limit: 1, offset: 1 })).toEqual([0.7]);
        expect(await read({ limit: -1 })).toEqual([]);
        expect(await read({ limit: 1e9, offset: -5 })).toHaveLength(3);
      });

      test('a trigger of 2,000 incompressible characters is stored, found and not cut', async () => {
        const trigger = Array.from({ length: 2_000 }, (_, n) =>
          String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000)),
        );
        const one = sop('acme', 4, { trigger: trigger.join('') });
        await within((trx) => saveSop(trx, one, { cause }));
        expect((await within((trx) => getSop(trx, one.sopId)))?.trigger).toBe(one.trigger);
        await expect(
          within((trx) => saveSop(trx, { ...one, trigger: `${one.trigger}x` }, { cause })),
        ).rejects.toMatchObject({ code: 'argument_invalid' });
      });

      test.each([Number.NaN, -0.01, 1.01, Number.POSITIVE_INFINITY])(
        'a confidence of %s is refused',
        async (n) => {
          const one = sop('acme', 5, { confidence: n });
          await expect(within((trx) => saveSop(trx, one, { cause }))).rejects.toMatchObject({
            code: 'argument_invalid',
          });
        },
      );

      test('hostile text in a procedure is kept as data, NUL and lone surrogates replaced', async () => {
        const nasty = `'; drop table acontext_sops; -- \u0000 \ud800 \\ {{x}} ${'🐿'.repeat(255)}`;
        const step = { tool: nasty, optional: false, repeated: false, alternatives: [], support: 1 };
        const args = {
          [`key\u0000`]: { from: 'constant' as const, value: { deep: ['\ud800'] }, support: 1 },
        };
        const one = sop('acme', 6, { trigger: nasty, steps: [nasty], procedure: [{ ...step, args }] });
        await within((trx) => saveSop(trx, one, { cause }));
        const clean = nasty.replaceAll('\u0000', '\uFFFD').replaceAll('\ud800', '\uFFFD');
        expect(await within((trx) => getSop(trx, one.sopId))).toMatchObject({
          trigger: clean,
          steps: [clean],
          procedure: [{ tool: clean, args: { 'key\uFFFD': { value: { deep: ['\uFFFD'] } } } }],
        });
      });

      test('a search finds by any word, best first, whatever the text contains', async () => {
        const wordy = { 7: 'rotate the database password', 8: 'rotate an image' };
        for (const [n, trigger] of Object.entries(wordy)) {
          await within((trx) => saveSop(trx, sop('acme', Number(n), { trigger }), { cause }));
        }
        const found = await within((trx) => searchSops(trx, { text: 'rotating passwords', limit: 5 }));
        expect(found.map((hit) => hit.sopId)).toEqual([sop('acme', 7).sopId, sop('acme', 8).sopId]);
        for (const text of [
          '',
          "it's & | ! <-> (a:*)",
          '\u0000\ud800',
          "a\\'b http://x.y/z?a=1&b='2'",
          '%_',
          '🐿',
        ]) {
          expect(await within((trx) => searchSops(trx, { text, limit: 5 }))).toBeInstanceOf(Array);
        }
        expect(
          await store.inNamespace('globex', (trx) => searchSops(trx, { text: 'rotate', limit: 5 })),
        ).toEqual([]);
      });

      test('an id that is no id is not found, like an unknown one', async () => {
        for (const id of ['', 'p-1', "p-' or 1=1", 'x'.repeat(100_000), `p-${crypto.randomUUID()}`]) {
          expect(await within((trx) => getSop(trx, id))).toBeUndefined();
          expect(await within((trx) => retireSop(trx, { sopId: id, cause }))).toBeUndefined();
        }
      });

      test('use is noted, and the learning figures count what is in use', async () => {
        const at = '2026-03-02T00:00:00.000Z';
        await within((trx) => touchUsedSops(trx, { sopIds: [sop('acme', 7).sopId, 'nonsense'], at }));
        expect((await within((trx) => getSop(trx, sop('acme', 7).sopId)))?.lastUsedAt).toBe(at);
        const figures = await within((trx) => readLearningFigures(trx, { recentMax: 3 }));
        expect(figures.totalSops).toBeGreaterThan(5);
        expect(figures.avgConfidence).toBeGreaterThan(0.5);
        expect(figures.recentDiscoveries).toHaveLength(3);
        const empty = await store.inNamespace('emptiness', (trx) =>
          readLearningFigures(trx, { recentMax: 3 }),
        );
        expect(empty).toEqual({ totalSops: 0, totalPatterns: 0, avgConfidence: 0, recentDiscoveries: [] });
      });
    });

    describe('patterns, injections and feedback', () => {
      const pattern = {
        patternId: 'a-00000000-0000-4000-8000-000000000001',
        patternType: 'failure_recovery',
        condition: { tool: 'fs__read' },
        action: { call: 'fs__list' },
        confidence: 0.6,
        metadata: {},
      };

      test('a pattern is discovered once and its effectiveness starts at zero', async () => {
        expect(await within((trx) => savePattern(trx, pattern))).toEqual({ discovered: true });
        expect(await within((trx) => savePattern(trx, { ...pattern, confidence: 0.8 }))).toEqual({
          discovered: false,
        });
        expect(await within((trx) => getPattern(trx, pattern.patternId))).toMatchObject({
          ...pattern,
          confidence: 0.8,
          effectiveness: 0,
          appliedCount: 0,
        });
        await expect(
          within((trx) => savePattern(trx, { ...pattern, confidence: Number.NaN })),
        ).rejects.toMatchObject({ code: 'argument_invalid' });
      });

      test('feedback counts once per principal and application, the last word wins', async () => {
        const say = (principal: string, helpful: boolean, application?: string) =>
          within((trx) =>
            recordFeedback(trx, {
              patternId: pattern.patternId,
              principal,
              helpful,
              ...(application && { application }),
            }),
          );
        expect(await say('ada', true)).toMatchObject({
          newEffectiveness: 1,
          appliedCount: 1,
          successCount: 1,
        });
        expect(await say('ada', false)).toMatchObject({
          newEffectiveness: 0,
          appliedCount: 1,
          successCount: 0,
        });
        expect(await say('ada', true, 'i-2')).toMatchObject({ newEffectiveness: 0.5, appliedCount: 2 });
        expect(await say('bob', true)).toMatchObject({ appliedCount: 3, successCount: 2 });
        expect(await within((trx) => getPattern(trx, pattern.patternId))).toMatchObject({
          appliedCount: 3,
          successCount: 2,
          effectiveness: 2 / 3,
        });
      });

      test('many reports at once are all counted', async () => {
        const busy = { ...pattern, patternId: 'a-00000000-0000-4000-8000-000000000002' };
        await within((trx) => savePattern(trx, busy));
        const reports = Array.from({ length: 12 }, (_, n) =>
          within((trx) =>
            recordFeedback(trx, { patternId: busy.patternId, principal: `p${n}`, helpful: n % 2 === 0 }),
          ),
        );
        await Promise.all(reports);
        expect(await within((trx) => getPattern(trx, busy.patternId))).toMatchObject({
          appliedCount: 12,
          successCount: 6,
        });
      });

      test('a SOP takes feedback about its last injection, and following one counts as applying it', async () => {
        const one = sop('acme', 9);
        await within((trx) => saveSop(trx, one, { cause: { by: 'learning', reason: 'seen' } }));
        const injection = {
          injectionId: 'i-9',
          principal: 'ada',
          session: 's-1',
          task: 'a task',
          at: '2026-03-01T10:00:00.000Z',
          items: [{ kind: 'sop' as const, id: one.sopId, relevance: 0.9 }],
        };
        await within((trx) => addInjection(trx, injection));
        await within((trx) => addInjection(trx, injection));
        const follow = {
          injectionId: 'i-9',
          kind: 'sop' as const,
          id: one.sopId,
          at: '2026-03-01T10:01:00.000Z',
        };
        expect(await within((trx) => followInjection(trx, follow))).toBe(true);
        expect(await within((trx) => followInjection(trx, follow))).toBe(false);
        expect(
          await within((trx) =>
            recordFeedback(trx, { patternId: one.sopId, principal: 'ada', helpful: true }),
          ),
        ).toEqual({
          patternId: one.sopId,
          kind: 'sop',
          newEffectiveness: 1,
          appliedCount: 1,
          successCount: 1,
        });
        expect((await within((trx) => getSop(trx, one.sopId)))?.feedback).toEqual({ applied: 1, helpful: 1 });
      });

      test('feedback on what does not exist is answered with nothing', async () => {
        expect(
          await within((trx) =>
            recordFeedback(trx, { patternId: 'a-nothing', principal: 'ada', helpful: true }),
          ),
        ).toBeUndefined();
      });

      test('a retired pattern is no longer listed', async () => {
        expect(await within((trx) => retirePattern(trx, pattern.patternId))).toBe(true);
        expect(await within((trx) => retirePattern(trx, pattern.patternId))).toBe(false);
        const ids = (await within((trx) => listPatterns(trx, { limit: 10 }))).map((row) => row.patternId);
        expect(ids).not.toContain(pattern.patternId);
      });
    });

    describe('models and dead letters', () => {
      test('the newest model is read, older ones go', async () => {
        expect(await within((trx) => getNewestModel(trx))).toBeUndefined();
        for (const n of [1, 2, 3, 4, 5]) expect(await within((trx) => putModel(trx, { n }))).toBe(n);
        expect(await within((trx) => getNewestModel(trx))).toMatchObject({ version: 5, body: { n: 5 } });
        expect(await within((trx) => getNewestModel(trx, { known: 5 }))).toBeUndefined();
      });

      test('two learners at once never write the same model version', async () => {
        const versions = await Promise.all(
          Array.from({ length: 6 }, (_, n) => within((trx) => putModel(trx, { n }))),
        );
        expect(new Set(versions).size).toBe(6);
      });

      test('a dead letter is kept word by word until it is dropped', async () => {
        const letter = {
          id: 'v-1',
          kind: 'session',
          actorId: 's-1',
          reason: 'unknown version 9',
          payload: '{"z":1,"a":"\\u0000"}',
          attempts: 5,
        };
        await within((trx) => addDeadLetter(trx, letter));
        await within((trx) => addDeadLetter(trx, { ...letter, attempts: 6 }));
        expect(await within((trx) => listDeadLetters(trx, { limit: 10 }))).toMatchObject([
          { ...letter, attempts: 6 },
        ]);
        expect(await within((trx) => dropDeadLetter(trx, 'v-1'))).toBe(true);
        expect(await within((trx) => dropDeadLetter(trx, 'v-1'))).toBe(false);
      });
    });

    describe('durable actors', () => {
      const commit = (id: string, revision: number) => ({
        kind: 'breaker',
        id,
        revision,
        snapshot: { value: 'open', context: { n: revision, text: 'x\u0000' } },
        machineVersion: '1',
        timers: [{ name: 'probe', dueAt: '2026-03-01T10:00:00.000Z', event: { type: 'restEnded' } }],
        outbox: [event('acme', `b-${id}/${revision}:0`)],
      });

      test('of many hosts with the same revision exactly one wins, and only its events leave', async () => {
        const first = await within((trx) => commitActor(trx, commit('b-race', 0)));
        expect(first).toEqual({ ok: true, revision: 1 });
        const racers = Array.from({ length: 8 }, (_, n) =>
          within((trx) =>
            commitActor(trx, { ...commit('b-race', 1), outbox: [event('acme', `racer-${n}`)] }),
          ),
        );
        const outcomes = await Promise.all(racers);
        expect(outcomes.filter((outcome) => outcome.ok)).toEqual([{ ok: true, revision: 2 }]);
        expect(outcomes.filter((outcome) => !outcome.ok)).toEqual(
          Array.from({ length: 7 }, () => ({ ok: false, revision: 2 })),
        );
        const left: string[] = [];
        await drain(store, (ids) => left.push(...ids));
        expect(left.filter((id) => id.startsWith('racer-'))).toHaveLength(1);
      });

      test('two hosts that make the same new actor: one wins', async () => {
        const outcomes = await Promise.all(
          [0, 1, 2].map(() => within((trx) => commitActor(trx, commit('b-new', 0)))),
        );
        expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
        expect(await within((trx) => commitActor(trx, commit('b-none', 4)))).toEqual({
          ok: false,
          revision: 0,
        });
      });

      test('a snapshot comes back as it was', async () => {
        await within((trx) => commitActor(trx, commit('b-snap', 0)));
        expect(await within((trx) => readActor(trx, { kind: 'breaker', id: 'b-snap' }))).toMatchObject({
          revision: 1,
          snapshot: commit('b-snap', 0).snapshot,
          machineVersion: '1',
        });
      });

      test('a due timer is taken by one node, stays until its actor commits, and is due again after the lease', async () => {
        const take = (now: string) =>
          store.inSystem(async (trx) =>
            (await takeDueTimers(trx, { now, limit: 100 })).filter((timer) => timer.id === 'b-timer'),
          );
        await within((trx) => commitActor(trx, commit('b-timer', 0)));
        expect(await take('2026-03-01T09:59:59.999Z')).toEqual([]);
        const taken = await Promise.all([1, 2, 3].map(() => take('2026-03-01T10:00:00.000Z')));
        expect(taken.flat()).toEqual([
          {
            namespace: 'acme',
            kind: 'breaker',
            id: 'b-timer',
            name: 'probe',
            dueAt: '2026-03-01T10:00:00.000Z',
            event: { type: 'restEnded' },
          },
        ]);
        expect(await take('2026-03-01T10:00:29.999Z')).toEqual([]);
        expect(await take('2026-03-01T10:00:30.000Z')).toHaveLength(1);
        await within((trx) => commitActor(trx, { ...commit('b-timer', 1), timers: [] }));
        expect(await take('2027-01-01T00:00:00.000Z')).toEqual([]);
      });
    });

    describe('inbox and outbox', () => {
      test('an id is new once per consumer, also under concurrency', async () => {
        const ids = Array.from({ length: 50 }, (_, n) => `v-${n}`);
        const takers = Array.from({ length: 8 }, (_, n) =>
          within((trx) => takeInbox(trx, 'learner', n % 2 === 0 ? ids : ids.toReversed())),
        );
        const taken = await Promise.all(takers);
        expect(taken.flatMap((set) => [...set]).sort()).toEqual(ids.toSorted());
        expect((await within((trx) => takeInbox(trx, 'console', ids))).size).toBe(50);
        expect((await within((trx) => takeInbox(trx, 'learner', []))).size).toBe(0);
      });

      test('an effect that fails gives its ids back', async () => {
        const failing = within(async (trx) => {
          await takeInbox(trx, 'learner', ['v-fails']);
          throw new Error('the effect failed');
        });
        await expect(failing).rejects.toThrow('the effect failed');
        expect((await within((trx) => takeInbox(trx, 'learner', ['v-fails']))).size).toBe(1);
      });

      test('the relay publishes in order, waits for open transactions, and leaves nothing', async () => {
        await drain(store, () => undefined);
        const released = deferred();
        const inserted = deferred();
        const slow = within(async (trx) => {
          await addToOutbox(trx, [event('acme', 'first')]);
          inserted.resolve();
          await released.promise;
        });
        await inserted.promise;
        await within((trx) => addToOutbox(trx, [event('acme', 'second'), event('acme', 'third')]));
        const early: string[] = [];
        await relayOnce(store, (ids) => early.push(...ids));
        expect(early).toEqual([]);
        released.resolve();
        await slow;
        const order: string[] = [];
        await drain(store, (ids) => order.push(...ids));
        expect(order).toEqual(['first', 'second', 'third']);
        expect(await measureOutbox(store)).toEqual({ waiting: 0, oldestMs: 0 });
      });

      test('two relays never publish the same row at the same time', async () => {
        await within((trx) => addToOutbox(trx, [event('acme', 'alone')]));
        const busy = deferred();
        const publishing = deferred();
        let first = Promise.resolve(0);
        // A transaction of anybody's on this server holds the row back as long as it is open.
        await until('the row is below every open transaction', async () => {
          first = relayOutbox(
            store,
            async () => {
              publishing.resolve();
              await busy.promise;
            },
            { limit: 10 },
          );
          return Promise.race([publishing.promise.then(() => true), first.then(() => false)]);
        });
        expect(await relayOnce(store, () => expect.unreachable())).toBe(0);
        busy.resolve();
        expect(await first).toBe(1);
      });

      test('five crashes after publishing lose nothing, and the inbox makes each effect happen once', async () => {
        const ids = Array.from({ length: 40 }, (_, n) => `crash-${String(n).padStart(2, '0')}`);
        await within((trx) =>
          addToOutbox(
            trx,
            ids.map((id) => event('acme', id)),
          ),
        );
        const published: string[] = [];
        const effects: string[] = [];
        for (let crash = 1; crash <= 5; crash += 1) {
          await expect(
            relayOutbox(
              store,
              async (events) => {
                published.push(...events.map((one) => one.id));
                await opened.killBackends();
              },
              { limit: 10 },
            ),
          ).rejects.toMatchObject({ code: 'database_unavailable' });
        }
        await drain(store, (batch) => published.push(...batch));
        for (const id of published) {
          const fresh = await within((trx) => takeInbox(trx, 'counter', [id]));
          effects.push(...fresh);
        }
        expect(published.length).toBe(40 + 5 * 10);
        expect(effects).toEqual(ids);
      });
    });
  });
}

async function saveWhole(store: Store, whole: ReturnType<typeof episode>): Promise<number> {
  return store.inNamespace(whole.namespace, async (trx) => {
    const rows = whole.calls.map((one, position) => ({ ...one, episodeId: whole.episodeId, position }));
    const added = await saveCalls(trx, rows);
    await saveEpisode(trx, whole);
    return added;
  });
}

/** A promise and how to keep it. */
function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((keep) => {
    resolve = keep;
  });
  return { promise, resolve };
}

async function relayOnce(store: Store, onIds: (ids: string[]) => unknown): Promise<number> {
  return relayOutbox(store, async (events) => void onIds(events.map((one) => one.id)), { limit: 100 });
}

async function drain(store: Store, onIds: (ids: string[]) => unknown): Promise<void> {
  while ((await measureOutbox(store)).waiting > 0) await relayOnce(store, onIds);
}
