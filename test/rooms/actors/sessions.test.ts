/** Sessions in simulated time: one fact a call, refusals, closing, expiry, tasks, and a replay of what was recorded. */
import { createActor } from 'xstate';
import { describe, expect, it, vi } from 'vitest';
import { sessionMachine } from '../../../machines/session.machine.ts';
import type { CallCommand, CallOutcome } from '../../../machines/words/calls.ts';
import type { AnyEvent } from '../../../machines/words/events.ts';
import { limits } from '../../../machines/words/limits.ts';
import { openSessions } from '../../../src/actors/actors.ts';
import { createRecordingTracer } from '../../support/recording-tracer.ts';
import { createDeferred, createWorld, settle, somebody } from './world.ts';

const done: CallOutcome = { outcome: 'finished', result: '{"content":[]}', isError: false };

type Answer = (command: CallCommand) => Promise<CallOutcome>;

/** Sessions over one upstream `fs` whose tool `read` does what the test says. */
function open(answer: Answer = async () => done, options: Partial<Parameters<typeof openSessions>[0]> = {}) {
  const world = createWorld();
  const changed: string[] = [];
  const sessions = openSessions({
    clock: world.clock,
    log: world.log,
    announcer: world.announcer,
    redactor: world.redactor,
    routes: {
      resolve: (name) => (name === 'fs__read' ? { server: 'fs', tool: 'read', call: answer } : undefined),
    },
    changed: (session) => void changed.push(`${session.id} ${session.state}`),
    ...options,
  });
  const enter = (id = 'ada', namespace = 'acme') =>
    sessions.open({
      principal: somebody(id, namespace),
      transport: 'http',
      revision: '2025-11-25',
      client: 'test 1',
    });
  return { ...world, sessions, changed, enter };
}

let calls = 0;
function command(changes: Partial<CallCommand> = {}): CallCommand {
  calls += 1;
  return {
    callId: `k-${calls}`,
    name: 'fs__read',
    args: '{"path":"/a"}',
    meta: undefined,
    traceparent: undefined,
    signal: new AbortController().signal,
    notify: undefined,
    ...changes,
  };
}

const callFacts = (events: readonly AnyEvent[]) => events.filter(({ type }) => type.startsWith('call.'));

