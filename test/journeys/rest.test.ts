// REST of a real node: every operation of its document is met, and every answer keeps what is documented.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectOld, getSops } from './rig/clients.ts';
import type { Agent } from './rig/clients.ts';
import { createPlace, referenceServer } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { openRestCaller } from './rig/rest-caller.ts';
import type { RestCaller, Said } from './rig/rest-caller.ts';

/** Operations that are met elsewhere, each with the place. */
const metElsewhere: Readonly<Record<string, string>> = {
  getDeadById: 'needs a message that nobody could handle: rooms/gateway/watching.test.ts',
  postDeadByIdRetry: 'the same',
  postDeadByIdDrop: 'the same',
  getEvents: 'answers for as long as somebody listens: rooms/gateway/rest.test.ts',
  getContextsByIdWritesByRequest: 'needs a database that is away',
  getContextsByIdChanges: 'answers for as long as somebody listens: journeys/contexts.test.ts',
  getStatusChanges: 'the same: rooms/gateway/watching.test.ts',
};

/** Learning has a process of its own, at low priority. */
const learnedMs = 60_000;

let place: Place;
let node: NodeProcess;
let rest: RestCaller;
let agent: Agent;

beforeAll(async () => {
  place = await createPlace();
  await place.writeConfig({
    mcpServers: { every: referenceServer(place, 'server-everything') },
    learning: { quietMs: 200 },
  });
  node = await startNodeProcess({ ...place });
  rest = await openRestCaller(node.url);
  agent = await connectOld(node.url);
});
afterAll(async () => {
  await node?.stop();
  await place?.remove();
});

