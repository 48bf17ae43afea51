/** The durable host on a real database: effects, timers, machine versions and machines that break. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import type { DurableKind, Effect } from '../../../../src/actors/durable/durable-kind.ts';
import type { FabricOptions } from '../../../../src/actors/durable/fabric.ts';
import { relayOutbox } from '../../../../src/store/store.ts';
import { createRecordingTracer, idOf } from '../../../support/recording-tracer.ts';
import { until } from '../../../support/until.ts';
import { turnedClock } from './clock.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';
import { closeMs, tally, tallyKind } from './tally.ts';

interface Row {
  readonly revision: number;
  readonly snapshot: { machine: { value: string; context: Record<string, unknown> } };
}

describe('a durable actor', () => {
  let stage: Stage;
  /** Every try of every effect, in order. */
  const tried: string[] = [];
  const share: Effect = async (params, { id }) => {
    tried.push(id);
    return Promise.resolve({ type: 'shared', key: (params as { key: string }).key });
  };

  beforeAll(async () => {
    stage = await openStage(inject('postgresUrl'));
  });
  afterAll(() => stage.close());

  const node = async (over: Partial<DurableKind> = {}, options: Partial<FabricOptions> = {}) =>
    stage.node({ kinds: [tallyKind(share, over)], timerEveryMs: 50, effectEveryMs: 50, ...options });
  const row = async (id: string): Promise<Row | undefined> =>
    (await stage.ask<Row>('select revision, snapshot from actors where id = $1', [id]))[0];
  const add = (id: string, amount: number) =>
    ({ from: 'command', id, verb: 'add', data: { amount } }) as const;

  it('has its effect done once after the commit, under the id of its revision, and hears of it once', async () => {
    const fabric = await node();
    const answer = await fabric.deliver(tally('u-effect'), add('a-1', 5));
    expect(answer).toEqual({ ok: true, revision: 1, duplicate: false, data: { total: 5 } });
    const isShared = async (): Promise<boolean> => {
      const shared = (await row('u-effect'))?.snapshot.machine.context['shared'];
      return Array.isArray(shared) && shared.length === 1;
    };
    await until('the effect is done', isShared);
    expect(tried.filter((id) => id.startsWith('acme/run/u-effect'))).toEqual(['acme/run/u-effect/1:1']);
    await until(
      'nothing is left in the outbox',
      async () =>
        (
          await stage.ask(
            `select 1 from outbox where id like 'acme/run/u-effect/%' and event->>'effect' is not null`,
          )
        ).length === 0,
    );
    expect(fabric.figures()).toMatchObject({ activations: 1, effects: { done: 1, failed: 0, buried: 0 } });
    // The command, and the effect's completion; its timer may have come as well by now.
    expect(fabric.figures().commits.get('run')).toBeGreaterThanOrEqual(2);
    await fabric.close();
  });

  it('has the trace of its command in what it tells, wants done and hears of that', async () => {
    const tracer = createRecordingTracer();
    const fabric = await node({}, { tracer });
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await fabric.deliver(tally('u-trace'), { ...add('tr-1', 5), traceparent: parent });
    const heard = await until('it heard that the effect is done', () =>
      tracer.spans.find(({ name, ended }) => name === 'commit run shared' && ended),
    );
    const asked = tracer.named('commit run add');
    const effect = tracer.named('effect run share');
    expect(asked).toMatchObject({
      parent: idOf(parent),
      facts: { 'drey.actor': 'run/u-trace', 'drey.from': 'command', 'drey.revision': 1 },
      ended: true,
      failure: undefined,
    });
    expect(effect).toMatchObject({ parent: idOf(asked.traceparent), ended: true, failure: undefined });
    expect(heard.parent).toBe(idOf(effect.traceparent));
    await until('it closed', async () => (await row('u-trace'))?.snapshot.machine.value === 'closed');
    const [told] = await stage.ask<{ event: { traceparent: string } }>(
      `select event from outbox where event->'actor'->>'id' = 'u-trace' and event->>'effect' is null`,
    );
    const timer = tracer.spans.find(
      ({ facts }) => facts['drey.from'] === 'timer' && facts['drey.actor'] === 'run/u-trace',
    );
    expect([timer?.parent, told?.event.traceparent]).toEqual([undefined, timer?.traceparent]);
    await expect(
      fabric.deliver(tally('u-trace'), { from: 'command', id: 'tr-2', verb: 'explode' }),
    ).rejects.toThrow('boom');
    expect(tracer.named('commit run explode')).toMatchObject({ ended: true, failure: 'unexpected' });
    await fabric.close();
  });

  it('never lets an effect go to the bus', async () => {
    const fabric = await node({ effects: { share: () => new Promise(() => {}) } }, { effectEveryMs: 60_000 });
    await fabric.deliver(tally('u-bus'), add('b-1', 1));
    const sent: string[] = [];
    await relayOutbox(stage.store, async (events) => void sent.push(...events.map(({ id }) => id)), {
      limit: 100,
    });
    expect(sent.filter((id) => id.startsWith('acme/run/u-bus'))).toEqual([]);
    expect(await stage.ask(`select 1 from outbox where id = 'acme/run/u-bus/1:1'`)).toHaveLength(1);
    await stage.ask(`delete from outbox where id like 'acme/run/u-bus/%'`);
  });

  it('tries a failing effect again with the same id, and puts it among the dead letters in the end', async () => {
    const clock = turnedClock(Date.now());
    const ids: string[] = [];
    const failing: Effect = async (_, { id }) => {
      ids.push(id);
      return Promise.reject(new Error('no use'));
    };
    const fabric = await stage.node({ kinds: [tallyKind(failing)], clock });
    await fabric.deliver(tally('u-dead'), add('d-1', 1));
    await until('it lies among the dead letters', async () => {
      clock.pass(31_000);
      return (await stage.ask(`select 1 from dead_letters where actor_id = 'u-dead'`)).length === 1;
    });
    expect(new Set(ids)).toEqual(new Set(['acme/run/u-dead/1:1']));
    expect(ids).toHaveLength(8);
    await until('it is counted', () => fabric.figures().effects.buried === 1);
    expect(fabric.figures().effects).toEqual({ done: 0, failed: 8, buried: 1 });
    const [letter] = await stage.ask<{ reason: string }>(
      `select reason from dead_letters where actor_id = 'u-dead'`,
    );
    expect(letter?.reason).toBe('effect "share" of acme/run/u-dead: no use');
    await fabric.close();
  });

  it('fires a timer once with two tickers, also one that was set by a node that is gone', async () => {
    const gone = await node({}, { timerEveryMs: 60_000 });
    await gone.deliver(tally('u-timer'), add('t-1', 1));
    const [timer] = await stage.ask<{ name: string }>(`select name from timers where id = 'u-timer'`);
    expect(timer?.name).toBe(`xstate.after.${closeMs}.tally.open`);
    await gone.close();
    const [one, other] = [await node(), await node()];
    await until('it closed', async () => (await row('u-timer'))?.snapshot.machine.value === 'closed');
    expect((await row('u-timer'))?.snapshot.machine.context).toMatchObject({ closings: 1 });
    expect(await stage.ask(`select 1 from timers where id = 'u-timer'`)).toHaveLength(0);
    const told = await stage.ask<{ event: { type: string; data: object } }>(
      `select event from outbox where event->'actor'->>'id' = 'u-timer' and event->>'effect' is null`,
    );
    expect(told.map(({ event }) => event)).toMatchObject([
      { type: 'run.finished', data: { from: 'open', to: 'closed', outcome: 'success' } },
    ]);
    await Promise.all([one.close(), other.close()]);
  });

  it('takes no harm from a stale timer, and from one that nobody set', async () => {
    // No time passes, so that its real timer cannot fire meanwhile.
    const fabric = await node({}, { clock: turnedClock(Date.now()) });
    await fabric.deliver(tally('u-stale'), add('s-1', 1));
    await until('its effect is done', async () => String((await row('u-stale'))?.revision) === '2');
    const before = await row('u-stale');
    const name = `xstate.after.${closeMs}.tally.open`;
    for (const [id, dueAt] of [
      ['stale', '2026-01-01T00:00:00.000Z'],
      ['forged', '2099-01-01T00:00:00.000Z'],
    ] as const) {
      await fabric.deliver(tally('u-stale'), { from: 'timer', id, name, dueAt });
    }
    expect((await row('u-stale'))?.revision).toBe(before?.revision);
    await expect(
      fabric.deliver(tally('u-stale'), { from: 'effect', id: 'x', event: { type: name } }),
    ).rejects.toMatchObject({ code: 'transition_refused' });
    await fabric.close();
  });

  it('sleeps a long delay in pieces, and never asks for a timer that Node would fire at once', async () => {
    const clock = turnedClock(Date.now());
    const fabric = await stage.node({ kinds: [tallyKind(share)], clock, idleMs: 1_000 });
    await stage.ask(
      `insert into actors (namespace, kind, id, revision, snapshot, machine_version) values ('acme', 'run', 'u-long', 1, '{}', '1')`,
    );
    await stage.ask(
      `insert into timers (namespace, kind, id, name, due_at, event) values ('acme', 'run', 'u-long', 'n', now() + interval '60 days', '{}')`,
    );
    clock.pass(1_000);
    await fabric.close();
    expect(Math.max(...clock.asked)).toBeLessThanOrEqual(1_000);
    await stage.ask(`delete from actors where id = 'u-long'`);
  });

  it('of an older machine is migrated by the given function, or refused loudly and left as it was', async () => {
    const old = await node();
    await old.deliver(tally('u-old'), add('o-1', 3));
    await old.close();
    const before = await row('u-old');
    const strict = await node({ version: 2 }, { timerEveryMs: 60_000 });
    await expect(strict.deliver(tally('u-old'), add('o-2', 1))).rejects.toMatchObject({
      code: 'migration_failed',
      message: expect.stringContaining('written by version 1 of its machine; this node runs 2'),
    });
    expect((await row('u-old'))?.revision).toBe(before?.revision);
    await strict.close();
    const able = await node(
      {
        version: 2,
        migrate: (kept, from) => ({
          ...kept,
          context: { ...kept.context, total: Number(kept.context['total']) * 100 * from },
        }),
      },
      { timerEveryMs: 60_000 },
    );
    expect(await able.deliver(tally('u-old'), add('o-3', 1))).toMatchObject({ data: { total: 301 } });
    expect(await stage.ask(`select machine_version from actors where id = 'u-old'`)).toEqual([
      { machine_version: '2' },
    ]);
    await able.close();
    const older = await node({}, { timerEveryMs: 60_000 });
    await expect(older.deliver(tally('u-old'), add('o-4', 1))).rejects.toMatchObject({
      code: 'migration_failed',
    });
    await older.close();
  });

  it('whose row names a state that does not exist, or holds anything else, is refused', async () => {
    const fabric = await node({}, { timerEveryMs: 60_000 });
    const rows = { 'u-state': { machine: { value: 'nowhere', context: {} }, timers: [] }, 'u-junk': [1, 2] };
    for (const [id, snapshot] of Object.entries(rows)) {
      await stage.ask(
        `insert into actors (namespace, kind, id, revision, snapshot, machine_version) values ('acme', 'run', $1, 1, $2, '1')`,
        [id, JSON.stringify(snapshot)],
      );
      await expect(fabric.deliver(tally(id), add(`${id}-1`, 1))).rejects.toMatchObject({
        code: 'migration_failed',
      });
    }
    await fabric.close();
  });

  it('whose machine throws has not changed, and takes the next message', async () => {
    const fabric = await node({}, { timerEveryMs: 60_000 });
    await fabric.deliver(tally('u-throw'), add('x-1', 1));
    await expect(
      fabric.deliver(tally('u-throw'), { from: 'command', id: 'x-2', verb: 'explode' }),
    ).rejects.toThrow('boom');
    expect(await fabric.deliver(tally('u-throw'), add('x-3', 1))).toMatchObject({ data: { total: 2 } });
    await fabric.close();
  });

  it('with an action that nobody has hands for is refused before anything is written', async () => {
    const fabric = await node({ actions: {} }, { timerEveryMs: 60_000 });
    await expect(fabric.deliver(tally('u-hands'), add('h-1', 1))).rejects.toMatchObject({
      code: 'unexpected',
      message: expect.stringContaining('an action "share"'),
    });
    expect(await row('u-hands')).toBeUndefined();
    await fabric.close();
  });

  it('survives that every connection breaks while it is written: each command counts once', async () => {
    const fabric = await node({}, { timerEveryMs: 60_000, effectEveryMs: 60_000 });
    await fabric.deliver(tally('u-broken'), add('c-0', 1));
    const killing = new AbortController();
    const killer = (async () => {
      while (!killing.signal.aborted) {
        await stage.killBackends();
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const told = new Map<string, boolean>();
    for (let n = 1; n <= 15; n += 1) {
      const command = add(`c-${n}`, 1);
      const answer = await fabric.deliver(tally('u-broken'), command).catch(() => undefined);
      told.set(command.id, answer?.ok === true);
    }
    killing.abort();
    await killer;
    for (let n = 1; n <= 15; n += 1) {
      const answer = await until('the database answers', async () =>
        fabric.deliver(tally('u-broken'), add(`c-${n}`, 1)),
      );
      if (told.get(`c-${n}`) === true) expect(answer).toMatchObject({ duplicate: true });
    }
    expect((await row('u-broken'))?.snapshot.machine.context).toMatchObject({ total: 16 });
    await fabric.close();
  });
});
