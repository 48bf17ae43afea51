/** The directory: one place an address, activated by the first message and given up by the one that needs it least. */
import { describe, expect, it } from 'vitest';

import { sessionEdges, sessionMachine } from '../../../../machines/session.machine.ts';
import type { Address } from '../../../../machines/words/ids.ts';
import { toTimerSource } from '../../../../src/actors/actors.ts';
import { openDirectory } from '../../../../src/actors/directory.ts';
import type { Resident } from '../../../../src/actors/directory.ts';
import { kinds } from '../../../../src/actors/kinds.ts';
import { openLive } from '../../../../src/actors/live.ts';
import type { LiveResident } from '../../../../src/actors/live.ts';
import { openMailbox } from '../../../../src/actors/durable/mailbox.ts';
import { machines } from '../../../../machines/machines.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { turnedClock } from './clock.ts';

const session = (id: string): Address => ({ namespace: 'acme', kind: 'session', id });

interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

function gate(): Gate {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open: () => open() };
}

function openHouse(
  options: { residentsMax?: number; idleMs?: number; openWaits?: Gate; leaveWaits?: Gate } = {},
) {
  const { openWaits, leaveWaits, ...tuning } = options;
  const clock = turnedClock();
  const said: string[] = [];
  const busy = new Set<string>();
  const directory = openDirectory<string, string, Resident<string, string>>({
    clock,
    log: quietLog,
    ...tuning,
    open: async ({ id }) => {
      said.push(`open ${id}`);
      await openWaits?.passed;
      if (id === 's-broken') throw new Error('cannot be opened');
      return {
        get isBusy() {
          return busy.has(id);
        },
        deliver: (message) => `${id} heard ${message}`,
        async leave() {
          said.push(`leave ${id}`);
          await leaveWaits?.passed;
          said.push(`left ${id}`);
        },
      };
    },
  });
  return { directory, clock, said, busy };
}

describe('the directory', () => {
  it('activates an actor once, however many first messages arrive at the same time', async () => {
    const wait = gate();
    const { directory, said } = openHouse({ openWaits: wait });
    const answers = Promise.all(['a', 'b', 'c'].map(async (text) => directory.deliver(session('s-1'), text)));
    wait.open();
    expect(await answers).toEqual(['s-1 heard a', 's-1 heard b', 's-1 heard c']);
    expect(said).toEqual(['open s-1']);
    expect(directory.addresses()).toEqual(['acme/session/s-1']);
  });

  it('hands on in the order of arrival, also to an actor that is just being activated or leaving', async () => {
    const wait = gate();
    const heard: string[] = [];
    const directory = openDirectory<string, string, Resident<string, string>>({
      clock: turnedClock(),
      log: quietLog,
      open: async () => {
        await wait.passed;
        return {
          isBusy: false,
          deliver: (message) => {
            heard.push(message);
            return message;
          },
          leave: async () => Promise.resolve(),
        };
      },
    });
    const texts = Array.from({ length: 20 }, (_, n) => `m${n}`);
    const all = Promise.all(
      texts.map(async (text, n) => {
        if (n === 10) void directory.passivate(session('s-1'));
        if (n === 15) wait.open();
        return directory.deliver(session('s-1'), text);
      }),
    );
    expect(await all).toEqual(texts);
    expect(heard).toEqual(texts);
  });

  it('gives up who was used longest ago when all places are taken, but nobody who is busy', async () => {
    const { directory, said, busy } = openHouse({ residentsMax: 3 });
    for (const id of ['s-1', 's-2', 's-3', 's-1']) await directory.deliver(session(id), 'hello');
    await directory.deliver(session('s-4'), 'hello');
    expect(said.filter((line) => line.startsWith('leave'))).toEqual(['leave s-2']);
    for (const id of ['s-3', 's-1', 's-4']) busy.add(id);
    await expect(directory.deliver(session('s-5'), 'hello')).rejects.toMatchObject({ code: 'limit_reached' });
    busy.delete('s-4');
    expect(await directory.deliver(session('s-5'), 'hello')).toBe('s-5 heard hello');
    expect(directory.figures()).toEqual({ residents: 3, activations: 5, passivations: 2 });
  });

  it('puts to rest who was not used for a while, and nobody else', async () => {
    const { directory, clock, said } = openHouse({ idleMs: 1_000 });
    await directory.deliver(session('s-1'), 'hello');
    clock.pass(800);
    await directory.deliver(session('s-2'), 'hello');
    clock.pass(500);
    expect(said).toContain('leave s-1');
    expect(said).not.toContain('leave s-2');
    clock.pass(2_000);
    expect(said).toContain('leave s-2');
  });

  it('lets a message wait until the one before it has left: there are never two', async () => {
    const wait = gate();
    const { directory, said } = openHouse({ leaveWaits: wait });
    await directory.deliver(session('s-1'), 'hello');
    const leaving = directory.passivate(session('s-1'));
    const answer = directory.deliver(session('s-1'), 'again');
    wait.open();
    expect(await answer).toBe('s-1 heard again');
    await leaving;
    expect(said).toEqual(['open s-1', 'leave s-1', 'left s-1', 'open s-1']);
  });

  it('tries anew after an actor could not be opened', async () => {
    const { directory, said } = openHouse();
    for (const _ of [1, 2]) {
      await expect(directory.deliver(session('s-broken'), 'hello')).rejects.toThrow('cannot be opened');
    }
    expect(said).toEqual(['open s-broken', 'open s-broken']);
    expect(directory.figures().residents).toBe(0);
  });

  it('lets everybody leave when it closes, and takes nobody in any more', async () => {
    const { directory, said } = openHouse();
    await directory.deliver(session('s-1'), 'hello');
    await directory.close();
    expect(said).toContain('left s-1');
    await expect(directory.deliver(session('s-2'), 'hello')).rejects.toMatchObject({ code: 'node_draining' });
  });
});

