/** Resource lifecycle cases L1 to L20: the order of coming up, the order of going down, and the truth in between. */
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { stopOnExit } from '../../../../src/actors/stop-on-exit.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { repository } from '../../../support/programs.ts';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { defer, watch } from '../guards/simulated-time.ts';
import { openGroup } from './group-stage.ts';
import type { GroupStage, Part } from './group-stage.ts';

const names = ['a', 'b', 'c', 'd', 'e'];

/** Five, each of which needs the one before. */
function chain(stage: GroupStage, options: Record<string, Parameters<GroupStage['add']>[1]> = {}) {
  return names.map((name, n) =>
    stage.add(name, { after: names.slice(Math.max(0, n - 1), n), ...options[name] }),
  );
}

async function started(stage: GroupStage) {
  const ended = watch(stage.group.start());
  await stage.time.pass(0);
  return ended;
}

const failing = (why: string) => (): Promise<never> => Promise.reject(new Error(why));

describe('a group of resources', () => {
  it('L1 starts each after what it needs, and what does not need each other at the same time', async () => {
    const stage = openGroup();
    const slow = defer<Part>();
    stage.add('top', { after: ['left', 'right'] });
    stage.add('left', { after: ['bottom'], start: () => slow.promise });
    stage.add('right', { after: ['bottom'] });
    stage.add('bottom');
    const ended = await started(stage);
    expect(stage.said).toEqual(['+bottom', 'bottom', '+left', '+right', 'right']);
    slow.resolve({ name: 'left', breaks() {} });
    await stage.time.pass(0);
    expect(stage.said.slice(5)).toEqual(['left', '+top', 'top']);
    expect(ended.fate.state).toBe('kept');
  });

  it('L2 takes them down in exactly the reverse order of coming up', async () => {
    const stage = openGroup();
    const slow = defer<Part>();
    stage.add('a', { start: () => slow.promise });
    stage.add('b');
    stage.add('c', { after: ['a'] });
    await started(stage);
    slow.resolve({ name: 'a', breaks() {} });
    await stage.time.pass(0);
    stage.said.length = 0;
    expect(await stage.time.until(stage.group.stop())).toEqual([]);
    expect(stage.said).toEqual(['-c', '-a', '-b']);
  });

  it('L3 begins nothing after a failure, and takes down what is up', async () => {
    const stage = openGroup();
    let abandoned = 0;
    chain(stage, { c: { start: failing('no disk'), abandon: () => void (abandoned += 1) } });
    const ended = await started(stage);
    expect(stage.said).toEqual(['+a', 'a', '+b', 'b', '+c', '-b', '-a']);
    expect(abandoned).toBe(1);
    expect(ended.fate).toMatchObject({
      state: 'broken',
      error: {
        code: 'resource_unavailable',
        message: 'The resource "c" did not start: no disk',
        details: { resource: 'c' },
        cause: { message: 'no disk' },
      },
    });
    await stage.time.pass(60_000);
    expect(stage.said).toHaveLength(7);
    expect(stage.time.pending).toBe(0);
  });

  it('L4 goes on when one cannot be taken down, and gathers every error', async () => {
    const stage = openGroup();
    chain(stage, { b: { stop: failing('stuck') }, d: { stop: failing('busy') } });
    await started(stage);
    stage.said.length = 0;
    const faults = await stage.time.until(stage.group.stop());
    expect(stage.said).toEqual(['-e', '-d', '-c', '-b', '-a']);
    expect(faults.map(({ name, error }) => [name, error.message])).toEqual([
      ['d', 'busy'],
      ['b', 'stuck'],
    ]);
  });

  it('L5 runs nothing when the deadline is over before it began', async () => {
    const stage = openGroup();
    chain(stage);
    await stage.time.pass(100);
    await expect(stage.group.start({ deadlineAt: 100 })).rejects.toMatchObject({ code: 'call_timeout' });
    expect(stage.said).toEqual([]);
  });

  it('L5 begins nothing more when the deadline passes, and takes down what is up', async () => {
    const stage = openGroup();
    const slow = defer<Part>();
    chain(stage, { b: { start: () => slow.promise } });
    const ended = watch(stage.group.start({ deadlineAt: 50 }));
    await stage.time.pass(50);
    slow.resolve({ name: 'b', breaks() {} });
    await stage.time.pass(10_000);
    expect(ended.fate).toMatchObject({ state: 'broken', error: { code: 'call_timeout' } });
    expect(stage.said).toEqual(['+a', 'a', '+b', 'b', '-b', '-a']);
    expect(stage.time.pending).toBe(0);
  });

  it('L6 takes a start that lasts too long for a failure, and takes down what it brings later', async () => {
    const stage = openGroup();
    const slow = defer<Part>();
    stage.add('a', { start: () => slow.promise, settings: { initMs: 100, cleanMs: 50 } });
    const ended = await started(stage);
    await stage.time.pass(200);
    expect(ended.fate).toMatchObject({
      error: { code: 'resource_unavailable', message: /did not start within 100 ms/ },
    });
    expect(stage.said).toEqual(['+a']);
    slow.resolve({ name: 'a', breaks() {} });
    await stage.time.pass(0);
    expect(stage.said).toEqual(['+a', 'a', '-a']);
  });

  it('L7 does nothing when it is stopped without having been started', async () => {
    const stage = openGroup();
    chain(stage);
    expect(await stage.group.stop()).toEqual([]);
    expect(stage.said).toEqual([]);
    expect((await started(stage)).fate.state).toBe('kept');
  });

  it('L8 refuses a second start, which changes nothing', async () => {
    const stage = openGroup();
    chain(stage);
    await started(stage);
    const before = [...stage.said];
    await expect(stage.group.start()).rejects.toMatchObject({ code: 'transition_refused' });
    expect(stage.said).toEqual(before);
  });

  it('L9 takes down once, however often it is stopped, and everybody hears when it is done', async () => {
    const stage = openGroup();
    const slow = defer();
    stage.add('a', { stop: () => slow.promise });
    await started(stage);
    const both = [watch(stage.group.stop()), watch(stage.group.stop())];
    await stage.time.pass(10);
    expect(both.map(({ fate }) => fate.state)).toEqual(['pending', 'pending']);
    slow.resolve();
    await stage.time.pass(0);
    expect(both.map(({ fate }) => fate.state)).toEqual(['kept', 'kept']);
    expect(stage.said.filter((word) => word === '-a')).toHaveLength(1);
  });

  it('L10 waits for the start on its way when it is stopped meanwhile, and begins no other', async () => {
    const stage = openGroup();
    const slow = defer<Part>();
    chain(stage, { b: { start: () => slow.promise } });
    const starting = await started(stage);
    const stopping = watch(stage.group.stop());
    await stage.time.pass(1_000);
    expect(stopping.fate.state).toBe('pending');
    slow.resolve({ name: 'b', breaks() {} });
    await stage.time.pass(0);
    expect(stage.said).toEqual(['+a', 'a', '+b', 'b', '-b', '-a']);
    expect(stopping.fate.state).toBe('kept');
    expect(starting.fate).toMatchObject({
      error: { code: 'resource_unavailable', message: /stopped while/ },
    });
  });

  it('L11 waits for no clean-up longer than its bound, and goes on', async () => {
    const stage = openGroup();
    const hang = { stop: () => new Promise<void>(() => undefined), settings: { cleanMs: 200 } };
    chain(stage, { b: hang, d: hang });
    await started(stage);
    stage.said.length = 0;
    const stopping = watch(stage.group.stop());
    await stage.time.pass(399);
    expect(stopping.fate.state).toBe('pending');
    await stage.time.pass(1);
    expect(stopping.fate).toMatchObject({
      value: [
        { name: 'd', error: { code: 'call_timeout' } },
        { name: 'b', error: { code: 'call_timeout' } },
      ],
    });
    expect(stage.said).toEqual(['-e', '-d', '-c', '-b', '-a']);
    expect(stage.time.pending).toBe(0);
  });

  it.each([
    ['SIGTERM', undefined, 0],
    ['uncaughtException', new Error('a bug'), 70],
    ['unhandledRejection', new Error('a bug'), 70],
  ] as const)('L12 takes down before the process goes because of %s', async (reason, cause, code) => {
    const stage = openGroup();
    chain(stage);
    await started(stage);
    const source = new EventEmitter();
    const exits: number[] = [];
    const stopListening = stopOnExit({
      stop: () => stage.group.stop(),
      source,
      exit: (with_) => exits.push(with_),
      log: quietLog,
    });
    source.emit(reason, cause);
    source.emit('SIGTERM');
    await stage.time.pass(0);
    expect(stage.said.slice(-5)).toEqual(['-e', '-d', '-c', '-b', '-a']);
    expect(exits).toEqual([code]);
    stopListening();
    expect(source.eventNames()).toEqual([]);
  });

  it.each([
    ['SIGTERM', 'SIGTERM', 0, true],
    ['an error that nobody caught', 'throw', 70, true],
    ['kill -9, which leaves nothing to take down', 'SIGKILL', null, false],
  ] as const)('L12 in a real process ends cleanly after %s', async (_, what, code, isClean) => {
    const program = join(repository, 'dist/test/rooms/actors/pool/group-program.js');
    const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'ignore'] });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString('utf8');
      if (!printed.endsWith('up\n')) return;
      if (what === 'throw') child.stdin.write('throw\n');
      else child.kill(what);
    });
    const exit = await new Promise<number | null>((resolve) => child.once('close', resolve));
    expect(exit).toBe(code);
    expect(printed.includes('-b\n-a\n')).toBe(isClean);
  });

  it('L13 is ready when all that is required is up, and names what is not as it should be', async () => {
    const stage = openGroup();
    const database = stage.add('database');
    stage.add('learning', {
      isOptional: true,
      start: failing('no model'),
      settings: { restMs: 60_000, restMsMax: 60_000 },
    });
    stage.add('bus', { isOptional: true });
    expect(stage.group.readiness()).toMatchObject({ ready: false });
    const ended = await started(stage);
    expect(ended.fate.state).toBe('kept');
    expect(stage.group.readiness()).toEqual({ ready: true, degraded: ['learning'] });
    database.get().breaks(new Error('gone'));
    expect(stage.group.readiness()).toEqual({ ready: false, degraded: ['database', 'learning'] });
  });

  it('L14 takes a look that hangs for a failed one after a second, and begins no second one beside it', async () => {
    const stage = openGroup();
    const looks: { resolve: () => void }[] = [];
    const part = stage.add('a', {
      check: () => {
        const look = defer();
        looks.push({ resolve: () => look.resolve() });
        return look.promise;
      },
      checkEveryMs: 5_000,
      settings: { downAfter: 3 },
    });
    await started(stage);
    await stage.time.pass(5_999);
    expect(stage.group.views()[0]?.state).toBe('healthy');
    await stage.time.pass(1);
    expect(stage.group.views()[0]?.state).toBe('degraded');
    await stage.time.pass(5_000);
    expect(looks).toHaveLength(1);
    expect(part.get().name).toBe('a');
    looks[0]?.resolve();
    await stage.time.pass(5_000);
    expect(looks.length).toBeGreaterThan(1);
  });

  it('L15 goes down after two failed looks and comes back after two good ones', async () => {
    const stage = openGroup();
    let isGood = true;
    stage.add('a', {
      checkEveryMs: 100,
      check: () => (isGood ? Promise.resolve() : Promise.reject(new Error('no'))),
      settings: { restMs: 50 },
    });
    await started(stage);
    const seen: string[] = [];
    for (const good of [false, true, true, false, true, false, false]) {
      isGood = good;
      await stage.time.pass(100);
      seen.push(stage.group.views()[0]?.state ?? '');
    }
    expect(seen).toEqual([
      'degraded',
      'degraded',
      'healthy',
      'degraded',
      'degraded',
      'degraded',
      'unhealthy',
    ]);
  });

  it('L16 refuses a circle when it is closed, and names its path', () => {
    const stage = openGroup();
    stage.add('a', { after: ['b'] });
    stage.add('b', { after: ['c'] });
    expect(() => stage.add('c', { after: ['x', 'a'] })).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining('c → a → b → c') }),
    );
    expect(() => stage.add('d', { after: ['d'] })).toThrow(/d → d/);
    stage.add('c');
  });

  it('L16 refuses to start when something is needed that nobody registered', async () => {
    const stage = openGroup();
    stage.add('a', { after: ['ghost'] });
    await expect(stage.group.start()).rejects.toMatchObject({
      code: 'config_invalid',
      message: /"a" needs "ghost"/,
    });
    expect(stage.said).toEqual([]);
  });

  it('L17 refuses a name that is taken, so that there are never two', async () => {
    const stage = openGroup();
    stage.add('a');
    expect(() => stage.add('a')).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    await started(stage);
    expect(() => stage.add('b')).toThrow(expect.objectContaining({ code: 'transition_refused' }));
    expect(stage.said).toEqual(['+a', 'a']);
  });

  it('L18 restarts three times in five seconds, then leaves it alone and says so', async () => {
    const stage = openGroup();
    const part = stage.add('a', { isOptional: true, settings: { restMs: 10, restMsMax: 10 } });
    await started(stage);
    for (let fall = 0; fall < 4; fall += 1) {
      part.get().breaks(new Error('gone'));
      await stage.time.pass(20);
    }
    expect(stage.said.filter((word) => word === '+a')).toHaveLength(4);
    expect(stage.said.at(-1)).toBe('!a');
    expect(stage.events.at(-1)).toBe('resource.failed');
    await stage.time.pass(60_000);
    expect(stage.said.filter((word) => word === '+a')).toHaveLength(4);
    expect(stage.group.readiness()).toEqual({ ready: true, degraded: ['a'] });
  });

  it('L19 gives nothing out that is being taken down; what it needs is still there', async () => {
    const stage = openGroup();
    const slow = defer();
    const a = stage.add('a');
    const b = stage.add('b', { after: ['a'], stop: () => slow.promise });
    await started(stage);
    void stage.group.stop();
    await stage.time.pass(0);
    expect(() => b.get()).toThrow(expect.objectContaining({ code: 'resource_unavailable' }));
    expect(a.get().name).toBe('a');
    slow.resolve();
    await stage.time.pass(0);
    expect(() => a.get()).toThrow(expect.objectContaining({ code: 'resource_unavailable' }));
  });

  it('L20 shows who needs what is down as degraded, and hands out nothing stale', async () => {
    const stage = openGroup();
    const [a, , c] = chain(stage, { a: { settings: { restMs: 100 } } });
    await started(stage);
    const stale = a?.get();
    stale?.breaks(new Error('gone'));
    expect(() => a?.get()).toThrow(/is unhealthy/);
    expect(c?.get().name).toBe('c');
    expect(stage.group.views()[2]).toEqual({ name: 'c', state: 'degraded', lacks: ['a'] });
    await stage.time.pass(200);
    expect(a?.get()).not.toBe(stale);
    expect(stage.group.views()[2]).toEqual({ name: 'c', state: 'healthy', lacks: [] });
  });

  it('takes an optional one that came up late down in its turn', async () => {
    const stage = openGroup();
    let tries = 0;
    stage.add('late', {
      isOptional: true,
      start: (broke) =>
        (tries += 1) === 1
          ? Promise.reject(new Error('not yet'))
          : Promise.resolve({ name: 'late', breaks: broke }),
    });
    stage.add('a');
    await started(stage);
    await stage.time.pass(1_000);
    stage.said.length = 0;
    await stage.time.until(stage.group.stop());
    expect(stage.said).toEqual(['-late', '-a']);
  });
});