const say = (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Said> =>
  rest.say(method, path, body, headers);

const episode = (n: number): string =>
  JSON.stringify({
    source: 'rest',
    key: String(n),
    task: `send the weekly report number ${n} to the team`,
    outcome: 'success',
    agent: 'a',
    startedAt: `2026-01-0${n}T00:00:00Z`,
    calls: [
      { tool: 'read_report', args: { week: n }, result: { text: `report ${n}` }, error: false },
      { tool: 'send_mail', args: { to: 'team', text: `report ${n}` }, result: { ok: true }, error: false },
    ],
  });

const sopToWrite = {
  trigger: 'rotate the signing key of the payment service',
  steps: ['Make a key.', { description: 'Publish it.', tool: 'vault__publish' }],
  confidence: 0.9,
  occurrences: 4,
  metadata: { engine: 'outside' },
};

describe('learned procedures', () => {
  let id: string;

  it('are listed page by page, shown and proved', async () => {
    expect((await say('POST', '/import', [1, 2, 3, 4].map(episode).join('\n'))).json().episodes).toBe(4);
    id = await until(
      'a procedure is learned of all four',
      async () => {
        const { sops } = (await say('GET', '/sops')).json();
        return sops[0]?.occurrences === 4 ? (sops[0].sop_id as string) : undefined;
      },
      learnedMs,
    );
    expect((await say('GET', `/sops/${id}`)).json()).toMatchObject({ sop_id: id, occurrences: 4 });
    const first = (await say('GET', `/sops/${id}/evidence?limit=3`)).json();
    const second = (await say('GET', `/sops/${id}/evidence?limit=20&cursor=${first.next}`)).json();
    const calls = [...first.calls, ...second.calls];
    expect(new Set(calls.map((one: { call_id: string }) => one.call_id)).size).toBe(8);
    expect(second.next).toBeNull();
    const [call] = calls;
    expect((await say('GET', `/calls/${call.call_id}`)).json()).toEqual(call);
    const { calls: inEpisode } = (await say('GET', `/episodes/${call.episode_id}`)).json();
    expect(inEpisode.map(({ tool }: { tool: string }) => tool)).toEqual(['read_report', 'send_mail']);
  });

  it('list episodes page by page, each once', async () => {
    const found: string[] = [];
    for (let cursor = ''; ;) {
      const page = (await say('GET', `/episodes?limit=3${cursor}`)).json();
      found.push(...page.episodes.map((one: { episode_id: string }) => one.episode_id));
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect([found.length, new Set(found).size]).toEqual([4, 4]);
  });

  it('are edited by version, compared and rolled back; learning goes on counting and rewrites nothing', async () => {
    const { metadata } = (await say('GET', `/sops/${id}`)).json();
    const { version } = metadata;
    const edit = { version, trigger: 'send the weekly report', steps: ['Read it.', 'Send it.'] };
    const edited = (await say('PATCH', `/sops/${id}`, edit)).json();
    expect(edited).toMatchObject({ trigger: 'send the weekly report', metadata: { version: version + 1 } });
    const late = await say('PATCH', `/sops/${id}`, edit);
    expect([late.status, late.json().code]).toEqual([409, 'revision_conflict']);
    const told = (await say('GET', `/sops/${id}/diff?from=${version}&to=${version + 1}`)).json();
    expect(told.differences).toContainEqual(
      expect.objectContaining({ path: '/trigger', now: '"send the weekly report"' }),
    );
    expect((await say('POST', '/import', episode(5))).json().episodes).toBe(1);
    await until(
      'the fifth is counted',
      async () => (await say('GET', `/sops/${id}`)).json().occurrences === 5,
      learnedMs,
    );
    expect((await say('GET', `/sops/${id}`)).json()).toMatchObject({
      trigger: 'send the weekly report',
      steps: ['Read it.', 'Send it.'],
    });
    const now = (await say('GET', `/sops/${id}`)).json().metadata.version;
    const back = (await say('POST', `/sops/${id}/rollback`, { version: now, to: version })).json();
    expect(back.steps).toHaveLength(2);
    expect(back.procedure.map(({ tool }: { tool: string }) => tool)).toEqual(['read_report', 'send_mail']);
    const { versions } = (await say('GET', `/sops/${id}/versions`)).json();
    expect(versions[0]).toMatchObject({ cause: { by: 'local', reason: 'changed by hand' } });
    expect((await say('GET', `/sops/${id}/versions?limit=1`)).json().next).not.toBeNull();
  });

  it('go out as a document and come back as a candidate, or as a new version of what was looked at', async () => {
    const { text } = (await say('GET', `/sops/${id}/export?format=json`)).json();
    const document = JSON.parse(text);
    const taken = await say('POST', '/sops/import', { document });
    expect([taken.status, taken.json()]).toMatchObject([201, { version: 1, status: 'candidate' }]);
    const copy = (await say('GET', `/sops/${taken.json().sop_id}`)).json();
    const again = JSON.parse((await say('GET', `/sops/${copy.sop_id}/export?format=json`)).json().text);
    expect({ ...again, source: null }).toEqual({ ...document, source: null });
    const edited = { ...document, trigger: `${document.trigger}, again` };
    const into = { sop_id: copy.sop_id, version: 1 };
    const second = await say('POST', '/sops/import', { document: edited, into });
    expect(second.json()).toMatchObject({ sop_id: copy.sop_id, version: 2, status: 'candidate' });
    expect((await say('POST', '/sops/import', { document, into })).status).toBe(409);
    await say('PATCH', `/sops/${copy.sop_id}`, { version: 2, status: 'retired' });
  });

  it('are followed by guided runs, which wait for a yes', async () => {
    const shown = await say('POST', `/sops/${id}/runs`, { dry_run: true });
    expect([shown.status, shown.json().ahead.length]).toEqual([201, 2]);
    const begun = (await say('POST', `/sops/${id}/runs`, { task: 'send the weekly report number 7' })).json();
    // What no text in the database can hold keeps nobody from finding it.
    const inputs = { remark: 'a\0b' };
    const waits = (await say('POST', `/runs/${begun.run_id}/steps`, { inputs })).json();
    expect(waits.state).toMatch(/^awaiting/);
    expect((await say('GET', `/runs/${begun.run_id}`)).json()).toEqual(waits);
    const listed = async (query: string): Promise<Record<string, unknown>[]> =>
      (await say('GET', `/runs${query}`)).json().runs;
    // What the list tells holds no argument; whatever else is going on, who waits is found.
    const { run_id: newer } = (await say('POST', `/sops/${id}/runs`, { task: 'send it to nobody' })).json();
    expect((await listed('')).map((one) => one['run_id'])).toEqual([newer, begun.run_id]);
    expect(await listed('?waiting=true&limit=1')).toEqual([
      {
        run_id: begun.run_id,
        sop_id: id,
        state: waits.state,
        task: 'send the weekly report number 7',
        next_tool: waits.next.tool,
        steps: 2,
        made: 0,
        deviations: 0,
        reason: null,
      },
    ]);
    expect(await listed('?waiting=false')).toMatchObject([{ run_id: newer, state: 'checking' }]);
    const first = (await say('GET', '/runs?limit=1')).json();
    expect(first.runs).toMatchObject([{ run_id: newer }]);
    await say('POST', `/runs/${newer}/cancel`, {});
    expect((await say('GET', '/runs?waiting=perhaps')).status).toBe(400);
    const ended = await say('POST', `/runs/${begun.run_id}/cancel`, { reason: 'seen enough' });
    expect(ended.json()).toMatchObject({ state: 'cancelled', reason: 'seen enough' });
    // However runs move while somebody pages, none is missed and none comes twice.
    const second = (await say('GET', `/runs?limit=1&cursor=${first.next}`)).json();
    expect(second.runs).toMatchObject([{ run_id: begun.run_id, state: 'cancelled' }]);
  });

  it('are retired and approved', async () => {
    const { version } = (await say('GET', `/sops/${id}`)).json().metadata;
    const retired = (await say('PATCH', `/sops/${id}`, { version, status: 'retired' })).json();
    expect(retired.metadata.status).toBe('retired');
    const approved = await say('PATCH', `/sops/${id}`, { version: version + 1, status: 'active' });
    expect(approved.json().metadata).toMatchObject({ status: 'active', version: version + 2 });
  });
});

describe('writing back', () => {
  it('answers 201, and the procedure is served through MCP', async () => {
    const written = await say('POST', '/acontext/sops', { namespace: 'default', ...sopToWrite });
    expect([written.status, written.json()]).toEqual([
      201,
      {
        success: true,
        sop_id: expect.stringMatching(/^p-/),
        stored_at: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
    const served = await until('it is served', async () => {
      const sops = await getSops(agent, 'rotate the signing key of the payment service');
      return sops.find(({ sop_id: one }) => one === written.json().sop_id);
    });
    expect(served).toMatchObject({
      steps: ['Make a key.', 'Publish it.'],
      confidence: 0.9,
      occurrences: 4,
      procedure: [{ tool: 'vault__publish' }],
      metadata: { engine: 'outside', status: 'active' },
    });
  });

  it('does it once for one idempotency key', async () => {
    const headers = { 'idempotency-key': 'once' };
    const body = { ...sopToWrite, trigger: 'water the plants in the office' };
    const both = await Promise.all([1, 2].map(() => say('POST', '/acontext/sops', body, headers)));
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    expect(both[0]?.json()).toEqual(both[1]?.json());
    const other = await say('POST', '/acontext/sops', { ...body, confidence: 0.5 }, headers);
    expect([other.status, other.json().code]).toEqual([400, 'argument_invalid']);
    const { sops } = (await say('GET', '/sops?limit=200')).json();
    expect(sops.filter(({ trigger }: { trigger: string }) => trigger === body.trigger)).toHaveLength(1);
  });

  it.each([
    ['no step', { steps: [] }],
    ['a blank trigger', { trigger: '  ' }],
    ['a long trigger', { trigger: 'x'.repeat(2_001) }],
    ['a broken surrogate', { trigger: 'a\ud800' }],
    ['a NUL', { trigger: 'a\u0000b' }],
    ['a confidence above 1', { confidence: 1.01 }],
    ['a confidence that is no number', { confidence: null }],
    ['no occurrence', { occurrences: 0 }],
    ['occurrences beyond an integer', { occurrences: 2 ** 53 }],
    ['a namespace of 256 characters', { namespace: 'x'.repeat(256) }],
    ['an empty namespace', { namespace: '' }],
    ['large metadata', { metadata: { text: 'x'.repeat(20_000) } }],
    ['too many steps', { steps: Array.from({ length: 201 }, () => 'a') }],
  ])('refuses %s with a sentence, and stores nothing', async (_what, change) => {
    const before = (await say('GET', '/sops?limit=200')).json().sops.length;
    const refused = await say('POST', '/acontext/sops', { ...sopToWrite, ...change });
    expect([refused.status, refused.json().code]).toEqual([400, 'argument_invalid']);
    expect(refused.json().detail.length).toBeGreaterThan(10);
    expect((await say('GET', '/sops?limit=200')).json().sops).toHaveLength(before);
  });

  it('takes metadata at the edge of what can be kept', async () => {
    const metadata = { 'a\u0001': 'b\uffff', deep: { list: [1.5e-300, -0, 2 ** 53 - 1] } };
    expect((await say('POST', '/acontext/sops', { ...sopToWrite, metadata })).status).toBe(201);
  });

  it('stores patterns, and feedback moves them', async () => {
    const body = {
      pattern_type: 'failure_recovery',
      condition: { tool: 'a__b' },
      action: { tool: 'a__c' },
      confidence: 0.8,
    };
    const written = await say('POST', '/acontext/patterns', body);
    expect([written.status, written.json().success]).toEqual([201, true]);
    const { pattern_id: id } = written.json();
    const said = await say('POST', '/feedback', { pattern_id: id, helpful: true, feedback_notes: 'good' });
    expect(said.json()).toEqual({
      pattern_id: id,
      new_effectiveness: 1,
      applied_count: 1,
      success_count: 1,
    });
    expect((await say('GET', `/patterns/${id}`)).json()).toMatchObject({ ...body, effectiveness: 1 });
    // Its writer might let it through: it was never a candidate, and the same again changes nothing.
    const approved = await say('POST', `/patterns/${id}/approve`, {});
    expect([approved.status, approved.json().candidate]).toEqual([200, false]);
    await say('POST', '/acontext/patterns', body);
    const first = (await say('GET', '/patterns?limit=1&type=failure_recovery')).json();
    expect(first.patterns[0].pattern_id).toBe(id);
    const rest2 = (await say('GET', `/patterns?limit=5&type=failure_recovery&cursor=${first.next}`)).json();
    expect([rest2.patterns.length, rest2.next]).toEqual([1, null]);
    expect((await say('GET', '/patterns?cursor=nonsense')).status).toBe(400);
  });
});

describe('tasks and sessions', () => {
  it('tell what each session is doing now', async () => {
    await agent.call('task', { action: 'start', task: 'watch a long operation' });
    const running = agent.call('every__trigger-long-running-operation', { duration: 2, steps: 2 });
    const busy = await until('the call is in flight', async () => {
      const { sessions } = (await say('GET', '/sessions')).json();
      return sessions.find(({ doing }: { doing: { calls: object[] } }) => doing.calls.length === 1);
    });
    expect(busy).toMatchObject({
      state: 'working',
      doing: {
        task: { task: 'watch a long operation', source: 'task' },
        calls: [{ name: 'every__trigger-long-running-operation' }],
        idleSince: null,
      },
    });
    await running;
    await agent.call('task', { action: 'finish', outcome: 'success', notes: 'seen' });
    const idle = (await say('GET', `/sessions/${busy.id}`)).json();
    expect(idle.doing).toMatchObject({
      task: null,
      calls: [],
      lastCall: { name: 'every__trigger-long-running-operation', outcome: 'finished' },
      idleSince: idle.doing.lastCall.at,
    });
    const task = await until('the task is written', async () => {
      const { tasks } = (await say('GET', `/tasks?session=${busy.id}`)).json();
      return tasks.find((one: { outcome: string | null }) => one.outcome === 'success');
    });
    expect(task).toMatchObject({ task: 'watch a long operation', notes: 'seen', calls: 1, source: 'task' });
    expect((await say('GET', `/tasks/${task.task_id}`)).json()).toEqual(task);
    const rows = await until('the row is written', async () => {
      const { sessions } = (await say('GET', '/sessions?where=all&limit=1000')).json();
      return sessions.find(({ id }: { id: string }) => id === busy.id);
    });
    expect(rows.doing).not.toBeNull();
  });

  it('list the tasks of imports, page by page', async () => {
    const found: string[] = [];
    for (let cursor = ''; ;) {
      const page = (await say('GET', `/tasks?limit=2${cursor}`)).json();
      found.push(...page.tasks.map((one: { task_id: string }) => one.task_id));
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(found.length).toBeGreaterThanOrEqual(6);
    expect(new Set(found).size).toBe(found.length);
  });
});

describe('JSON that is to be kept', () => {
  it.each([
    '9007199254740993',
    '1e400',
    String.raw`"a\u0000b"`,
    String.raw`"\ud800"`,
    String.raw`{"a\u0000":1}`,
    '{"__proto__":{"a":1}}',
    `${'['.repeat(40)}${']'.repeat(40)}`,
  ])('is refused where it would be kept as something else: %s', async (raw) => {
    const send = async (path: string, body: object) => {
      const text = JSON.stringify(body).replace('"@here@"', () => raw);
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${node.url}/api/v1${path}?namespace=kept`, {
        method: 'POST',
        headers,
        body: text,
      });
      return [answer.status, ((await answer.json()) as { code?: string }).code];
    };
    const kept = { a: ['@here@'] };
    const pattern = { pattern_type: 'x', condition: {}, action: {}, confidence: 0.5 };
    const step = { tool: 't', optional: false, repeated: false, alternatives: [], support: 1 };
    const bound = { from: 'constant', value: '@here@', support: 1 };
    for (const [path, body] of [
      ['/acontext/sops', { ...sopToWrite, metadata: kept }],
      ['/acontext/sops', { ...sopToWrite, procedure: [{ ...step, args: { x: bound } }] }],
      ['/acontext/patterns', { ...pattern, condition: kept }],
      ['/acontext/patterns', { ...pattern, action: kept }],
      ['/acontext/patterns', { ...pattern, metadata: kept }],
      ['/memories', { content: 'what is kept', metadata: kept }],
      ['/contexts', { values: kept }],
    ] as const)
      expect(await send(path, body), path).toEqual([400, 'argument_invalid']);
    for (const list of ['sops', 'patterns', 'memories', 'contexts'])
      expect((await say('GET', `/${list}?namespace=kept`)).json()[list], list).toEqual([]);
  });
});

describe('a query', () => {
  it('keeps texts as they are, also those that look like numbers', async () => {
    const content = 'the number 9007199254740993 is no float, and 1.10 no 1.1';
    const { memory } = (await say('POST', '/memories', { content, tags: ['1.10', '007'] })).json();
    const found = async (query: string): Promise<readonly string[]> =>
      (await say('GET', `/memories?${query}`)).json().memories.map((one: { content: string }) => one.content);
    for (const query of ['tag=1.10', 'tag=007', 'query=9007199254740993'])
      expect(await found(query), query).toEqual([content]);
    for (const query of ['tag=1.1', 'tag=7', 'query=9007199254740992'])
      expect(await found(query), query).toEqual([]);
    expect((await say('POST', '/keys?namespace=numbers', { agent: '007' })).status).toBe(201);
    expect((await say('GET', '/keys?namespace=numbers&agent=007')).json().keys).toHaveLength(1);
    expect((await say('DELETE', `/memories/${memory.memory_id}`)).status).toBe(200);
  });
});

describe('memories and contexts', () => {
  it('are stored, found, changed, linked and forgotten', async () => {
    const body = { content: 'the staging server of billing is called otter', kind: 'fact' };
    const stored = await say('POST', '/memories', body);
    expect([stored.status, stored.json().merged]).toEqual([201, false]);
    expect((await say('POST', '/memories', body)).status).toBe(200);
    const { memory_id: id, version } = stored.json().memory;
    const other = (await say('POST', '/memories', { content: 'otter runs in the second rack' })).json();
    expect((await say('GET', '/memories?query=staging%20server')).json().memories[0].memory_id).toBe(id);
    expect((await say('GET', '/memories')).json().memories).toHaveLength(2);
    const now = (await say('GET', `/memories/${id}`)).json().version;
    expect(now).toBeGreaterThanOrEqual(version);
    const changed = await say('PATCH', `/memories/${id}`, { version: now, importance: 0.9 });
    expect(changed.status).toBe(200);
    const to = { kind: 'memory', id: other.memory.memory_id };
    expect((await say('POST', `/memories/${id}/links`, { to, relation: 'explains' })).status).toBe(201);
    expect((await say('GET', `/graph/${id}/neighbours`)).json().neighbours.length).toBeGreaterThan(0);
    expect((await say('GET', `/graph/${id}/path?to=${to.id}`)).json().path.length).toBeGreaterThan(0);
    expect((await say('DELETE', `/memories/${id}`)).json()).toEqual({ forgotten: id });
    expect((await say('GET', `/memories/${id}`)).status).toBe(404);
  });

  it('are made, changed, shared, synced, rolled back and put away', async () => {
    const made = await say('POST', '/contexts', { name: 'release', values: { stage: 'build' } });
    expect(made.status).toBe(201);
    const { context_id: id, version } = made.json();
    expect((await say('GET', '/contexts')).json().contexts).toHaveLength(1);
    expect((await say('PATCH', `/contexts/${id}`, { set: { stage: 'test' } })).status).toBe(200);
    expect((await say('GET', `/contexts/${id}?fresh=true`)).json().values).toEqual({ stage: 'test' });
    const shared = await say('PUT', `/contexts/${id}/access`, { principal: '*', permissions: ['read'] });
    expect(shared.status).toBe(200);
    expect((await say('GET', `/contexts/${id}/versions`)).json().versions.length).toBeGreaterThan(0);
    const copy = { base_version: version, values: { stage: 'build', owner: 'ann' } };
    expect((await say('POST', `/contexts/${id}/sync`, copy)).json().pushed).toEqual(['owner']);
    expect((await say('POST', `/contexts/${id}/rollback`, { version })).status).toBe(200);
    expect((await say('DELETE', `/contexts/${id}`)).status).toBe(200);
  });

  it('are let in by keys that are made, rotated and revoked', async () => {
    const added = await say('POST', '/agents', { agent: 'builder', display_name: 'The builder' });
    expect(added.status).toBe(201);
    expect((await say('GET', '/agents')).json().agents).toHaveLength(1);
    const made = await say('POST', '/keys', { agent: 'builder', label: 'CI', scopes: ['sop:read'] });
    expect(made.status).toBe(201);
    const { key, key_id: id } = made.json();
    const withKey = { authorization: `Bearer ${key}` };
    expect((await say('GET', '/sops', undefined, withKey)).status).toBe(200);
    expect((await say('GET', '/audit', undefined, withKey)).status).toBe(403);
    const next = (await say('POST', `/keys/${id}/rotate`, { overlap_seconds: 60 })).json();
    const { keys } = (await say('GET', '/keys?agent=builder')).json();
    expect(keys).toHaveLength(2);
    await say('POST', '/agents', { agent: 'another' });
    const paged = async (path: string, field: string): Promise<unknown[]> => {
      const first = (await say('GET', `${path}limit=1`)).json();
      const second = (await say('GET', `${path}limit=1&cursor=${first.next}`)).json();
      expect((await say('GET', `${path}limit=1&cursor=${second.next}`)).json()).toMatchObject({
        [field]: [],
        next: null,
      });
      return [...first[field], ...second[field]];
    };
    expect(await paged('/keys?agent=builder&', 'keys')).toEqual(keys);
    expect(await paged('/agents?', 'agents')).toMatchObject([{ agent: 'another' }, { agent: 'builder' }]);
    expect((await say('GET', '/agents?cursor=nonsense')).status).toBe(400);
    expect((await say('POST', `/keys/${next.key_id}/revoke`)).json().revoked_at).not.toBeNull();
    expect((await say('POST', '/agents/builder/disable')).json().disabled_at).not.toBeNull();
    await until(
      'the key opens nothing any more',
      async () => (await say('GET', '/sops', undefined, withKey)).status === 401,
    );
    expect((await say('POST', '/agents/builder/enable')).json().disabled_at).toBeNull();
    expect((await say('GET', '/agents/builder')).json().identities).toEqual([]);
  });

  it('are learned from or not, as somebody decides', async () => {
    expect((await say('POST', '/learning/pause')).json()).toMatchObject({ paused: true, by: 'local' });
    expect((await say('GET', '/learning/pause')).json().paused).toBe(true);
    expect((await say('POST', '/learning/resume')).json().paused).toBe(false);
    const nothing = { forgotten: 's-nobody', episodes: 0, calls: 0, memories: 0 };
    expect((await say('POST', '/learning/forget', { session: 's-nobody' })).json()).toEqual(nothing);
  });

  it('come in as spans, too', async () => {
    const spans = { resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'no ids' }] }] }] };
    expect((await say('POST', '/traces', { resourceSpans: [] })).json()).toEqual({});
    expect((await say('POST', '/traces', spans)).json().partialSuccess.rejectedSpans).toBe('1');
  });

  it('leave an audit log that verifies', async () => {
    const { entries } = (await say('GET', '/audit?action=acontext_sop_stored&principal=local')).json();
    expect(entries[0]).toMatchObject({ severity: 'MEDIUM', principal: 'local', outcome: 'done' });
    expect(entries[0].details).toMatchObject({ confidence: 0.9, occurrences: 4, step_count: 2 });
    expect((await say('GET', '/audit/verify')).json()).toMatchObject({ is_whole: true, faults: [] });
    expect((await say('GET', '/audit/export')).text.split('\n').length).toBeGreaterThan(5);
  });
});

describe('the rest of the document', () => {
  it('is met', async () => {
    for (const path of ['/tools/review', '/dead', '/actors', '/learning', '/problems', '/openapi.json'])
      expect((await say('GET', path)).status, path).toBe(200);
    expect((await say('GET', '/tools')).json().tools.length).toBeGreaterThan(3);
    expect((await say('GET', '/status')).json().state).toBe('running');
    const { bus, rates, node: nodeVersion, postgres } = (await say('GET', '/system')).json();
    expect(nodeVersion).toBe(process.versions.node);
    expect(postgres).toMatch(/^\d+\.\d+$/);
    expect(bus.streams.map(({ stream }: { stream: string }) => stream)).toContain('DREY_EVENTS');
    expect(bus.consumers.length).toBeGreaterThan(0);
    expect(rates.operations).toHaveLength(4);
    // What it was at its last event is what it is: both come from one machine.
    const stored = await say('GET', '/events?namespace=_system&kind=resource&id=r-every&until=now');
    const [, last] = /"sequence":(\d+)\}\n\n: that is all/.exec(stored.text) ?? [];
    const then = await say('GET', `/actors/resource/r-every/then?namespace=_system&sequence=${last}`);
    const now = await say('GET', '/actors?namespace=_system&kind=resource&id=r-every');
    expect(then.json()).toMatchObject({ states: now.json().actors[0].states, differences: 0 });
    expect(then.json().context).toMatchObject({ resourceId: 'r-every', failures: 0 });
    expect((await say('GET', '/problems/sop_unknown')).status).toBe(200);
    const approval = { server: 'every', tools: [{ tool: 'echo', hash: 'x' }] };
    expect((await say('POST', '/tools/approve', approval)).json().left).toEqual(approval.tools);
    expect((await say('POST', '/ask', { task: 'send the weekly report' })).json().sops).toHaveLength(1);
    const hook = { hook_event_name: 'UserPromptSubmit', session_id: 'c-1', prompt: 'fix the build' };
    expect((await say('POST', '/hooks', hook)).status).toBe(200);
    expect((await say('POST', '/reload')).status).toBe(200);
    const replay = { subject: 'replay.default', sequences: [1] };
    expect((await say('POST', '/events/replay', replay)).status).toBe(200);
    const { relearn_id: id } = (await say('POST', '/relearn', { dry_run: true })).json();
    await until(
      'it is learned anew',
      async () => (await say('GET', `/relearn/${id}`)).json().state === 'done',
    );
    expect((await say('GET', '/report?since=2026-01-01T00:00:00Z')).status).toBe(200);
    expect((await say('GET', '/report?since=yesterday')).status).toBe(400);
    const { backtest_id: backtest } = (await say('POST', '/backtests')).json();
    await until(
      'the backtest is done',
      async () => (await say('GET', `/backtests/${backtest}`)).json().state === 'done',
      60_000,
    );
    const { backtests: known } = (await say('GET', '/backtests')).json();
    expect(known.map((one: { backtest_id: string }) => one.backtest_id)).toContain(backtest);
  });

  it.each([
    'sops',
    'patterns',
    'tasks',
    'sessions',
    'episodes',
    'calls',
    'sops/x/versions',
    'sops/x/evidence',
    'runs',
  ])('says that there is no such thing below /%s', async (path) => {
    const ids = ['p-00000000-0000-4000-8000-000000000000', '%00', 'a%2Fb', 'x'.repeat(5_000), '%F0%9F%98%80'];
    for (const id of ids) {
      const asked = path.includes('x') ? path.replace('/x/', `/${id}/`) : `${path}/${id}`;
      expect((await say('GET', `/${asked}`)).status, id.slice(0, 20)).toBe(404);
    }
  });

  it('ends with the node, and nothing was left out or answered otherwise', async () => {
    await agent.close();
    expect((await say('POST', '/shutdown')).status).toBe(202);
    expect(rest.differences).toEqual([]);
    expect(rest.unmet().filter((id) => !(id in metElsewhere))).toEqual([]);
  });
});
