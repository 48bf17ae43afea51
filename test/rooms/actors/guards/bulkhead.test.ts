/** Bulkhead cases K1 to K12: how many at once, how many in line, who is next, and who leaves. */
import { getEventListeners, setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { openBulkhead } from '../../../../src/actors/calls/bulkhead.ts';
import type { BulkheadConfig, BulkheadEvent } from '../../../../src/actors/calls/bulkhead.ts';
import { SimulatedTime, defer, watch } from './simulated-time.ts';

/** Nobody leaves; shared by more calls than one caller has. */
const { signal } = new AbortController();
setMaxListeners(0, signal);

function stage(config: BulkheadConfig) {
  const time = new SimulatedTime();
  const events: BulkheadEvent[] = [];
  const said: string[] = [];
  const bulkhead = openBulkhead({ config, clock: time, onEvent: (event) => events.push(event) });
  /** A call that runs until it is let go. */
  const call = (name: string, options: { namespace?: string; signal?: AbortSignal } = {}) => {
    const { promise, resolve } = defer();
    const watched = watch(
      bulkhead.run(options.namespace ?? 'a', options.signal ?? signal, async () => {
        said.push(`enter${name}`);
        await promise;
        said.push(`exit${name}`);
      }),
    );
    return { finish: resolve, watched };
  };
  return { time, events, said, bulkhead, call };
}

const refused = (why: string) => ({ state: 'kept', value: { ok: false, why } });

describe('a bulkhead', () => {
  it('K1 rejects the third of two at once when there is no line, and never runs it', async () => {
    const { time, said, call } = stage({ limit: 2, queue: 0 });
    call('0');
    call('1');
    const third = call('2');
    await time.pass(0);
    expect(third.watched.fate).toEqual(refused('full'));
    expect(said).toEqual(['enter0', 'enter1']);
  });

  it('K2 lets those in line in as others leave, and rejects the fifth', async () => {
    const { time, said, call } = stage({ limit: 2, queue: 2 });
    const calls = ['0', '1', '2', '3', '4'].map((name) => call(name));
    await time.pass(0);
    expect(calls[4]?.watched.fate).toEqual(refused('full'));
    calls[0]?.finish();
    await time.pass(0);
    calls[1]?.finish();
    await time.pass(0);
    expect(said).toEqual(['enter0', 'enter1', 'exit0', 'enter2', 'exit1', 'enter3']);
  });

  it('K3 counts its free places after each step', async () => {
    const { time, bulkhead, call } = stage({ limit: 2, queue: 2 });
    const free = (): number[] => [bulkhead.free.calls, bulkhead.free.queue];
    const seen = [free()];
    const calls = ['0', '1', '2', '3'].map((name) => {
      const one = call(name);
      seen.push(free());
      return one;
    });
    expect(seen).toEqual([
      [2, 2],
      [1, 2],
      [0, 2],
      [0, 1],
      [0, 0],
    ]);
    for (const { finish } of calls) finish();
    await time.pass(0);
    expect(free()).toEqual([2, 2]);
  });

  it('K4 never runs a call that was aborted in line, frees its place, and serves the next', async () => {
    const { time, said, bulkhead, call } = stage({ limit: 1, queue: 2 });
    const first = call('0');
    const leaver = new AbortController();
    const second = call('1', { signal: leaver.signal });
    call('2');
    leaver.abort();
    expect(bulkhead.free.queue).toBe(1);
    first.finish();
    await time.pass(0);
    expect(second.watched.fate).toEqual(refused('cancelled'));
    expect(said).toEqual(['enter0', 'exit0', 'enter2']);
    expect(getEventListeners(leaver.signal, 'abort')).toEqual([]);
  });

  it('K5 rejects at once whose signal is aborted already', async () => {
    const { time, said, call } = stage({ limit: 1, queue: 1 });
    const { watched } = call('0', { signal: AbortSignal.abort() });
    await time.pass(0);
    expect(watched.fate).toEqual(refused('cancelled'));
    expect(said).toEqual([]);
  });

  it('K6 lets nobody wait longer than the maximum', async () => {
    const { time, bulkhead, call } = stage({ limit: 1, queue: 1, waitMs: 50 });
    const first = call('0');
    const second = call('1');
    await time.pass(49);
    expect(second.watched.fate.state).toBe('pending');
    await time.pass(1);
    expect(second.watched.fate).toEqual(refused('overdue'));
    expect(bulkhead.free).toEqual({ calls: 0, queue: 1 });
    first.finish();
    await time.pass(0);
    expect(time.pending).toBe(0);
  });

  it('K7 rejects everything when its limit is 0', async () => {
    const { time, said, call } = stage({ limit: 0, queue: 5 });
    const { watched } = call('0');
    await time.pass(0);
    expect(watched.fate).toEqual(refused('full'));
    expect(said).toEqual([]);
  });

  it('K8 follows a changed limit: one more at once, or none until one left; nobody is thrown out', async () => {
    const { time, said, bulkhead, call } = stage({ limit: 1, queue: 5 });
    const calls = ['0', '1', '2', '3'].map((name) => call(name));
    bulkhead.resize(2);
    await time.pass(0);
    expect(said).toEqual(['enter0', 'enter1']);
    bulkhead.resize(1);
    calls[0]?.finish();
    await time.pass(0);
    expect(said).toEqual(['enter0', 'enter1', 'exit0']);
    calls[1]?.finish();
    await time.pass(0);
    expect(said).toEqual(['enter0', 'enter1', 'exit0', 'exit1', 'enter2']);
  });

  it('K9 gives the place back of work that throws before it ever waited', async () => {
    const { bulkhead } = stage({ limit: 1, queue: 0 });
    const work = bulkhead.run('a', signal, () => {
      throw new Error('at once');
    });
    await expect(work).rejects.toThrow('at once');
    expect(bulkhead.free.calls).toBe(1);
  });

  it('K10 tells what happened in its order', async () => {
    const { time, events, call } = stage({ limit: 2, queue: 0 });
    const first = call('0');
    const second = call('1');
    call('2');
    await time.pass(0);
    first.finish();
    second.finish();
    await time.pass(0);
    call('3');
    await time.pass(0);
    expect(events.map(({ type }) => type)).toEqual([
      'permitted',
      'permitted',
      'rejected',
      'finished',
      'finished',
      'permitted',
    ]);
  });

  it('K11 serves a namespace with one call within two places, whoever else floods the line', async () => {
    const { time, said, call } = stage({ limit: 1, queue: 1_000 });
    const flood = Array.from({ length: 501 }, (_, n) => call(`a${n}`, { namespace: 'a' }));
    call('b', { namespace: 'b' });
    for (const one of flood.slice(0, 2)) {
      one.finish();
      await time.pass(0);
    }
    expect(said.filter((word) => word.startsWith('enter'))).toEqual(['entera0', 'entera1', 'enterb']);
  });

  it('K11 keeps room in the line for others where one namespace may not fill it', async () => {
    const { time, call } = stage({ limit: 1, queue: 4, queuePerNamespace: 2 });
    const flood = ['0', '1', '2', '3'].map((name) => call(name, { namespace: 'a' }));
    const other = call('4', { namespace: 'b' });
    await time.pass(0);
    expect(flood[3]?.watched.fate).toEqual(refused('full'));
    expect(other.watched.fate.state).toBe('pending');
  });

  it('K12 never lets more in than its limit, also when calls end, throw, leave and time out at once', async () => {
    const { time, bulkhead } = stage({ limit: 3, queue: 100, waitMs: 7 });
    let running = 0;
    let most = 0;
    const all = Array.from({ length: 100 }, (_, n) => {
      const leaver = new AbortController();
      const run = bulkhead.run(`n${n % 5}`, leaver.signal, async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => time.schedule(n % 4, resolve));
        running -= 1;
        if (n % 3 === 0) throw new Error('thrown');
      });
      if (n % 7 === 0) time.schedule(n % 10, () => leaver.abort());
      return run.catch(() => undefined);
    });
    await time.until(Promise.all(all));
    expect(most).toBe(3);
    expect(bulkhead.free).toEqual({ calls: 3, queue: 100 });
    expect(time.pending).toBe(0);
  });

  it('takes nobody in once it is closed, and tells those in line', async () => {
    const { time, bulkhead, call } = stage({ limit: 1, queue: 5 });
    call('0');
    const waiting = call('1');
    bulkhead.close();
    const late = call('2');
    await time.pass(0);
    expect([waiting.watched.fate, late.watched.fate]).toEqual([refused('closed'), refused('closed')]);
  });

  it.each<BulkheadConfig>([{ limit: -1 }, { limit: 1.5 }, { queue: Number.NaN }, { waitMs: -1 }])(
    'refuses a configuration that makes no sense: %j',
    (config) => {
      expect(() => stage(config)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    },
  );
});
