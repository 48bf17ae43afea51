/** The supervisor's rules, as in OTP, on a simulated clock with hands that obey (or do not). */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimulatedClock, createActor } from 'xstate';
import { supervisorDefaults } from '../../machines/supervision.ts';
import type { ChildSpec, RestartKind, Strategy, SupervisorSettings } from '../../machines/supervision.ts';
import { supervisorMachine } from '../../machines/supervisor.machine.ts';
import type { SupervisorEvent } from '../../machines/supervisor.machine.ts';

interface Hands {
  readonly said: string[];
  readonly clock: SimulatedClock;
  readonly state: () => string;
  readonly restarts: () => readonly number[];
  readonly phases: () => string;
  tell(event: SupervisorEvent | Record<string, unknown>): void;
  pass(ms: number): void;
  /** Said since the last time. */
  news(): string[];
}

/** Hands that report at once, except for the children that hang. */
function supervise(
  strategy: Strategy,
  settings: Partial<SupervisorSettings> = {},
  options: { kinds?: readonly RestartKind[]; hangs?: readonly string[] } = {},
): Hands {
  const kinds = options.kinds ?? ['permanent', 'permanent', 'permanent'];
  const specs: ChildSpec[] = kinds.map((restart, index) => ({
    id: 'abcdef'.charAt(index),
    restart,
    dependsOrder: index,
  }));
  const said: string[] = [];
  const clock = new SimulatedClock();
  const reports: SupervisorEvent[] = [];
  const hangs = (id: string): boolean => options.hangs?.includes(id) === true;
  const machine = supervisorMachine.provide({
    actions: {
      startChild: (_, { id, n }) => {
        said.push(`start ${id}`);
        if (!hangs(id)) reports.push({ type: 'child.started', id, n, at: clock.now() });
      },
      stopChild: (_, { id, n }) => {
        said.push(`stop ${id}`);
        if (!hangs(id)) reports.push({ type: 'child.exited', id, n, reason: 'normal', at: clock.now() });
      },
      killChild: (_, { id }) => said.push(`kill ${id}`),
      escalate: (_, { child }) => said.push(`give up on ${child}`),
    },
  });
  const actor = createActor(machine, {
    clock,
    input: {
      supervisorId: 'l-1',
      settings: { ...supervisorDefaults, strategy, restMs: 100, ...settings },
      specs: specs.toReversed(),
    },
  });
  actor.subscribe({ error: (error) => said.push(String(error)) });
  actor.start();
  const report = (): void => {
    for (let next = reports.shift(); next !== undefined; next = reports.shift()) actor.send(next);
  };
  let heard = 0;
  const hands: Hands = {
    said,
    clock,
    state: () => actor.getSnapshot().value,
    restarts: () => actor.getSnapshot().context.restarts,
    phases: () =>
      actor
        .getSnapshot()
        .context.children.map(({ id, phase }) => `${id}:${phase}`)
        .join(' '),
    tell(event) {
      actor.send({ at: clock.now(), ...event } as SupervisorEvent);
      report();
    },
    pass(ms) {
      // In small steps, so that what a timer starts has its own timers in time.
      for (let passed = 0; passed < ms; passed += 10) {
        clock.increment(10);
        report();
      }
    },
    news() {
      const fresh = said.slice(heard);
      heard = said.length;
      return fresh;
    },
  };
  hands.tell({ type: 'start' });
  return hands;
}

const dies = (id: string) => ({ type: 'child.exited', id, reason: 'error' });