describe('a live actor in the directory', () => {
  const open = () => {
    const clock = turnedClock();
    const kept: unknown[] = [];
    const told: string[] = [];
    const directory = openDirectory<Parameters<LiveResident['deliver']>[0], void, LiveResident>({
      clock,
      log: quietLog,
      open: ({ id }, ended) =>
        openLive({
          machine: sessionMachine,
          edges: sessionEdges,
          input: { sessionId: id, settings: { callsMax: 4, idleMs: 60_000, drainMs: 1_000 } },
          clock: toTimerSource(clock),
          log: quietLog,
          onEdge: ({ type }) => told.push(type),
          ended,
          keep: async (snapshot) => void kept.push(snapshot),
        }),
    });
    return { directory, kept, told };
  };

  it('takes its events, refuses what only its runtime may send, and keeps its snapshot when it rests', async () => {
    const { directory, kept, told } = open();
    await directory.deliver(session('s-1'), { type: 'opened' });
    expect(told).toEqual(['session.opened']);
    for (const type of ['xstate.stop', 'xstate.after.1.session', '*']) {
      await expect(directory.deliver(session('s-1'), { type })).rejects.toMatchObject({
        code: 'transition_refused',
      });
    }
    await directory.passivate(session('s-1'));
    expect(kept).toMatchObject([{ value: { ready: 'idle' } }]);
  });
});

describe('the list of kinds', () => {
  it('has every machine once, and hands only where steps are committed', () => {
    expect(kinds.map(({ kind }) => kind).sort()).toEqual(Object.keys(machines).sort());
    for (const { kind, durable, hands, machine, version } of kinds) {
      if (hands === null) continue;
      expect(durable).toBe(true);
      expect(hands).toMatchObject({ kind, version });
      expect(hands.machine).toBe(machine);
      const actions = Object.keys(machine.implementations.actions);
      for (const name of Object.keys(hands.actions)) expect(actions).toContain(name);
    }
  });
});

describe('a mailbox', () => {
  it('lets one in after the other, goes on after a failure, and refuses one too many', async () => {
    const wait = gate();
    const mailbox = openMailbox('acme/run/u-1', 2);
    const said: string[] = [];
    const first = mailbox.take(async () => {
      await wait.passed;
      throw new Error('the first failed');
    });
    const second = mailbox.take(async () => void said.push('second'));
    await expect(mailbox.take(() => Promise.resolve())).rejects.toMatchObject({ code: 'limit_reached' });
    expect(said).toEqual([]);
    wait.open();
    await expect(first).rejects.toThrow('the first failed');
    await second;
    expect(said).toEqual(['second']);
    expect(mailbox.waiting).toBe(0);
  });
});
