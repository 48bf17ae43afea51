/** The announcer: every fact becomes an event, and a log that takes none is counted, not hidden. */
import { describe, expect, it } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import { createAnnouncer } from '../../../src/actors/actors.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { createRecordingTracer, idOf } from '../../support/recording-tracer.ts';
import { createSimulatedClock, createWorld } from './world.ts';

const actor = { namespace: 'acme', kind: 'session', id: 's-1' } as const;

describe('the announcer', () => {
  it('gives a fact an id, a time and an address', () => {
    const { announcer, events } = createWorld();
    const told = announcer.announce('session.closed', actor, { reason: 'over' });
    expect(events).toEqual([told]);
    expect(told).toMatchObject({
      type: 'session.closed',
      at: '2026-01-01T00:00:00.000Z',
      namespace: 'acme',
      actor: { kind: 'session', id: 's-1' },
      version: 1,
    });
    expect(told).not.toHaveProperty('correlation');
    expect(told.id).toMatch(/^v-/);
  });

  it('keeps the id, time and relations that it is given', () => {
    const { announcer, events } = createWorld();
    const how = {
      id: 'k-1',
      at: '2025-05-05T05:05:05.000Z',
      correlation: 't-1',
      causation: 'v-0',
      traceparent: '00',
    };
    announcer.announce('session.closed', actor, {}, how);
    expect(events[0]).toMatchObject(how);
  });

  it('makes the emission a part of the trace that a fact belongs to, and that one the parent of what follows', () => {
    const tracer = createRecordingTracer();
    const { log } = recordingLog();
    let full = false;
    const append = (): void => {
      if (full) throw new DreyError('event_log_full', 'the event log is full');
    };
    const announcer = createAnnouncer({ append, clock: createSimulatedClock(), log, tracer });
    announcer.announce('session.closed', actor, {});
    expect(tracer.spans).toEqual([]);
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const told = announcer.announce('session.closed', actor, {}, { traceparent: parent });
    const span = tracer.named('append session.closed');
    expect(span).toMatchObject({ kind: 'producer', parent: idOf(parent), ended: true, failure: undefined });
    expect(told.traceparent).toBe(span.traceparent);
    full = true;
    announcer.announce('session.closed', actor, {}, { traceparent: parent });
    expect(tracer.spans[1]).toMatchObject({ ended: true, failure: 'event_log_full' });
  });

  it('never throws: what a full log does not take is counted and said', () => {
    const { log, sentences } = recordingLog();
    let full = true;
    const announcer = createAnnouncer({
      append: () => {
        if (full) throw new DreyError('event_log_full', 'the event log is full');
      },
      clock: createSimulatedClock(),
      log,
    });
    announcer.announce('session.closed', actor, {});
    announcer.announce('session.closed', actor, {});
    expect(announcer.unrecorded).toBe(2);
    expect(sentences).toHaveLength(2);
    full = false;
    announcer.announce('session.closed', actor, {});
    expect(announcer.unrecorded).toBe(2);
  });
});