describe('a call through a session', () => {
  it.each([
    ['call.finished', { ...done }],
    ['call.finished', { ...done, isError: true }],
    [
      'call.failed',
      { outcome: 'failed', code: 'call_timeout', message: 'late', error: undefined, countsAgainst: true },
    ],
    ['call.refused', { outcome: 'refused', code: 'breaker_open', message: 'no', retryAfterMs: 5 }],
  ] as const)('leaves exactly one fact, %s, before the answer', async (type, outcome) => {
    const { enter, events } = open(async () => outcome);
    const session = enter();
    const asked = command();
    expect(await session.call(asked)).toEqual(outcome);
    expect(callFacts(events)).toHaveLength(1);
    expect(callFacts(events)[0]).toMatchObject({
      id: asked.callId,
      type,
      namespace: 'acme',
      actor: { kind: 'session', id: session.id },
      correlation: session.id,
      data: {
        callId: asked.callId,
        server: 'fs',
        tool: 'read',
        name: 'fs__read',
        taskId: null,
        principal: 'ada',
      },
    });
    expect(session.inFlight).toBe(0);
  });

  it('names its upstream to its span, and the fact belongs to the same trace', async () => {
    const tracer = createRecordingTracer();
    const { enter, events } = open();
    const span = tracer.start('the call');
    await enter().call(command({ span, traceparent: span.traceparent }));
    expect(tracer.spans[0]?.facts).toEqual({ 'drey.upstream': 'fs' });
    expect(callFacts(events)[0]?.traceparent).toBe(span.traceparent);
    const nobody = tracer.start('a call to nobody');
    await enter().call(command({ name: 'fs__write', span: nobody }));
    expect(tracer.spans[1]?.facts).toEqual({});
  });

  it('passes arguments on untouched and records them redacted', async () => {
    let passed = '';
    const { enter, events } = open(async (given) => {
      passed = given.args;
      return done;
    });
    const args = '{ "password": "hunter2-very-secret", "big": 9007199254740993 }';
    await enter().call(command({ args }));
    expect(passed).toBe(args);
    expect(JSON.stringify(callFacts(events))).not.toContain('hunter2');
  });

  it('to a tool nobody has is refused without asking anybody', async () => {
    const route = vi.fn(async () => done);
    const { enter, events } = open(route);
    const outcome = await enter().call(command({ name: 'fs__write' }));
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'tool_unknown' });
    expect(route).not.toHaveBeenCalled();
    expect(callFacts(events)[0]).toMatchObject({
      type: 'call.refused',
      data: { server: '', tool: 'fs__write' },
    });
  });

  it('that breaks inside the node is a failure, not an exception', async () => {
    const { enter, events, log } = open(async () => Promise.reject(new Error('a bug')));
    expect(log).toBeDefined();
    const session = enter();
    expect(await session.call(command())).toMatchObject({ outcome: 'failed', code: 'unexpected' });
    expect(callFacts(events).map(({ type }) => type)).toEqual(['call.failed']);
    expect(session.inFlight).toBe(0);
  });

  it('whose result is nested too deeply to be walked is answered and recorded all the same', async () => {
    const result = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const { enter, events } = open(async () => ({ ...done, result }));
    const session = enter();
    expect(await session.call(command())).toMatchObject({ outcome: 'finished' });
    expect(callFacts(events)).toMatchObject([
      { type: 'call.finished', data: { result: { cut: true, sizeBytes: 200_000, shape: 'list' } } },
    ]);
    expect(session.inFlight).toBe(0);
  });

  it('is answered and ended when the disk cannot be waited for', async () => {
    const settled = async () => Promise.reject(new Error('disk full'));
    const { enter, sentences } = open(async () => done, { settled });
    const session = enter();
    expect(await session.call(command())).toEqual(done);
    expect(session.inFlight).toBe(0);
    expect(sentences).toContain('a call is answered although its fact may be lost');
  });

  it('waits for the disk before its answer, where that is asked for', async () => {
    const disk = createDeferred();
    const { enter } = open(async () => done, { settled: () => disk.promise });
    let answered = false;
    const call = enter()
      .call(command())
      .then(() => (answered = true));
    await settle();
    expect(answered).toBe(false);
    disk.resolve();
    await call;
  });

  it('beyond the limit is refused, and only that one', async () => {
    const gate = createDeferred<CallOutcome>();
    const { enter, events } = open(() => gate.promise);
    const session = enter();
    const running = Array.from({ length: limits.sessionCallsMax }, () => session.call(command()));
    expect(session.inFlight).toBe(limits.sessionCallsMax);
    expect(await session.call(command())).toMatchObject({
      outcome: 'refused',
      code: 'limit_reached',
      retryAfterMs: 1_000,
    });
    gate.resolve(done);
    await Promise.all(running);
    expect(session.inFlight).toBe(0);
    expect(callFacts(events)).toHaveLength(limits.sessionCallsMax + 1);
    expect(await session.call(command())).toEqual(done);
  });
});

