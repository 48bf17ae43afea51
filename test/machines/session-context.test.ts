/** The rules of sessions and contexts: who is refused when, and that everybody is answered once. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimulatedClock, createActor } from 'xstate';
import { contextMachine } from '../../machines/context.machine.ts';
import { contextPendingMax } from '../../machines/context-events.ts';
import type { ContextEvent } from '../../machines/context-events.ts';
import { sessionMachine } from '../../machines/session.machine.ts';
import type { SessionEvent } from '../../machines/session.machine.ts';

function openSession(callsMax = 2) {
  const clock = new SimulatedClock();
  const refused: string[] = [];
  const machine = sessionMachine.provide({
    actions: {
      refuseCall: (_, { callId, code }) => refused.push(`${callId} ${code}`),
      cancelCalls: (_, { callIds }) => refused.push(`cancelled ${callIds.join(' ')}`),
    },
  });
  const input = { sessionId: 's-1', settings: { callsMax, idleMs: 1_000, drainMs: 500 } };
  const actor = createActor(machine, { clock, input }).start();
  const at = (): number => clock.now();
  return { clock, actor, refused, machine, input, at };
}

describe('a session', () => {
  it('refuses calls before it is open, above its maximum, while draining and after its end, each with a reason', () => {
    const { actor, refused } = openSession();
    const begin = (callId: string): void => actor.send({ type: 'call.started', callId, at: 0 });
    begin('k-0');
    actor.send({ type: 'opened', at: 0 });
    begin('k-1');
    begin('k-2');
    begin('k-3');
    actor.send({ type: 'drain', at: 0 });
    begin('k-4');
    actor.send({ type: 'close', at: 0 });
    begin('k-5');
    expect(refused).toEqual([
      'k-0 session_unknown',
      'k-3 limit_reached',
      'k-4 node_draining',
      'cancelled k-1 k-2',
      'k-5 session_unknown',
    ]);
  });

  it('expires after its idle time, which a call stops and its end starts anew', () => {
    const { actor, clock, at } = openSession();
    actor.send({ type: 'opened', at: at() });
    clock.increment(900);
    actor.send({ type: 'call.started', callId: 'k-1', at: at() });
    clock.increment(5_000);
    expect(actor.getSnapshot().value).toEqual({ ready: 'working' });
    actor.send({ type: 'call.ended', callId: 'k-1', outcome: 'finished', at: at() });
    clock.increment(999);
    expect(actor.getSnapshot().value).toEqual({ ready: 'idle' });
    clock.increment(1);
    expect(actor.getSnapshot().value).toBe('expired');
    actor.send({ type: 'resume', at: at() });
    expect(actor.getSnapshot().value).toEqual({ ready: 'idle' });
  });

  it('keeps what is left of its idle time over a restore', () => {
    const first = openSession();
    first.actor.send({ type: 'opened', at: 0 });
    const kept = JSON.stringify(first.actor.getPersistedSnapshot());
    const clock = new SimulatedClock();
    const actor = createActor(first.machine, {
      clock,
      input: first.input,
      snapshot: JSON.parse(kept),
    }).start();
    actor.send({ type: 'restored', at: 700 });
    clock.increment(299);
    expect(actor.getSnapshot().value).toEqual({ ready: 'idle' });
    clock.increment(1);
    expect(actor.getSnapshot().value).toBe('expired');
  });

  it('drains until its last call ended, or its time is over', () => {
    const ended = openSession();
    ended.actor.send({ type: 'opened', at: 0 });
    ended.actor.send({ type: 'call.started', callId: 'k-1', at: 0 });
    ended.actor.send({ type: 'drain', at: 0 });
    ended.clock.increment(100);
    expect(ended.actor.getSnapshot().value).toBe('draining');
    ended.actor.send({ type: 'call.ended', callId: 'k-1', outcome: 'failed', at: 100 });
    expect(ended.actor.getSnapshot().value).toBe('closed');

    const late = openSession();
    late.actor.send({ type: 'opened', at: 0 });
    late.actor.send({ type: 'call.started', callId: 'k-1', at: 0 });
    late.actor.send({ type: 'drain', at: 0 });
    late.clock.increment(500);
    expect(late.actor.getSnapshot().value).toBe('closed');
    expect(late.refused).toEqual(['cancelled k-1']);
  });

  it('never counts below zero nor above its maximum, whatever starts and ends how often', () => {
    const callId = fc.constantFrom('k-1', 'k-2', 'k-3', 'k-4');
    const event = fc.oneof(
      callId.map((id): SessionEvent => ({ type: 'call.started', callId: id, at: 0 })),
      callId.map((id): SessionEvent => ({ type: 'call.ended', callId: id, outcome: 'finished', at: 0 })),
      fc.constantFrom<SessionEvent>(
        { type: 'opened', at: 0 },
        { type: 'restored', at: 0 },
        { type: 'resume', at: 0 },
      ),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60, size: 'max' }), (events) => {
        const { actor } = openSession(3);
        for (const one of events) actor.send(one);
        const { inFlight } = actor.getSnapshot().context;
        expect(inFlight.length).toBeLessThanOrEqual(3);
        expect(new Set(inFlight).size).toBe(inFlight.length);
        expect(actor.getSnapshot().matches({ ready: 'working' })).toBe(inFlight.length > 0);
      }),
    );
  });
});

function openContext() {
  const clock = new SimulatedClock();
  const said: string[] = [];
  const machine = contextMachine.provide({
    actions: {
      load: () => said.push('load'),
      store: (_, { commit, version }) => said.push(`store ${commit?.requestId} on ${version}`),
      accept: (_, { requestId, version }) => said.push(`accept ${requestId} as ${version}`),
      refuse: (_, { requestIds, code }) => said.push(`refuse ${requestIds.join(' ')} ${code}`),
    },
  });
  const input = { contextId: 'c-1', settings: { pendingMax: contextPendingMax, retryMs: 10 } };
  const actor = createActor(machine, { clock, input }).start();
  const commit = (requestId: string, expectedVersion: number | null): void =>
    actor.send({ type: 'commit', requestId, expectedVersion, changes: { [requestId]: 1 }, at: 0 });
  return { actor, clock, said, commit };
}

describe('a context', () => {
  it('makes one commit after the other and refuses the one whose version has passed', () => {
    const { actor, said, commit } = openContext();
    commit('q-1', null);
    actor.send({ type: 'load.done', version: 4, state: {}, at: 0 });
    commit('q-2', 4);
    actor.send({ type: 'commit.done', version: 5, at: 0 });
    expect(said).toEqual(['load', 'store q-1 on 4', 'accept q-1 as 5', 'refuse q-2 revision_conflict']);
    expect(actor.getSnapshot().value).toEqual({ active: 'clean' });
    expect(actor.getSnapshot().context).toMatchObject({ version: 5, state: { 'q-1': 1 }, pending: [] });
  });

  it('tries a commit that names no version again after a growing wait, five times at most', () => {
    const { actor, clock, said, commit } = openContext();
    actor.send({ type: 'load.done', version: 1, state: {}, at: 0 });
    commit('q-1', null);
    for (let version = 2; version < 10; version += 1) {
      actor.send({ type: 'commit.conflict', version, state: {}, at: 0 });
      clock.increment(1_000);
    }
    expect(said.filter((line) => line.startsWith('store'))).toHaveLength(6);
    expect(said.at(-1)).toBe('refuse q-1 revision_conflict');
  });

  it('answers every commit exactly once, whatever the store says', () => {
    const event = fc.oneof(
      fc.nat(5).map((n): ContextEvent => ({
        type: 'commit',
        requestId: `q-${n}`,
        changes: {},
        expectedVersion: n % 2 === 0 ? null : n,
        at: 0,
      })),
      fc.constantFrom<ContextEvent>(
        { type: 'load.done', version: 1, state: {}, at: 0 },
        { type: 'load.failed', code: 'database_unavailable', at: 0 },
        { type: 'commit.done', version: 3, at: 0 },
        { type: 'commit.conflict', version: 5, state: {}, at: 0 },
        { type: 'commit.failed', code: 'database_unavailable', at: 0 },
        { type: 'passivate', at: 0 },
        { type: 'activate', at: 0 },
        { type: 'archive', at: 0 },
      ),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 50, size: 'max' }), (events) => {
        const { actor, clock, said } = openContext();
        const open = new Map<string, number>();
        for (const one of events) {
          if (one.type === 'commit' && !open.has(one.requestId)) open.set(one.requestId, 0);
          const before = said.length;
          actor.send(one);
          clock.increment(1_000);
          const answers = said.slice(before).filter((line) => /^(accept|refuse) /.test(line));
          const answered = answers.flatMap((line) => line.match(/q-\d/g) ?? []);
          for (const requestId of answered) expect(open.delete(requestId)).toBe(true);
          const pending = actor.getSnapshot().context.pending.map(({ requestId }) => requestId);
          expect([...open.keys()].sort()).toEqual([...pending].sort());
        }
      }),
    );
  });
});
