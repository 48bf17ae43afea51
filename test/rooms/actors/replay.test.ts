/** Replay: recorded edges lead through the machine to the same states; what does not fit is told and never hidden. */
import { describe, expect, it } from 'vitest';
import { SimulatedClock } from 'xstate';
import type { EventObject } from 'xstate';
import * as fc from 'fast-check';
import { toLifecycle } from '../../../machines/edges.ts';
import { machines } from '../../../machines/machines.ts';
import { toResourceCause } from '../../../machines/resource.machine.ts';
import type { ResourceContext, ResourceEvent } from '../../../machines/resource.machine.ts';
import { createToldRoot, replayEvents } from '../../../src/actors/actors.ts';
import type { RecordedEvent } from '../../../src/actors/actors.ts';
import { samples } from '../../machines/samples.ts';
import type { Sample, Told } from '../../machines/samples.ts';
import { quietLog } from '../../support/quiet-log.ts';

/** Plays a life as hands do and records its edges as their events carry them. */
function live({ kind, machine, input }: Sample, told: readonly Told[]) {
  const events: RecordedEvent[] = [];
  const actor = createToldRoot(machine, {
    edges: machines[kind].edges,
    onEdge: ({ type, cause, ...edge }, _now, before) => {
      const consumed: EventObject =
        kind === 'resource' && !cause.type.startsWith('xstate.')
          ? toResourceCause(before as ResourceContext, cause as unknown as ResourceEvent)
          : cause;
      events.push({
        id: `v-${events.length}`,
        type,
        at: '2026-01-01T00:00:00.000Z',
        sequence: events.length + 1,
        // As it comes off the bus.
        data: JSON.parse(JSON.stringify({ ...edge, cause: consumed })) as Record<string, unknown>,
      });
    },
    input: input as never,
    clock: new SimulatedClock(),
    onError: () => undefined,
    log: quietLog,
  });
  for (const event of told) actor.send(event);
  const states = toLifecycle(actor.getSnapshot().value as string);
  actor.stop();
  return { events, states };
}

const told = samples.filter(({ kind }) => !['supervisor', 'context', 'sop', 'run'].includes(kind));

describe.each(told)('a $kind', (sample) => {
  it('replays from its events alone to every state it told of', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...sample.events), { maxLength: 40 }), (steps) => {
        const { events } = live(sample, steps);
        const replay = replayEvents(sample.kind, events);
        expect(replay.differences).toEqual([]);
        expect(replay.transitions.map(({ from, to }) => [from, to])).toEqual(
          events.map(({ data }) => [data['from'], data['to']]),
        );
        const last = events.at(-1);
        if (last !== undefined) expect(replay.states).toContain(last.data['to']);
      }),
      { numRuns: 60 },
    );
  });
});

const [breaker] = samples.filter(({ kind }) => kind === 'breaker');
const trip = { type: 'trip', failureRate: 60, slowRate: 0, at: 0 };

describe('a replay', () => {
  it('knows where an actor began anew under the same address', () => {
    if (breaker === undefined) throw new Error('the breaker has a sample');
    const first = live(breaker, [trip]).events;
    const second = live(breaker, [trip, { type: 'probe', at: 10_000 }]).events;
    const { transitions, differences, states } = replayEvents('breaker', [...first, ...second]);
    expect(transitions.map(({ from, to, begins }) => [from, to, begins])).toEqual([
      ['closed', 'open', true],
      ['closed', 'open', true],
      ['open', 'halfOpen', false],
    ]);
    expect([differences, states]).toEqual([[], ['halfOpen']]);
  });

  it('tells where an event is missing, and goes on from the recorded state', () => {
    if (breaker === undefined) throw new Error('the breaker has a sample');
    const { events } = live(breaker, [
      trip,
      { type: 'probe', at: 10_000 },
      { type: 'probes.passed', at: 10_001 },
    ]);
    const { differences, states } = replayEvents('breaker', events.toSpliced(1, 1));
    expect(differences).toEqual([
      {
        sequence: 3,
        event: 'breaker.closed',
        recorded: 'halfOpen',
        replayed: 'open',
        sentence: 'the record says it was halfOpen, the machine says open',
      },
    ]);
    expect(states).toEqual(['closed']);
  });

  it('tells where the machine goes elsewhere than the record', () => {
    const edge = { from: 'closed', to: 'isolated', cause: trip };
    const event = { id: 'v-1', type: 'breaker.isolated', at: '', sequence: 7, data: edge };
    const { differences, states } = replayEvents('breaker', [event]);
    expect(differences.map(({ sentence }) => sentence)).toEqual([
      'the record says it went to isolated, the machine says open',
    ]);
    expect(states).toEqual(['isolated']);
  });

  it('folds what several nodes told of one address apart, and asks for one of them', () => {
    if (breaker === undefined) throw new Error('the breaker has a sample');
    const probe = { type: 'probe', at: 10_000 };
    const on = (node: string, steps: readonly Told[]) =>
      live(breaker, steps).events.map((event) => ({ ...event, node }));
    const [one, other] = [on('n-1', [trip, probe]), on('n-2', [trip])];
    const events = [...one.slice(0, 1), ...other, ...one.slice(1)];
    const replay = replayEvents('breaker', events);
    expect(replay.differences).toEqual([]);
    expect(replay.lives).toEqual([
      { node: 'n-2', states: ['open'] },
      { node: 'n-1', states: ['halfOpen'] },
    ]);
    expect(replay.transitions.map(({ node }) => node)).toEqual(['n-1', 'n-2', 'n-1']);
    expect(replay.states).toEqual(['halfOpen']);
    expect(replayEvents('breaker', events, 'n-2').states).toEqual(['open']);
    expect(replayEvents('breaker', events, 'n-3').states).toEqual(['closed']);
  });

  it('takes up a breaker that goes on from what was kept', () => {
    if (breaker === undefined) throw new Error('the breaker has a sample');
    const [opened] = live(breaker, [trip]).events;
    const times = { openMs: 1_000, backoff: 1, openMaxMs: null, halfOpenMaxMs: null };
    const counts = { generation: 2, failedProbes: 0, isolations: 0 };
    const context = { breakerId: 'b-1', times, ...counts, openUntil: 5, halfOpenUntil: null };
    const resumed = { id: 'v-2', type: 'breaker.resumed', at: '', data: { state: 'open', context } };
    const edge = { from: 'open', to: 'halfOpen', cause: { type: 'probe', at: 5 } };
    const probing = { id: 'v-3', type: 'breaker.probing', at: '', data: edge };
    // Nothing of an earlier life is needed, and nothing of it stays.
    for (const before of [[], opened === undefined ? [] : [opened]]) {
      const { differences, states } = replayEvents('breaker', [...before, resumed, probing]);
      expect([differences, states]).toEqual([[], ['halfOpen']]);
    }
  });

  it('passes over events that are no edge, and over junk', () => {
    const events = [
      { type: 'call.finished', data: { tool: 'x' } },
      { type: 'breaker.opened', data: { from: 1, to: 'open', cause: trip } },
      { type: 'breaker.opened', data: { from: 'closed', to: 'open', cause: 'trip' } },
    ].map((event, index) => ({ id: `v-${index}`, at: '', ...event }));
    expect(replayEvents('breaker', events)).toEqual({
      kind: 'breaker',
      transitions: [],
      lives: [{ node: '', states: ['closed'] }],
      states: ['closed'],
      context: expect.objectContaining({ breakerId: '' }),
      differences: [],
    });
  });
});