describe('a session that ends', () => {
  it('cancels its calls when it is closed, and each of them still leaves its fact', async () => {
    const { enter, events, sessions, types } = open(
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () =>
            resolve({
              outcome: 'failed',
              code: 'call_cancelled',
              message: 'cancelled',
              error: undefined,
              countsAgainst: false,
            }),
          );
        }),
    );
    const session = enter();
    const call = session.call(command());
    session.close('the client said goodbye');
    expect(await call).toMatchObject({ outcome: 'failed', code: 'call_cancelled' });
    expect(types()).toEqual(['session.opened', 'session.closed', 'call.failed']);
    expect(events[1]).toMatchObject({
      data: { from: 'ready', to: 'closed', reason: 'the client said goodbye' },
    });
    expect(sessions.size).toBe(0);
  });

  it.each(['closed', 'expired'] as const)('takes no call any more once it is %s', async (how) => {
    const route = vi.fn(async () => done);
    const { enter, clock, events } = open(route, { idleMs: 60_000 });
    const session = enter();
    if (how === 'closed') session.close('over');
    else await clock.advance(60_000);
    await settle();
    expect(session.state).toBe(how);
    expect(await session.call(command())).toMatchObject({ outcome: 'refused', code: 'session_unknown' });
    expect(route).not.toHaveBeenCalled();
    expect(callFacts(events).map(({ type }) => type)).toEqual(['call.refused']);
    expect(() => session.startTask('something', 'task')).toThrow('this session is over');
  });

  it('tells of a call that the door refused, and passes it on to nobody', async () => {
    const route = vi.fn(async () => done);
    const { enter, events } = open(route);
    const session = enter();
    const message = 'this needs the scope tool:call';
    const refused = {
      outcome: 'refused',
      code: 'permission_denied',
      message,
      retryAfterMs: undefined,
    } as const;
    expect(await session.call({ ...command(), refused })).toEqual(refused);
    expect(route).not.toHaveBeenCalled();
    expect(callFacts(events)).toMatchObject([
      { type: 'call.refused', data: { code: 'permission_denied', message } },
    ]);
    expect(session.inFlight).toBe(0);
    expect(await session.call(command())).toEqual(done);
  });

  it('refuses new calls while it drains and lets those in flight end', async () => {
    const gate = createDeferred<CallOutcome>();
    const { enter, sessions, types } = open(() => gate.promise);
    const session = enter();
    const running = session.call(command());
    const drained = sessions.drain('the node stops');
    expect(await session.call(command())).toMatchObject({ outcome: 'refused', code: 'node_draining' });
    gate.resolve(done);
    expect(await running).toEqual(done);
    await drained;
    expect(types()).toEqual([
      'session.opened',
      'session.drained',
      'call.refused',
      'call.finished',
      'session.closed',
    ]);
  });

  it('lets go of what can go on elsewhere once its calls are over, and holds it until that is known', async () => {
    const gate = createDeferred<CallOutcome>();
    const known = createDeferred();
    const left: string[] = [];
    const { sessions, clock, types, changed } = open(() => gate.promise, {
      letGo: async ({ id }) => {
        left.push(id);
        await known.promise;
      },
    });
    const principal = somebody('ada', 'acme');
    const facts = { principal, transport: 'http', revision: '2025-11-25', client: 'test 1' } as const;
    const busy = sessions.open({ ...facts, isMovable: true });
    const idle = sessions.open({ ...facts, isMovable: true });
    const fixed = sessions.open(facts);
    const running = busy.call(command());
    const drained = sessions.drain('the node stops');
    await clock.advance(1);
    expect(left).toEqual([idle.id]);
    expect(await idle.call(command())).toMatchObject({ code: 'node_draining' });
    gate.resolve(done);
    expect(await running).toEqual(done);
    await settle();
    expect(left).toEqual([idle.id, busy.id]);
    expect(sessions.find(busy.id, principal)).toBe(busy);
    known.resolve();
    await drained;
    expect(sessions.find(busy.id, principal)).toBeUndefined();
    expect(types().filter((type) => type === 'session.drained')).toHaveLength(3);
    expect(types().filter((type) => type === 'session.closed')).toHaveLength(1);
    expect(changed).toContain(`${fixed.id} closed`);
    expect(clock.pending).toBe(0);
  });

  it('lets go of it also where a call never ends', async () => {
    const left: string[] = [];
    const { sessions, clock, types } = open(() => new Promise(() => undefined), {
      letGo: async ({ id }) => void left.push(id),
    });
    const principal = somebody('ada', 'acme');
    const facts = { principal, transport: 'http', revision: '2025-11-25', client: 'test 1' } as const;
    const session = sessions.open({ ...facts, isMovable: true });
    void session.call(command());
    const drained = sessions.drain('the node stops');
    await clock.advance(8_000);
    await drained;
    expect(left).toEqual([session.id]);
    expect(types()).not.toContain('session.closed');
  });

  it('is not woken by a client that shows up while it drains', async () => {
    const { enter, sessions, clock, types } = open();
    const session = enter();
    const drained = sessions.drain('the node stops');
    session.touch();
    session.finishTask('success');
    await clock.advance(1);
    await drained;
    expect(types()).not.toContain('session.resumed');
  });

  it('is cut after its bound when a call never ends', async () => {
    const { enter, sessions, clock } = open(() => new Promise(() => undefined));
    void enter().call(command());
    const drained = sessions.drain('the node stops');
    await clock.advance(8_000);
    await drained;
    expect(sessions.size).toBe(0);
  });

  it('leaves no timer and no row behind', async () => {
    const { enter, clock, changed } = open();
    const session = enter();
    await session.call(command());
    session.close('over');
    await settle();
    expect(clock.pending).toBe(0);
    expect(changed).toEqual([`${session.id} ready`, `${session.id} closed`]);
  });

  it('expires by idleness only: a call and a sign of life put it off', async () => {
    const gate = createDeferred<CallOutcome>();
    const { enter, clock } = open(() => gate.promise, { idleMs: 60_000 });
    const session = enter();
    await clock.advance(59_000);
    session.touch();
    await clock.advance(59_000);
    const call = session.call(command());
    await clock.advance(600_000);
    expect(session.state).toBe('ready');
    gate.resolve(done);
    await call;
    await clock.advance(59_999);
    expect(session.state).toBe('ready');
    await clock.advance(1);
    expect(session.state).toBe('expired');
  });
});

