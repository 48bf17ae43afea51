/**
 * Rate limits as callers meet them: a real gateway over a real database, which is behind a wire that can be cut. What the
 * counting itself promises is tested with the table (F1 to F7, F9, F10, F14, F15, F17, F18).
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { toDigest } from '../../../machines/words/ids.ts';
import { createRedactor, rates } from '../../../src/access/access.ts';
import { createClock } from '../../../src/node/clock.ts';
import { createKnowledge } from '../../../src/node/knowledge.ts';
import { createRateLimiting } from '../../../src/node/rate-limiting.ts';
import { ensureNamespace, openStore } from '../../../src/store/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { openDatabaseWire } from '../../support/database-wire.ts';
import type { DatabaseWire } from '../../support/database-wire.ts';
import { sampleSop } from '../../support/gateway-needs.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer, Reply } from '../../support/gateway-server.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';

const sop = { trigger: 'deploy it', steps: ['Deploy.'], confidence: 0.9, occurrences: 3 };
const { max, blockMs } = rates.production.sop_write;

let opened: TestStore;
let wire: DatabaseWire;
let store: Store;
let at: GatewayServer;
let changes: string[];

beforeAll(async () => {
  opened = await openTestStore(inject('postgresUrl'));
});
beforeEach(async () => {
  wire = await openDatabaseWire(opened.url);
  store = await openStore({ url: wire.url, log, now: () => performance.now() });
  for (const namespace of ['default', 'acme'])
    await store.inNamespace(namespace, (trx) => ensureNamespace(trx));
  await opened.ask('delete from rate_limits');
  const clock = createClock();
  changes = [];
  const knowledge = createKnowledge({
    store,
    clock,
    redactor: createRedactor({ extraKeys: [], key: 'test' }),
    relay: { nudge: () => undefined },
    changed: (namespace) => void changes.push(namespace),
  });
  const limits = createRateLimiting({ store, profile: 'production', clock, log });
  at = await startGateway((needs) => ({ ...needs, limits, knowledge }));
  at.house.sops = [sampleSop()];
});
afterEach(async () => {
  await at.close();
  await store.close();
  await wire.close();
});
afterAll(() => opened.close());

const json = { 'content-type': 'application/json' };
const write = (headers: Record<string, string> = {}, more: object = {}): Promise<Reply> =>
  at.send({
    path: '/api/v1/acontext/sops',
    headers: { ...json, ...headers },
    body: JSON.stringify({ ...sop, ...more }),
  });
const ask = (headers: Record<string, string> = {}): Promise<Reply> =>
  at.send({
    path: '/api/v1/ask',
    headers: { ...json, ...headers },
    body: JSON.stringify({ task: 'deploy it' }),
  });
const hear = (prompt: string): Promise<Reply> =>
  at.send({
    path: '/api/v1/hooks',
    headers: json,
    body: JSON.stringify({ hook_event_name: 'UserPromptSubmit', session_id: 'one', prompt }),
  });
/** Everything that a write-back leaves, besides the counter. */
async function countRows(): Promise<Record<string, number>> {
  const [counted] = await opened.ask<Record<string, number>>(
    `select (select count(*)::int from acontext_sops) as sops,
       (select count(*)::int from acontext_sop_versions) as versions,
       (select count(*)::int from outbox) as outbox, (select count(*)::int from kept_answers) as kept`,
  );
  return counted ?? {};
}
const countRefusals = async (): Promise<number> =>
  (
    await opened.ask<{ n: number }>(
      `select count(*)::int as n from audit_log where action = 'rate_limit_exceeded'`,
    )
  )[0]?.n ?? -1;

test('F8, F16: who is over the budget gets 429 and when to come again, and nothing is done for it but counting', async () => {
  const refusedBefore = await countRefusals();
  const before = await countRows();
  for (let n = 0; n < max; n += 1) expect((await write()).status).toBe(201);
  const full = await countRows();
  const { sops = 0, versions = 0, outbox = 0, kept = 0 } = before;
  // Each tells what was written, and the step of its life.
  expect(full).toEqual({ sops: sops + max, versions: versions + max, outbox: outbox + 2 * max, kept });
  expect(changes).toHaveLength(max);
  for (let n = 0; n < 5; n += 1) {
    const refused = await write();
    expect(refused.status).toBe(429);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused.json()).toMatchObject({ code: 'limit_reached', retry: 'later' });
    const seconds = Number(refused.headers['retry-after']);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(blockMs / 1_000);
  }
  expect(await countRows()).toEqual(full);
  expect(changes).toHaveLength(max);
  expect(await countRefusals()).toBe(refusedBefore + 1);
});

