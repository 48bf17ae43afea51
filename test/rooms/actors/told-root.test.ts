/** A told root: each lifecycle edge with what the machine consumed, so that the told edges alone replay it exactly. */
import { createActor } from 'xstate';
import { describe, expect, it } from 'vitest';
import { resourceDefaults, resourceEdges, resourceMachine } from '../../../machines/resource.machine.ts';
import { sessionEdges, sessionMachine } from '../../../machines/session.machine.ts';
import { createToldRoot, toTimerSource } from '../../../src/actors/actors.ts';
import type { ToldEdge } from '../../../src/actors/actors.ts';
import { createWorld } from './world.ts';

const settings = { callsMax: 2, idleMs: 1_000, drainMs: 500 };

function openSession(onEdge?: (edge: ToldEdge) => void) {
  const world = createWorld();
  const told: ToldEdge[] = [];
  const errors: unknown[] = [];
  const actor = createToldRoot(sessionMachine, {
    edges: sessionEdges,
    onEdge: (edge) => {
      told.push(edge);
      onEdge?.(edge);
    },
    input: { sessionId: 's-1', settings },
    clock: toTimerSource(world.clock),
    onError: (error) => void errors.push(error),
    log: world.log,
  });
  return { ...world, actor, told, errors };
}

describe('a told root', () => {
  it('tells each edge with the event that caused it, with everything it carried', () => {
    const { actor, told } = openSession();
    actor.send({ type: 'opened', at: 5 });
    actor.send({ type: 'task.start', taskId: 't-1', at: 6 });
    actor.send({ type: 'close', reason: 'over', at: 7 });
    expect(told).toMatchObject([
      { type: 'session.opened', from: 'opening', to: 'ready', cause: { type: 'opened', at: 5 } },
      {
        type: 'session.closed',
        from: 'ready',
        to: 'closed',
        cause: { type: 'close', reason: 'over', at: 7 },
      },
    ]);
  });

  it('tells timers as causes, and they lead a fresh machine the same way', async () => {
    const { actor, told, clock } = openSession();
    actor.send({ type: 'opened', at: 0 });
    await clock.advance(1_000);
    actor.send({ type: 'resume', at: 1_500 });
    actor.send({ type: 'drain', at: 1_600 });
    await clock.advance(0);
    expect(told.map(({ to }) => to)).toEqual(['ready', 'expired', 'ready', 'draining', 'closed']);
    expect(told[1]?.cause.type).toMatch(/^xstate\.after\./);
    const again = createActor(sessionMachine, { input: { sessionId: 's-1', settings } }).start();
    for (const { cause } of told) again.send(cause as never);
    expect(again.getSnapshot().value).toEqual(actor.getSnapshot().value);
    expect(again.getSnapshot().context).toEqual(actor.getSnapshot().context);
    again.stop();
  });

  it('does not tell the same value twice, nor what stays inside a state', () => {
    const { actor, told } = openSession();
    actor.send({ type: 'opened', at: 0 });
    actor.send({ type: 'call.started', callId: 'k-1', at: 1 });
    actor.send({ type: 'call.ended', callId: 'k-1', outcome: 'finished', at: 2 });
    expect(told).toHaveLength(1);
  });

  it('lives on when whoever is told throws', () => {
    const { actor, told, errors, sentences } = openSession(() => {
      throw new Error('a confused listener');
    });
    actor.send({ type: 'opened', at: 0 });
    actor.send({ type: 'close', at: 1 });
    expect(told.map(({ to }) => to)).toEqual(['ready', 'closed']);
    expect(errors).toEqual([]);
    expect(sentences).toHaveLength(2);
  });

  it('gives the context in which the cause was consumed', () => {
    const { clock, log } = createWorld();
    const seen: [number, number][] = [];
    const actor = createToldRoot(resourceMachine, {
      edges: resourceEdges,
      onEdge: (_edge, now, before) => void seen.push([before.failures, now.failures]),
      input: { resourceId: 'r-1', settings: resourceDefaults },
      clock: toTimerSource(clock),
      onError: () => undefined,
      log,
    });
    const error = { code: 'unexpected', kind: 'unexpected', message: 'no', retry: 'never' } as const;
    actor.send({ type: 'start', at: 0 });
    actor.send({ type: 'init.done', at: 1 });
    actor.send({ type: 'check.failed', error, at: 2 });
    actor.send({ type: 'check.failed', error, at: 3 });
    expect(seen).toEqual([
      [0, 0],
      [0, 1],
      [1, 2],
    ]);
    actor.stop();
  });
});