describe('the sessions of a node', () => {
  it('are found by their own principal in their own namespace only', () => {
    const { enter, sessions } = open();
    const { id } = enter('ada');
    expect(sessions.find(id, somebody('ada'))?.id).toBe(id);
    expect(sessions.find(id, somebody('grace'))).toBeUndefined();
    expect(sessions.find(id, somebody('ada', 'other'))).toBeUndefined();
    expect(sessions.find('s-unknown', somebody('ada'))).toBeUndefined();
    expect(sessions.list('acme').map((view) => view.id)).toEqual([id]);
    expect(sessions.list('other')).toEqual([]);
  });

  it('are opened again by their id, but not by somebody else', () => {
    const { sessions } = open();
    const facts = { transport: 'http', revision: '', client: 'test', sessionId: 's-mine' } as const;
    const session = sessions.open({ ...facts, principal: somebody('ada') });
    expect(sessions.open({ ...facts, principal: somebody('ada') })).toBe(session);
    expect(() => sessions.open({ ...facts, principal: somebody('grace') })).toThrow(
      'there is no session s-mine',
    );
  });

  it('are limited, and none is opened while the node stops', async () => {
    const { enter, sessions, clock } = open(undefined, { sessionsMax: 2 });
    enter();
    enter();
    expect(() => enter()).toThrow(expect.objectContaining({ code: 'limit_reached' }));
    const drained = sessions.drain('the node stops');
    expect(() => enter()).toThrow(expect.objectContaining({ code: 'node_draining' }));
    await clock.advance(1);
    await drained;
  });
});

