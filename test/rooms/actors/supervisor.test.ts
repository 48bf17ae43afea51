/** A supervisor of real (if small) workers in simulated time. */
import { describe, expect, it } from 'vitest';
import { openSupervisor } from '../../../src/actors/learning/supervisor.ts';
import type { SupervisorOptions, WorkerSpec } from '../../../src/actors/learning/supervisor.ts';
import { createDeferred, createWorld, settle } from './world.ts';

type Start = WorkerSpec['start'];

/** Three workers; what each of them does at its n-th start can be replaced. */
function open(starts: Partial<Record<string, Start>> = {}, options: Partial<SupervisorOptions> = {}) {
  const world = createWorld();
  const done: string[] = [];
  const breaks = new Map<string, (error: unknown) => void>();
  const gaveUp: (string | null)[] = [];
  let ups = 0;
  const toSpec = (name: WorkerSpec['name']): WorkerSpec => ({
    name,
    restart: 'permanent',
    start: async (broke) => {
      done.push(`start ${name}`);
      breaks.set(name, broke);
      const own = starts[name];
      return own === undefined ? { stop: async () => void done.push(`stop ${name}`) } : own(broke);
    },
  });
  const supervisor = openSupervisor({
    name: 'test',
    workers: [toSpec('writer'), toSpec('extractor'), toSpec('intake')],
    settings: { intensity: 3, periodMs: 60_000, restMs: 100 },
    up: () => (ups += 1),
    gaveUp: (worker) => void gaveUp.push(worker),
    ...options,
    clock: world.clock,
    log: world.log,
    announcer: world.announcer,
  });
  const states = () => supervisor.views().map(({ name, state }) => `${name} ${state}`);
  return { ...world, supervisor, done, breaks, gaveUp, states, ups: () => ups };
}

const allRunning = ['writer running', 'extractor running', 'intake running'];

describe('a supervisor', () => {
  it('starts its workers in order and tells once that all are up', async () => {
    const { done, states, types, ups } = open();
    await settle();
    expect(done).toEqual(['start writer', 'start extractor', 'start intake']);
    expect(states()).toEqual(allRunning);
    expect(types()).toEqual(['worker.started', 'worker.started', 'worker.started']);
    expect(ups()).toBe(1);
  });

  it('stops them in reverse order', async () => {
    const { done, supervisor, types, clock } = open();
    await settle();
    await supervisor.stop();
    expect(done.slice(3)).toEqual(['stop intake', 'stop extractor', 'stop writer']);
    expect(types().slice(3)).toEqual(['worker.stopped', 'worker.stopped', 'worker.stopped']);
    await supervisor.stop();
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['reports that it broke', undefined],
    [
      'throws when it starts',
      (first: () => boolean): Start =>
        () => {
          if (first()) throw new Error('thrown');
          return Promise.resolve({ stop: async () => undefined });
        },
    ],
    [
      'rejects when it starts',
      (first: () => boolean): Start =>
        async () =>
          first() ? Promise.reject(new Error('rejected')) : { stop: async () => undefined },
    ],
  ])('brings back a worker that %s, and its siblings notice nothing', async (_how, toStart) => {
    let n = 0;
    const starts = toStart === undefined ? {} : { extractor: toStart(() => (n += 1) === 1) };
    const { clock, done, breaks, states, types, ups } = open(starts);
    await settle();
    if (toStart === undefined) breaks.get('extractor')?.(new Error('it broke'));
    await clock.advance(1_000);
    expect(states()).toEqual(allRunning);
    expect(done.filter((one) => one === 'start extractor')).toHaveLength(2);
    expect(done.filter((one) => /(writer|intake)/.test(one))).toEqual(['start writer', 'start intake']);
    expect(types()).toContain('worker.failed');
    expect(types()).toContain('worker.restarted');
    expect(ups()).toBe(1);
  });

  it('hears nothing of a worker that it let go', async () => {
    const { clock, breaks, done } = open();
    await settle();
    const first = breaks.get('intake');
    first?.(new Error('it broke'));
    await clock.advance(1_000);
    first?.(new Error('once more, from the grave'));
    await clock.advance(1_000);
    expect(done.filter((one) => one === 'start intake')).toHaveLength(2);
  });

  it('gives up when a worker dies too often, says which, and leaves nothing running', async () => {
    const { clock, gaveUp, states, types, done, supervisor } = open({
      extractor: async () => Promise.reject(new Error('no table')),
    });
    await clock.advance(10_000);
    expect(gaveUp).toEqual(['extractor']);
    expect(states()[1]).toBe('extractor failed');
    expect(types().filter((type) => type === 'worker.gave_up')).toHaveLength(1);
    expect(done.filter((one) => one === 'start extractor')).toHaveLength(4);
    expect(done).toContain('stop writer');
    await supervisor.stop();
  });

  it('gives up on a start that hangs, and takes down what comes of it later', async () => {
    const slow = createDeferred<{ stop(): Promise<void> }>();
    let n = 0;
    const { clock, states } = open({
      intake: async () => {
        n += 1;
        return n === 1 ? slow.promise : { stop: async () => undefined };
      },
    });
    await clock.advance(10_200);
    expect(states()).toEqual(allRunning);
    let stopped = false;
    slow.resolve({ stop: async () => void (stopped = true) });
    await settle();
    expect(stopped).toBe(true);
    expect(states()).toEqual(allRunning);
  });

  it('that is stopped while a worker starts leaves none behind', async () => {
    const slow = createDeferred<{ stop(): Promise<void> }>();
    let stopped = false;
    const { supervisor } = open({ intake: () => slow.promise });
    await settle();
    await supervisor.stop();
    slow.resolve({ stop: async () => void (stopped = true) });
    await settle();
    expect(stopped).toBe(true);
  });

  it('does not wait for ever for a worker that does not stop', async () => {
    const { supervisor, clock, done } = open({
      extractor: async () => ({ stop: () => new Promise<void>(() => undefined) }),
    });
    await settle();
    const stopping = supervisor.stop();
    await clock.advance(5_000);
    await stopping;
    expect(done).toContain('stop writer');
  });

  it('survives an owner that throws', async () => {
    const { states, sentences } = open(
      {},
      {
        up: () => {
          throw new Error('the owner is confused');
        },
      },
    );
    await settle();
    expect(states()).toEqual(allRunning);
    expect(sentences).toContain("A root actor's watcher threw.");
  });
});
