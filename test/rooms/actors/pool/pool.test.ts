/** Pool cases P1 to P20 and P22: lending, waiting, looking, wearing out, leaking and draining. */
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isDreyError } from '../../../../machines/words/errors.ts';
import { openPool } from '../../../../src/actors/upstreams/pool.ts';
import type { Lease, PoolOptions, PoolSettings } from '../../../../src/actors/upstreams/pool-options.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { SimulatedTime, watch } from '../guards/simulated-time.ts';
import type { Fate } from '../guards/simulated-time.ts';
import { Thing, openStage } from './pool-stage.ts';

const code = (fate: Fate<unknown>): unknown =>
  fate.state === 'broken' && isDreyError(fate.error) ? fate.error.code : fate.state;

function toLease<T>(watched: { readonly fate: Fate<Lease<T>> }): Lease<T> {
  if (watched.fate.state !== 'kept') throw new Error(`nothing was lent: ${watched.fate.state}`);
  return watched.fate.value;
}

describe('a pool', () => {
  it('P1 lends as many as it may have and lets the others wait', async () => {
    const { time, pool, made, acquire } = openStage({ max: 5 });
    const all = Array.from({ length: 8 }, () => acquire());
    await time.pass(0);
    expect(all.filter(({ fate }) => fate.state === 'kept')).toHaveLength(5);
    expect(made).toHaveLength(5);
    expect(pool.counts).toEqual({ size: 5, idle: 0, inUse: 5, creating: 0, waiting: 3 });
  });

  it('P2 serves who waits in the order of coming', async () => {
    const { time, pool, acquire } = openStage({ max: 1 });
    let lease = toLease(await settled(time, acquire()));
    const served: number[] = [];
    const waiting = [1, 2, 3, 4, 5].map((n) => {
      const one = acquire();
      return { n, one };
    });
    for (let turn = 0; turn < 5; turn += 1) {
      pool.release(lease);
      await time.pass(0);
      const next = waiting.find(({ n, one }) => one.fate.state === 'kept' && !served.includes(n));
      if (next === undefined) throw new Error('nobody was served');
      served.push(next.n);
      lease = toLease(next.one);
    }
    expect(served).toEqual([1, 2, 3, 4, 5]);
  });

  it('P3 lets nobody wait for ever, and says how full it is', async () => {
    const { time, acquire } = openStage({ max: 1, acquireMs: 100 });
    acquire();
    const waiting = acquire();
    await time.pass(99);
    expect(waiting.fate.state).toBe('pending');
    await time.pass(1);
    expect(waiting.fate).toMatchObject({
      error: {
        code: 'call_timeout',
        message: 'connections had nothing to lend within 100 ms: size 1 of 1, 1 in use, 1 waiting',
        details: { size: 1, max: 1, inUse: 1, waiting: 1 },
      },
    });
  });

  it('P4 wastes no release on somebody who has left', async () => {
    const { time, pool, acquire } = openStage({ max: 1, acquireMs: 100 });
    const first = toLease(await settled(time, acquire()));
    acquire();
    await time.pass(100);
    pool.release(first);
    const next = toLease(await settled(time, acquire()));
    expect(next.thing).toBe(first.thing);
  });

  it('P5 keeps what came too late for its caller', async () => {
    const { time, pool, made, acquire } = openStage({ acquireMs: 50 }, { createMs: 120 });
    const late = acquire();
    await time.pass(50);
    expect(code(late.fate)).toBe('call_timeout');
    await time.pass(70);
    expect(made).toHaveLength(1);
    expect(pool.counts).toMatchObject({ size: 1, idle: 1, creating: 0 });
  });

  it('P6 looks at a thing before lending it; a bad one is destroyed once and replaced', async () => {
    const { time, pool, made, destroyed, acquire } = openStage({ max: 1 });
    const first = toLease(await settled(time, acquire()));
    pool.release(first);
    first.thing.isGood = false;
    const second = toLease(await settled(time, acquire()));
    expect(second.thing).not.toBe(first.thing);
    expect(destroyed).toEqual([first.thing]);
    expect(made).toHaveLength(2);
  });

  it('P6 treats a look that throws or hangs as a bad one', async () => {
    const { time, pool, destroyed, acquire } = openStage({ max: 1, validateMs: 30 });
    const first = toLease(await settled(time, acquire()));
    pool.release(first);
    first.thing.look = () => Promise.reject(new Error('broken pipe'));
    const second = toLease(await settled(time, acquire()));
    pool.release(second);
    second.thing.look = () => new Promise(() => undefined);
    const third = acquire();
    await time.pass(30);
    expect(toLease(third).thing.id).toBe(3);
    expect(destroyed).toHaveLength(2);
  });

  it('P7 refuses what it never lent, and its counts stay', async () => {
    const { time, pool, events, acquire } = openStage({ max: 2 });
    const lease = toLease(await settled(time, acquire()));
    const before = pool.counts;
    pool.release({ thing: new Thing(99), namespace: 'a' });
    pool.release({ ...lease });
    expect(pool.counts).toEqual(before);
    expect(events.filter(({ type }) => type === 'release.refused')).toHaveLength(2);
  });

  it('P8 gives a thing released twice to one caller only', async () => {
    const { time, pool, events, acquire } = openStage({ max: 2 });
    const lease = toLease(await settled(time, acquire()));
    pool.release(lease);
    const second = toLease(await settled(time, acquire()));
    pool.release(lease);
    const third = toLease(await settled(time, acquire()));
    expect(second.thing).not.toBe(third.thing);
    expect(events.filter(({ type }) => type === 'release.refused')).toHaveLength(1);
  });

  it('P9 lets idle ones go, down to its minimum', async () => {
    const { time, pool, acquire } = openStage({ max: 4, min: 1, idleMs: 30, reapMs: 10 });
    const leases = [acquire(), acquire(), acquire()];
    await time.pass(0);
    for (const lease of leases) pool.release(toLease(lease));
    await time.pass(29);
    expect(pool.counts.size).toBe(3);
    await time.pass(121);
    expect(pool.counts).toMatchObject({ size: 1, idle: 1 });
    expect(time.pending).toBe(0);
  });

  it('P10 tries again when a creation fails, and tells of it', async () => {
    const { time, events, stats, acquire } = openStage({ createRestMs: 10 }, { failures: 2 });
    const lease = acquire();
    await time.pass(20);
    expect(lease.fate.state).toBe('kept');
    expect(stats.creates).toBe(3);
    expect(events.filter(({ type }) => type === 'create.failed')).toHaveLength(2);
  });

  it('P10 names the last failure when none succeeds in time', async () => {
    const { time, acquire } = openStage({ acquireMs: 100, createRestMs: 10 }, { failures: 1_000 });
    const lease = acquire();
    await time.pass(100);
    expect(lease.fate).toMatchObject({ error: { code: 'call_timeout', cause: { message: 'no route' } } });
  });

  it('P11 drains: waits for what is lent, takes all down, and lends no more', async () => {
    const { time, pool, destroyed, acquire } = openStage({ max: 2 });
    const lease = toLease(await settled(time, acquire()));
    const drained = watch(pool.drain());
    await time.pass(100);
    expect(drained.fate.state).toBe('pending');
    pool.release(lease);
    await time.pass(0);
    expect(drained.fate.state).toBe('kept');
    expect(destroyed).toEqual([lease.thing]);
    const late = acquire();
    await time.pass(0);
    expect(late.fate).toMatchObject({ error: { code: 'resource_unavailable', message: /draining/ } });
    expect(time.pending).toBe(0);
  });

  it('P11 takes down under its holder what is not given back within the bound', async () => {
    const { time, pool, events, destroyed, acquire } = openStage({ drainMs: 500 });
    const lease = toLease(await settled(time, acquire()));
    const drained = watch(pool.drain());
    await time.pass(500);
    expect(drained.fate.state).toBe('kept');
    expect(destroyed).toEqual([lease.thing]);
    pool.release(lease);
    expect(events.map(({ type }) => type)).toEqual([
      'created',
      'drain.forced',
      'destroyed',
      'release.refused',
    ]);
  });

  it('P11 waits for a creation on its way and takes down what it brings', async () => {
    const { time, pool, destroyed, acquire } = openStage({}, { createMs: 100 });
    const waiting = acquire();
    await time.pass(0);
    const drained = watch(pool.drain());
    await time.pass(99);
    expect([code(waiting.fate), drained.fate.state]).toEqual(['resource_unavailable', 'pending']);
    await time.pass(1);
    expect(drained.fate.state).toBe('kept');
    expect(destroyed).toHaveLength(1);
  });

  it('P12 does not wait for a destruction that hangs', async () => {
    const { time, pool, events, acquire } = openStage({ destroyMs: 50 }, { destroyMs: 2_000 });
    pool.release(toLease(await settled(time, acquire())));
    const drained = watch(pool.drain());
    await time.pass(50);
    expect(drained.fate.state).toBe('kept');
    expect(events.at(-1)).toMatchObject({ type: 'destroy.failed', error: { code: 'call_timeout' } });
  });

  it('P13 tells those who wait when it drains', async () => {
    const { time, pool, acquire } = openStage({ max: 1 });
    acquire();
    const waiting = acquire();
    void pool.drain();
    await time.pass(0);
    expect(waiting.fate).toMatchObject({ error: { code: 'resource_unavailable', message: /draining/ } });
    expect(pool.counts.waiting).toBe(0);
  });

  it('P14 lends a thing so many times and then makes a new one', async () => {
    const { time, pool, acquire } = openStage({ max: 1, maxUses: 2 });
    const ids: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const lease = toLease(await settled(time, acquire()));
      ids.push(lease.thing.id);
      pool.release(lease);
      await time.pass(0);
    }
    expect(ids).toEqual([1, 1, 2]);
  });

  it('P15 cuts nothing that is lent, however old, and takes it down when it comes back', async () => {
    const { time, pool, destroyed, acquire } = openStage({ max: 1, maxLifetimeMs: 1_000 });
    const lease = toLease(await settled(time, acquire()));
    await time.pass(1_400);
    expect(destroyed).toEqual([]);
    pool.release(lease);
    await time.pass(0);
    expect(pool.counts.size).toBe(0);
    expect(toLease(await settled(time, acquire())).thing.id).toBe(2);
    expect(pool.counts.size).toBe(1);
  });

  it('P15 takes an idle one down when it has grown too old, also below the minimum', async () => {
    const { time, pool, acquire } = openStage({ min: 1, maxLifetimeMs: 1_000, reapMs: 100 });
    pool.release(toLease(await settled(time, acquire())));
    await time.pass(1_100);
    expect(pool.counts.size).toBe(0);
    expect(time.pending).toBe(0);
  });

  it('P16 tells of a leak once, with the place where it was acquired, and of its return', async () => {
    const { time, pool, events } = openStage({ leakMs: 1_000 });
    const lease = await forgetful(pool);
    await time.pass(4_000);
    const leaks = events.filter(({ type }) => type === 'leaked');
    expect(leaks).toEqual([
      { type: 'leaked', namespace: 'acme', heldMs: 1_000, stack: expect.stringContaining('forgetful') },
    ]);
    pool.release(lease);
    expect(events.at(-1)).toEqual({ type: 'returned', namespace: 'acme', heldMs: 4_000 });
  });

  it('P17 makes nothing any more once the work is over', async () => {
    const { time, pool, stats } = openStage({ max: 100 }, { createMs: 250 });
    const worker = async (): Promise<void> => {
      for (let job = 0; job < 100; job += 1) pool.release(await pool.acquire());
    };
    await time.until(Promise.all(Array.from({ length: 50 }, worker)), 250);
    const { creates } = stats;
    expect(creates).toBeLessThanOrEqual(50);
    expect(pool.counts).toMatchObject({ inUse: 0, creating: 0, waiting: 0 });
    await time.pass(1_000);
    expect(stats.creates).toBe(creates);
  });

  it('P18 drops an idle thing that tells of its end, and nothing dies of it', async () => {
    const { time, pool, events, acquire } = openStage({});
    const lease = toLease(await settled(time, acquire()));
    pool.release(lease);
    lease.thing.emit('error', new Error('reset by peer'));
    await time.pass(0);
    expect(pool.counts.size).toBe(0);
    expect(events.map(({ type }) => type)).toEqual(['created', 'broke', 'destroyed']);
  });

  it('P18 listens until the thing is gone', async () => {
    const { time, pool, acquire } = openStage({}, { destroyMs: 100 });
    const lease = toLease(await settled(time, acquire()));
    pool.release(lease, { isBroken: true });
    await time.pass(50);
    lease.thing.emit('error', new Error('while closing'));
    await time.pass(50);
    expect(lease.thing.listenerCount('error')).toBe(0);
  });

  it('P19 keeps counting a lent thing that broke, and takes it down when it comes back', async () => {
    const { time, pool, destroyed, acquire } = openStage({});
    const lease = toLease(await settled(time, acquire()));
    lease.thing.emit('error', new Error('reset by peer'));
    await time.pass(0);
    expect(pool.counts).toMatchObject({ size: 1, inUse: 1 });
    expect(destroyed).toEqual([]);
    pool.release(lease);
    await time.pass(0);
    expect(pool.counts.size).toBe(0);
    expect(destroyed).toEqual([lease.thing]);
  });

  it('P20 lets a caller leave the line at once; what was made for it stays for the next', async () => {
    const { time, pool, acquire } = openStage({}, { createMs: 100 });
    const leaver = new AbortController();
    const waiting = acquire({ signal: leaver.signal });
    await time.pass(10);
    expect(pool.counts.waiting).toBe(1);
    leaver.abort();
    await time.pass(0);
    expect(code(waiting.fate)).toBe('call_cancelled');
    expect(pool.counts.waiting).toBe(0);
    await time.pass(90);
    expect(pool.counts).toMatchObject({ size: 1, idle: 1 });
  });

  it('P20 takes back what was given in the moment its caller left', async () => {
    const { time, pool, acquire } = openStage({ max: 1 }, { isUnlooked: true });
    const first = toLease(await settled(time, acquire()));
    const leaver = new AbortController();
    const waiting = acquire({ signal: leaver.signal });
    await time.pass(0);
    pool.release(first);
    leaver.abort();
    await time.pass(0);
    expect(code(waiting.fate)).toBe('call_cancelled');
    expect(pool.counts).toMatchObject({ size: 1, idle: 1, inUse: 0 });
  });

  it('P22 lets no namespace hold more than its share; another is served meanwhile', async () => {
    const { time, pool, acquire } = openStage({ max: 4, maxPerNamespace: 2 });
    const a = [1, 2, 3].map(() => acquire({ namespace: 'a' }));
    const b = acquire({ namespace: 'b' });
    await time.pass(0);
    expect([...a, b].map(({ fate }) => fate.state)).toEqual(['kept', 'kept', 'pending', 'kept']);
    const [first, , third] = a;
    if (first === undefined || third === undefined) throw new Error('there are three');
    pool.release(toLease(first));
    await time.pass(0);
    expect(third.fate.state).toBe('kept');
  });

  it('P22 gives namespaces their turns, and each its share of what comes free', async () => {
    const { time, pool, acquire } = openStage({ max: 1 });
    let lease = toLease(await settled(time, acquire()));
    const waiting = ['a', 'a', 'a', 'b', 'c'].map((namespace) => acquire({ namespace }));
    const order: string[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      pool.release(lease);
      await time.pass(0);
      const next = waiting.findIndex(({ fate }) => fate.state === 'kept');
      const [one] = waiting.splice(next, 1);
      if (one === undefined) throw new Error('nobody was served');
      lease = toLease(one);
      order.push(lease.namespace);
    }
    expect(order).toEqual(['a', 'b', 'c', 'a', 'a']);
  });

  it('refuses a caller when the line is as long as it may be', async () => {
    const { time, acquire } = openStage({ max: 1, waitingMax: 1 });
    acquire();
    await time.pass(0);
    acquire();
    const third = acquire();
    await time.pass(0);
    expect(code(third.fate)).toBe('limit_reached');
  });

  it('takes down what a creation brings that took too long', async () => {
    const { time, pool, destroyed, events } = openStage(
      { createMs: 50, createRestMs: 1_000 },
      { createMs: 80 },
    );
    const waiting = watch(pool.acquire());
    await time.pass(80);
    expect(events.map(({ type }) => type)).toEqual(['create.failed', 'destroyed']);
    expect(destroyed).toHaveLength(1);
    expect(waiting.fate.state).toBe('pending');
  });

  it('goes on when its listener throws', async () => {
    const time = new SimulatedTime();
    const options: PoolOptions<EventEmitter> = {
      name: 'things',
      create: async () => new EventEmitter(),
      destroy() {},
      clock: time,
      onEvent() {
        throw new Error('listener');
      },
      log: quietLog,
    };
    const pool = openPool(options);
    const lease = watch(pool.acquire());
    await time.pass(0);
    expect(lease.fate.state).toBe('kept');
  });

  it.each<Partial<PoolSettings>>([
    { max: 0 },
    { max: 1.5 },
    { min: 11 },
    { maxUses: 0 },
    { acquireMs: -1 },
    { maxPerNamespace: 0 },
    { idleMs: Number.NaN },
  ])('refuses a configuration that makes no sense: %j', (settings) => {
    expect(() => openStage(settings)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });
});

async function settled<T>(
  time: SimulatedTime,
  watched: { readonly fate: Fate<T> },
): Promise<{ readonly fate: Fate<T> }> {
  await time.pass(0);
  return watched;
}

async function forgetful(pool: {
  acquire(asked: { namespace: string }): Promise<Lease<Thing>>;
}): Promise<Lease<Thing>> {
  return pool.acquire({ namespace: 'acme' });
}
