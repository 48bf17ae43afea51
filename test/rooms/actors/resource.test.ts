/** A resource in simulated time: started, checked, restarted, given up, revived and taken down. */
import { describe, expect, it } from 'vitest';
import { openResource } from '../../../src/actors/actors.ts';
import type { Resource } from '../../../src/actors/actors.ts';
import { createDeferred, createWorld, settle } from './world.ts';

interface Thing {
  readonly n: number;
}

type Options = Partial<Parameters<typeof openResource<Thing>>[0]>;

/** A resource whose every start, stop and break is noted. */
function open(options: Options = {}) {
  const world = createWorld();
  const done: string[] = [];
  const breaks: ((error: unknown) => void)[] = [];
  let n = 0;
  const resource: Resource<Thing> = openResource<Thing>({
    name: 'db',
    what: 'a test',
    start: async (broke) => {
      breaks.push(broke);
      n += 1;
      done.push(`start ${n}`);
      return { n };
    },
    stop: async (thing) => void done.push(`stop ${thing.n}`),
    ...options,
    clock: world.clock,
    log: world.log,
    announcer: world.announcer,
  });
  return { ...world, resource, done, breaks };
}

describe('a resource', () => {
  it('is registered, starts and is healthy', async () => {
    const { resource, types } = open();
    expect(resource.state).toBe('initializing');
    expect(resource.current).toBeUndefined();
    await resource.settled();
    expect(resource.state).toBe('healthy');
    expect(resource.current).toEqual({ n: 1 });
    expect(types()).toEqual(['resource.registered', 'resource.healthy']);
  });

  it('waits longer before each restart, and fails when there were too many', async () => {
    const moments: number[] = [];
    const { resource, clock, types, sentences } = open({
      start: async () => {
        moments.push(clock.monotonic());
        throw new Error('no such file');
      },
      settings: { restartsMax: 3, restartPeriodMs: 60_000, restMs: 100 },
    });
    await resource.settled();
    await clock.advance(10_000);
    expect(resource.state).toBe('failed');
    expect(moments).toEqual([0, 100, 300, 700]);
    expect(resource.view()).toMatchObject({ lastError: 'no such file', code: 'process_failed' });
    expect(types().filter((type) => type === 'resource.restarted')).toHaveLength(3);
    expect(types().at(-1)).toBe('resource.failed');
    expect(sentences).toContain('a resource failed too often; it is left alone');
  });

  it('that failed is tried again after its time, or by hand', async () => {
    let works = false;
    const { resource, clock } = open({
      start: async () => {
        if (works) return { n: 1 };
        throw new Error('not yet');
      },
      settings: { restartsMax: 1 },
      reviveMs: 30_000,
    });
    await clock.advance(5_000);
    expect(resource.state).toBe('failed');
    works = true;
    await clock.advance(30_000);
    expect(resource.state).toBe('healthy');
  });

  it('that ends by itself is taken down and started again', async () => {
    const { resource, clock, done, breaks, types } = open();
    await resource.settled();
    breaks[0]?.(new Error('it ended'));
    expect(resource.state).toBe('unhealthy');
    expect(resource.current).toBeUndefined();
    await clock.advance(1_000);
    expect(done).toEqual(['start 1', 'stop 1', 'start 2']);
    expect(resource.current).toEqual({ n: 2 });
    breaks[0]?.(new Error('told again by the first one, which is gone'));
    expect(resource.state).toBe('healthy');
    expect(types()).toEqual([
      'resource.registered',
      'resource.healthy',
      'resource.unhealthy',
      'resource.restarted',
      'resource.healthy',
    ]);
  });

  it('that ends in the moment in which it comes up is not taken for healthy', async () => {
    let n = 0;
    const { resource, clock, done } = open({
      start: async (broke) => {
        n += 1;
        if (n === 1) broke(new Error('gone at once'));
        return { n };
      },
    });
    await resource.settled();
    expect(resource.state).toBe('unhealthy');
    expect(done).toEqual(['stop 1']);
    await clock.advance(1_000);
    expect(resource.current).toEqual({ n: 2 });
  });

  it('that comes up after nobody waited any longer is taken down again', async () => {
    const first = createDeferred<Thing>();
    let starts = 0;
    const { resource, clock, done } = open({
      start: async () => {
        starts += 1;
        return starts === 1 ? first.promise : { n: starts };
      },
      settings: { initMs: 1_000, cleanMs: 5_000 },
    });
    await clock.advance(1_050);
    expect(resource.state).toBe('unhealthy');
    expect(resource.view().code).toBe('call_timeout');
    await clock.advance(100);
    // The next start waits for the first one's end, but not longer than cleaning may take.
    expect(starts).toBe(1);
    first.resolve({ n: 1 });
    await settle();
    expect(done).toEqual(['stop 1']);
    expect(starts).toBe(2);
    expect(resource.current).toEqual({ n: 2 });
  });

  it('does not wait for ever for a start that hangs', async () => {
    let starts = 0;
    const { resource, clock } = open({
      start: async () => {
        starts += 1;
        return starts === 1 ? new Promise<Thing>(() => undefined) : { n: starts };
      },
      settings: { initMs: 1_000, cleanMs: 2_000 },
    });
    await clock.advance(3_200);
    expect(resource.current).toEqual({ n: 2 });
  });

  it('becomes degraded by one failed check and unhealthy by two', async () => {
    const answers = [new Error('slow'), undefined, undefined, new Error('slow'), new Error('gone')];
    const { resource, clock } = open({
      check: async () => {
        const answer = answers.shift();
        if (answer) throw answer;
      },
      checkEveryMs: 1_000,
    });
    const states: string[] = [];
    for (let check = 0; check < 5; check += 1) {
      await clock.advance(1_000);
      states.push(resource.state);
    }
    expect(states).toEqual(['degraded', 'degraded', 'healthy', 'degraded', 'unhealthy']);
  });

  it('takes a check that hangs for a failed one, and goes on checking', async () => {
    let checks = 0;
    const { resource, clock, done } = open({
      check: async () => {
        checks += 1;
        await new Promise(() => undefined);
      },
      checkEveryMs: 1_000,
      checkMs: 500,
    });
    await clock.advance(1_500);
    expect(resource.state).toBe('degraded');
    await clock.advance(1_500);
    expect(resource.state).toBe('unhealthy');
    await clock.advance(200);
    expect(done).toEqual(['start 1', 'stop 1', 'start 2']);
    await clock.advance(1_600);
    expect(checks).toBe(3);
    expect(resource.state).toBe('degraded');
  });

  it('does not take the answer of a check for the one that came after it', async () => {
    const slow = createDeferred();
    let checks = 0;
    const { resource, clock, breaks } = open({
      check: async () => {
        checks += 1;
        if (checks === 1) await slow.promise;
      },
      checkEveryMs: 1_000,
      checkMs: 60_000,
    });
    await clock.advance(1_000);
    breaks[0]?.(new Error('it ended'));
    await clock.advance(500);
    expect(resource.current).toEqual({ n: 2 });
    slow.reject(new Error('about the first one'));
    await settle();
    expect(resource.state).toBe('healthy');
  });

  it('that is disposed of while it starts leaves nothing running', async () => {
    const first = createDeferred<Thing>();
    const { resource, done, types, clock } = open({ start: () => first.promise });
    await settle();
    let ended = false;
    const disposing = resource.dispose().then(() => (ended = true));
    await settle();
    expect(ended).toBe(false);
    first.resolve({ n: 1 });
    await disposing;
    expect(done).toEqual(['stop 1']);
    expect(types().at(-1)).toBe('resource.disposed');
    await resource.dispose();
    expect(clock.pending).toBe(0);
  });

  it('is disposed of within its bound, also when it cannot be taken down', async () => {
    const { resource, clock } = open({
      stop: () => new Promise<void>(() => undefined),
      settings: { cleanMs: 2_000 },
    });
    await resource.settled();
    const disposing = resource.dispose();
    await clock.advance(2_000);
    await disposing;
    expect(resource.state).toBe('disposed');
  });

  it('that failed for good can be disposed of', async () => {
    const { resource, clock } = open({
      start: async () => Promise.reject(new Error('never')),
      settings: { restartsMax: 1 },
      reviveMs: 30_000,
    });
    await clock.advance(5_000);
    expect(resource.state).toBe('failed');
    await resource.dispose();
    expect(resource.state).toBe('disposed');
    expect(clock.pending).toBe(0);
  });
});
