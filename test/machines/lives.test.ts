/** The rules of the other lives: resource, node, learning, worker, run; delays on a simulated clock. */
import { describe, expect, it } from 'vitest';
import { SimulatedClock, createActor } from 'xstate';
import { learningDefaults, learningMachine, toEngineStatus } from '../../machines/learning.machine.ts';
import { nodeMachine } from '../../machines/node.machine.ts';
import { resourceDefaults, resourceMachine } from '../../machines/resource.machine.ts';
import { runMachine, runStepsMax } from '../../machines/run.machine.ts';
import { workerMachine } from '../../machines/worker.machine.ts';

const error = {
  code: 'upstream_failed',
  kind: 'dependency_failed',
  message: 'gone',
  retry: 'later',
} as const;

function openResource(settings: Partial<typeof resourceDefaults> = {}) {
  const clock = new SimulatedClock();
  const said: string[] = [];
  const machine = resourceMachine.provide({
    actions: {
      initialize: () => said.push('initialize'),
      clean: () => said.push('clean'),
      discardLate: () => said.push('discard'),
    },
  });
  const input = { resourceId: 'r-1', settings: { ...resourceDefaults, ...settings } };
  const actor = createActor(machine, { clock, input }).start();
  const tell = (type: 'start' | 'init.done' | 'check.passed' | 'clean.done' | 'dispose' | 'restart'): void =>
    actor.send({ type, at: clock.now() });
  const fail = (type: 'init.failed' | 'check.failed'): void => actor.send({ type, error, at: clock.now() });
  const state = (): unknown => actor.getSnapshot().value;
  return { actor, clock, said, tell, fail, state };
}

describe('a resource', () => {
  it('needs two failed checks to go down and two good ones to come back', () => {
    const { tell, fail, state } = openResource();
    tell('start');
    tell('init.done');
    fail('check.failed');
    expect(state()).toBe('degraded');
    tell('check.passed');
    expect(state()).toBe('degraded');
    tell('check.passed');
    expect(state()).toBe('healthy');
    fail('check.failed');
    tell('check.passed');
    fail('check.failed');
    expect(state()).toBe('degraded');
    fail('check.failed');
    expect(state()).toBe('unhealthy');
  });

  it('restarts three times within five seconds and then fails, cleaned', () => {
    const { clock, said, tell, fail, state } = openResource({ restMs: 100, restMsMax: 100 });
    tell('start');
    for (let restart = 0; restart < 3; restart += 1) {
      fail('init.failed');
      expect(state()).toBe('unhealthy');
      clock.increment(100);
      expect(state()).toBe('restarting');
      tell('clean.done');
    }
    fail('init.failed');
    clock.increment(100);
    expect(state()).toBe('cleaning');
    tell('clean.done');
    expect(state()).toBe('failed');
    expect(said.filter((word) => word === 'initialize')).toHaveLength(4);
    tell('restart');
    tell('clean.done');
    expect(state()).toBe('initializing');
  });

  it('bounds starting and cleaning, and discards what comes up late', () => {
    const { clock, said, tell, state } = openResource({ initMs: 100, cleanMs: 50, restMs: 1_000 });
    tell('start');
    clock.increment(100);
    expect(state()).toBe('unhealthy');
    tell('init.done');
    expect(said.at(-1)).toBe('discard');
    tell('dispose');
    tell('dispose');
    clock.increment(50);
    expect(state()).toBe('disposed');
    expect(said.filter((word) => word === 'clean')).toHaveLength(1);
  });
});

describe('the node, the engine, a worker and a run', () => {
  it('starts first and is degraded then, when it boots without its bus', () => {
    const clock = new SimulatedClock();
    const actor = createActor(nodeMachine, { clock, input: { nodeId: 'n-1', drainMs: 100 } }).start();
    actor.send({ type: 'booted', missing: ['bus'], at: 0 });
    expect(actor.getSnapshot().value).toBe('running');
    clock.increment(0);
    expect(actor.getSnapshot().value).toBe('degraded');
    actor.send({ type: 'parts.checked', missing: [], at: 1 });
    expect(actor.getSnapshot().value).toBe('running');
    actor.send({ type: 'drain', at: 2 });
    clock.increment(100);
    expect(actor.getSnapshot().value).toBe('stopped');
  });

  it('presses and pauses intake by lag, and does not resume what a person paused', () => {
    const actor = createActor(learningMachine, {
      input: { engineId: 'l-1', settings: learningDefaults },
    }).start();
    const intake = (lag: number): unknown => {
      actor.send({ type: 'lag.measured', lag, at: 0 });
      return actor.getSnapshot().value.intake;
    };
    expect([50, 1_000, 500, 10_000, 1_500, 999, 100].map(intake)).toEqual([
      'flowing',
      'pressed',
      'pressed',
      'paused',
      'paused',
      'pressed',
      'flowing',
    ]);
    actor.send({ type: 'pause', at: 0 });
    expect(intake(0)).toBe('paused');
    actor.send({ type: 'resume', at: 0 });
    expect(intake(0)).toBe('flowing');
  });

  it('tells running, stopped or unavailable of the engine', () => {
    const status = (engine: string): string => toEngineStatus({ engine, intake: 'flowing' });
    expect(['running', 'draining', 'stopped', 'starting', 'failed'].map(status)).toEqual([
      'running',
      'running',
      'stopped',
      'unavailable',
      'unavailable',
    ]);
    expect(toEngineStatus(null)).toBe('unavailable');
  });

  it('takes a worker that gives no sign of life for crashed, and has it killed', () => {
    const clock = new SimulatedClock();
    const killed: string[] = [];
    const machine = workerMachine.provide({ actions: { kill: (_, { name }) => killed.push(name) } });
    const actor = createActor(machine, { clock, input: { name: 'scorer', heartbeatMs: 100 } }).start();
    actor.send({ type: 'start', at: 0 });
    actor.send({ type: 'started', at: 0 });
    clock.increment(99);
    actor.send({ type: 'heartbeat', at: 99 });
    clock.increment(99);
    expect(actor.getSnapshot().value).toBe('running');
    clock.increment(1);
    expect(actor.getSnapshot().value).toBe('backingOff');
    expect(killed).toEqual(['scorer']);
  });

  it('ends a run that would never end', () => {
    const input = { runId: 'u-1', sopId: 'p-1', waitMs: 1_000, callMs: 1_000 };
    const actor = createActor(runMachine, { clock: new SimulatedClock(), input }).start();
    actor.send({ type: 'start', at: 0 });
    for (let step = 0; step <= runStepsMax; step += 1) {
      actor.send({ type: 'next', needs: 'call', at: 0 });
      actor.send({ type: 'call.done', at: 0 });
    }
    expect(actor.getSnapshot().value).toBe('failed');
    expect(actor.getSnapshot().context.steps).toBe(runStepsMax);
  });
});