describe("a session's task", () => {
  it('is told when it starts and ends, and its calls carry it', async () => {
    const { enter, events } = open();
    const session = enter();
    const { taskId } = session.startTask('Read the notes of ada@example.com', 'task');
    expect(session.task).toMatchObject({ taskId, source: 'task', calls: 0 });
    await session.call(command());
    expect(session.finishTask('success', 'all read')).toEqual({ taskId, calls: 1 });
    await session.call(command());
    expect(session.finishTask('success')).toBeUndefined();
    expect(events.slice(1)).toMatchObject([
      { id: `${taskId}:started`, type: 'task.started', data: { taskId, principal: 'ada', source: 'task' } },
      { type: 'call.finished', correlation: taskId, data: { taskId } },
      {
        id: `${taskId}:finished`,
        type: 'task.finished',
        data: { outcome: 'success', calls: 1, notes: 'all read' },
      },
      { type: 'call.finished', data: { taskId: null } },
    ]);
  });

  it('counts a call to the task in which it began', async () => {
    const gate = createDeferred<CallOutcome>();
    const { enter, events } = open(() => gate.promise);
    const session = enter();
    const first = session.startTask('one', 'task');
    const call = session.call(command());
    const second = session.startTask('two', 'task');
    gate.resolve(done);
    await call;
    expect(callFacts(events)[0]).toMatchObject({ data: { taskId: first.taskId } });
    expect(session.task).toMatchObject({ taskId: second.taskId, calls: 0 });
  });
});

describe('a call that was made elsewhere', () => {
  const observed = {
    callId: 'k-elsewhere',
    server: '',
    tool: 'Bash',
    name: 'Bash',
    args: '{"command":"login","password":"hunter2hunter2"}',
    result: '{"stdout":"in"}',
    isError: false,
    durationMs: 5,
  };

  it('is a fact of the session and its task, redacted as all, and nobody is asked for it', async () => {
    const asked: string[] = [];
    const { enter, events } = open(async (one) => {
      asked.push(one.name);
      return done;
    });
    const session = enter();
    const { taskId } = session.startTask('log in', 'hook');
    session.observe(observed);
    expect(asked).toEqual([]);
    expect(callFacts(events)).toMatchObject([
      {
        id: 'k-elsewhere',
        type: 'call.finished',
        actor: { kind: 'session', id: session.id },
        data: { server: '', tool: 'Bash', taskId, principal: 'ada', isError: false, imported: false },
      },
    ]);
    expect(JSON.stringify(events)).not.toContain('hunter2hunter2');
    expect([session.calls, session.inFlight, session.task?.calls]).toEqual([1, 0, 1]);
    expect(session.finishTask('unknown')).toEqual({ taskId, calls: 1 });
  });

  it('means nothing to a session that is over', async () => {
    const { enter, events } = open();
    const session = enter();
    session.close('done');
    session.observe(observed);
    await settle();
    session.observe(observed);
    expect(callFacts(events)).toEqual([]);
  });
});

describe('what a session recorded', () => {
  it('leads the machine through the same states again', async () => {
    const gate = createDeferred<CallOutcome>();
    const { enter, sessions, events, clock } = open(() => gate.promise);
    const expired = enter('ada');
    await clock.advance(30 * 60_000);
    const drained = enter('grace');
    const call = drained.call(command());
    const draining = sessions.drain('the node stops');
    await clock.advance(100);
    gate.resolve(done);
    await Promise.all([call, draining]);
    for (const session of [expired, drained]) {
      const told = events.filter(({ actor, type }) => actor.id === session.id && type.startsWith('session.'));
      expect(told.length).toBeGreaterThanOrEqual(2);
      const settings = { callsMax: limits.sessionCallsMax, idleMs: 30 * 60_000, drainMs: 8_000 };
      const actor = createActor(sessionMachine, { input: { sessionId: session.id, settings } });
      actor.start();
      const toState = (value: string | object): string => (typeof value === 'string' ? value : 'ready');
      for (const { data } of told) {
        if (!('from' in data) || data.cause === undefined) throw new Error('an edge without its cause');
        expect(toState(actor.getSnapshot().value)).toBe(data.from);
        actor.send(data.cause as never);
        expect(toState(actor.getSnapshot().value)).toBe(data.to);
      }
      expect(toState(actor.getSnapshot().value)).toBe(session.state);
      actor.stop();
    }
  });
});