test('F16: over MCP it is told with how long to wait', async () => {
  const session = await openSession();
  const inject60 = () => callTool(session, 'acontext_inject_context', { current_task: 'deploy it' });
  for (let n = 0; n < rates.production.context_inject.max; n += 1)
    expect((await inject60()).result.isError).not.toBe(true);
  const served = at.house.injections.length;
  const refused = await inject60();
  expect(refused.result.isError).toBe(true);
  const told = refused.result._meta['drey/error'];
  expect(told).toMatchObject({ code: 'limit_reached', retry: 'later', rpc: 429 });
  expect(told.retryAfterMs).toBeGreaterThan(0);
  expect(told.retryAfterMs).toBeLessThanOrEqual(rates.production.context_inject.blockMs);
  expect(at.house.injections).toHaveLength(served);
});

test('F12: nothing that a request says of itself chooses another budget', async () => {
  const ann = { authorization: 'Bearer ann' };
  for (let n = 0; n < rates.production.context_inject.max; n += 1) expect((await ask(ann)).status).toBe(200);
  expect((await ask(ann)).status).toBe(429);
  for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-agent-id', 'user-agent'])
    expect((await ask({ ...ann, [header]: 'for=203.0.113.7' })).status).toBe(429);
  for (const clientInfo of ['one', 'two']) {
    const session = await openSession(ann, clientInfo);
    const args = { current_task: 'deploy it' };
    const told = await callTool(session, 'acontext_inject_context', args, ann, {
      clientInfo,
      agent_id: 'bob',
    });
    expect(JSON.stringify(told)).toContain('limit_reached');
  }
  expect((await ask({ authorization: 'Bearer bob' })).status).toBe(200);
  const subjects = await opened.ask<{ subject: string }>('select subject from rate_limits order by 1');
  expect(subjects.map(({ subject }) => subject)).toEqual([toDigest('ann'), toDigest('bob')].sort());
});

test('F13: whoever is admitted under whatever name is counted, and no two names share a budget', async () => {
  const limits = createRateLimiting({ store, profile: 'production', clock: createClock(), log });
  const names = [
    'a\0b',
    'x'.repeat(10_000),
    `${'x'.repeat(9_999)}y`,
    '👩‍🚀',
    "'; drop table rate_limits; --",
    '\ud800',
  ];
  for (const id of names) {
    const take = { namespace: 'acme', principal: { id }, operation: 'feedback' as const };
    await limits.take(take);
    expect((await limits.read(take)).remaining, id.slice(0, 20)).toBe(rates.production.feedback.max - 1);
  }
});

test('F11: without the database writes are refused, reads go on within a budget of the node, and calls go on', async () => {
  const session = await openSession();
  expect((await write()).status).toBe(201);
  await wire.cut();
  const refused = await write();
  expect(refused.status).toBe(503);
  expect(refused.json().code).toBe('database_unavailable');
  for (let n = 0; n < rates.production.context_inject.max; n += 1) expect((await ask()).status).toBe(200);
  expect((await ask()).status).toBe(429);
  const echoed = await callTool(session, 'fs__echo', { n: 1 });
  expect(echoed.result.isError).not.toBe(true);
  expect(at.house.calls.map(({ name }) => name)).toContain('fs__echo');
  await wire.mend();
  expect((await write()).status).toBe(201);
});

test('what a hook is told counts as well; over the budget it is told nothing, and its task begins all the same', async () => {
  const budget = rates.production.context_inject.max;
  for (let n = 0; n < budget; n += 1) {
    const heard = await hear(`deploy service number ${n}`);
    expect(heard.status).toBe(200);
    expect(heard.json().context).toContain('Drey learned');
  }
  const silent = await hear('deploy one service more');
  expect(silent.status).toBe(200);
  expect(silent.json().context).toBeNull();
  expect(at.house.injections).toHaveLength(budget);
  expect(at.house.tasks.at(-1)?.task).toBe('deploy one service more');
});

async function openSession(headers: Record<string, string> = {}, name = 'test'): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name, version: '1' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const reply = await at.send({ headers: { ...json, ...headers }, body });
  return String(reply.headers['mcp-session-id']);
}

async function callTool(
  session: string,
  name: string,
  args: object,
  headers: Record<string, string> = {},
  meta: object = {},
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks at what it likes
): Promise<any> {
  const params = { name, arguments: args, _meta: meta };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  return (await at.send({ headers: { ...json, 'mcp-session-id': session, ...headers }, body })).json();
}