describe('a supervisor', () => {
  it('starts its children one after the other, in the order in which they depend on each other', () => {
    expect(supervise('one_for_one').news()).toEqual(['start a', 'start b', 'start c']);
  });

  it('waits with the next child until the one before is up', () => {
    const hands = supervise('one_for_one', { startMs: 1_000, intensity: 10 }, { hangs: ['b'] });
    expect(hands.news()).toEqual(['start a', 'start b']);
    hands.pass(1_000);
    expect(hands.news()).toEqual(['kill b', 'start c']);
  });

  it.each([
    ['one_for_one', ['start b']],
    ['rest_for_one', ['stop c', 'start b', 'start c']],
    ['one_for_all', ['stop c', 'stop a', 'start a', 'start b', 'start c']],
  ] as const)(
    'brings back with %s whoever falls together, stopped in reverse order',
    (strategy, expected) => {
      const hands = supervise(strategy);
      hands.news();
      hands.tell(dies('b'));
      hands.pass(100);
      expect(hands.news()).toEqual(expected);
      expect(hands.phases()).toBe('a:up b:up c:up');
    },
  );

  it('does not start anybody before everybody who falls is down', () => {
    const hands = supervise('one_for_all', { stopMs: 500 }, { hangs: [] });
    const slow = supervise('one_for_all', { stopMs: 500 }, { hangs: ['c'] });
    slow.tell({ type: 'child.started', id: 'c', n: 1 });
    slow.news();
    slow.tell(dies('b'));
    slow.pass(400);
    expect(slow.news()).toEqual(['stop c']);
    slow.pass(100);
    expect(slow.news()).toEqual(['kill c', 'stop a', 'start a', 'start b', 'start c']);
    expect(hands.phases()).toBe('a:up b:up c:up');
  });

  it('lets a transient child end normally, and never brings a temporary one back', () => {
    const hands = supervise('one_for_one', {}, { kinds: ['transient', 'temporary', 'transient'] });
    hands.news();
    hands.tell({ type: 'child.exited', id: 'a', reason: 'normal' });
    hands.tell(dies('b'));
    hands.tell(dies('c'));
    hands.pass(1_000);
    expect(hands.news()).toEqual(['start c']);
    expect(hands.phases()).toBe('a:gone b:gone c:up');
  });

  it('ends a temporary child for good when it falls with another', () => {
    const hands = supervise('one_for_all', {}, { kinds: ['permanent', 'permanent', 'temporary'] });
    hands.news();
    hands.tell(dies('a'));
    hands.pass(1_000);
    expect(hands.news()).toEqual(['stop c', 'stop b', 'start a', 'start b']);
    expect(hands.phases()).toBe('a:up b:up c:gone');
  });

  it('waits longer each time a child dies again, and forgets that after a calm period', () => {
    const hands = supervise('one_for_one', { intensity: 100, periodMs: 5_000, restMs: 100, restMsMax: 300 });
    for (const restMs of [100, 200, 300, 300]) {
      hands.news();
      hands.tell(dies('a'));
      hands.pass(restMs - 10);
      expect(hands.news()).toEqual([]);
      hands.pass(10);
      expect(hands.news()).toEqual(['start a']);
    }
    hands.pass(5_010);
    hands.tell(dies('a'));
    hands.pass(100);
    expect(hands.news()).toEqual(['start a']);
  });

  it('gives up on the fourth death within the period: stops all in reverse order and escalates', () => {
    const hands = supervise('one_for_one', { restMsMax: 100 });
    for (let death = 0; death < 3; death += 1) {
      hands.tell(dies('b'));
      hands.pass(100);
    }
    expect(hands.state()).toBe('running');
    hands.news();
    hands.tell(dies('b'));
    expect(hands.news()).toEqual(['stop c', 'stop a', 'give up on b']);
    expect(hands.state()).toBe('escalated');
  });

  it('stops in reverse order, kills who does not stop in time, and then is stopped', () => {
    const hands = supervise('one_for_one', { stopMs: 500 }, { hangs: ['b'] });
    hands.tell({ type: 'child.started', id: 'b', n: 1 });
    hands.news();
    hands.tell({ type: 'stop' });
    expect(hands.news()).toEqual(['stop c', 'stop b']);
    hands.pass(500);
    expect(hands.news()).toEqual(['kill b', 'stop a']);
    expect(hands.state()).toBe('stopped');
  });

  it('stops also while somebody waits to be restarted, and then restarts nobody', () => {
    const hands = supervise('one_for_one');
    hands.tell(dies('a'));
    hands.news();
    hands.tell({ type: 'stop' });
    hands.pass(1_000);
    expect(hands.news()).toEqual(['stop c', 'stop b']);
    expect(hands.state()).toBe('stopped');
  });

  it('restarts a child by hand without counting it as a death', () => {
    const hands = supervise('one_for_one', { intensity: 0 });
    hands.news();
    hands.tell({ type: 'child.restart', id: 'b' });
    expect(hands.news()).toEqual(['stop b', 'start b']);
    expect(hands.restarts()).toEqual([]);
  });

  it('takes no notice of reports about an earlier instance of a child', () => {
    const hands = supervise('one_for_one');
    hands.tell(dies('a'));
    hands.pass(100);
    hands.news();
    hands.tell({ ...dies('a'), n: 1 });
    hands.pass(1_000);
    expect(hands.news()).toEqual([]);
    expect(hands.phases()).toBe('a:up b:up c:up');
  });

  it('never restarts more often than its intensity allows, whatever dies and hangs when', () => {
    const strategies = fc.constantFrom<Strategy>('one_for_one', 'rest_for_one', 'one_for_all');
    const deaths = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(800), fc.boolean()), {
      maxLength: 25,
      size: 'max',
    });
    fc.assert(
      fc.property(strategies, fc.integer({ min: 0, max: 3 }), deaths, (strategy, intensity, steps) => {
        const hands = supervise(strategy, { intensity, periodMs: 2_000, restMs: 50, restMsMax: 400 });
        const counted = new Set<number>();
        for (const [id, laterMs, byError] of steps) {
          hands.tell({ type: 'child.exited', id, reason: byError ? 'error' : 'normal' });
          for (const moment of hands.restarts()) counted.add(moment);
          expect(hands.restarts().length).toBeLessThanOrEqual(intensity);
          hands.pass(laterMs);
        }
        const moments = [...counted];
        for (const from of moments) {
          const within = moments.filter((moment) => moment >= from && moment < from + 2_000);
          expect(within.length).toBeLessThanOrEqual(Math.max(intensity, 0));
        }
        hands.pass(2_000);
        // Nothing is left half done: either everybody is up again or the supervisor gave up in order.
        const whole = hands.state() === 'running' ? 'a:up b:up c:up' : 'a:gone b:gone c:gone';
        expect(hands.phases()).toBe(whole);
      }),
      { numRuns: 80 },
    );
  });
});
