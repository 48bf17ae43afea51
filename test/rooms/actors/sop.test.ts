import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { sopMachine } from '../../../machines/sop.machine.ts';
import type { SopEvent } from '../../../machines/sop.machine.ts';
import { SopStatus } from '../../../machines/words/sops.ts';
import { eventData } from '../../../machines/words/events.ts';
import { replayEvents, toSopEvents } from '../../../src/actors/actors.ts';
import { sop } from '../../support/store-rows.ts';

const move = (was: SopStatus | undefined, status: SopStatus, by: 'evidence' | 'approval', version = 1) =>
  toSopEvents({
    sop: sop('acme', 1, { status, confidence: 0.8 }),
    was,
    version,
    by,
    reason: 'to see',
    at: 1_000 * version,
  });

/** What the chart holds after what was told, from its last beginning. */
function fold(told: ReturnType<typeof toSopEvents>) {
  const from = told.findLastIndex(({ type }) => type === 'sop.proposed');
  const { version = 1 } = (told[from]?.data ?? {}) as { version?: number };
  let [now] = initialTransition(sopMachine, { sopId: 'p-1', activeFrom: 0.7, version });
  for (const { data } of told.slice(from + 1))
    if ('cause' in data) [now] = transition(sopMachine, now, data.cause as unknown as SopEvent);
  return now;
}

describe('a procedure’s life', () => {
  it('begins as a candidate, and tells how it became what it is', () => {
    expect(move(undefined, 'active', 'evidence').map(({ type }) => type)).toEqual([
      'sop.proposed',
      'sop.activated',
    ]);
    expect(move('quarantined', 'active', 'evidence').map(({ type }) => type)).toEqual([
      'sop.shadowed',
      'sop.activated',
    ]);
    expect(move('quarantined', 'active', 'approval').map(({ type }) => type)).toEqual(['sop.activated']);
    expect(move('active', 'active', 'evidence').map(({ type }) => type)).toEqual(['sop.revised']);
    expect(move('retired', 'active', 'approval').map(({ type }) => type)).toEqual([
      'sop.proposed',
      'sop.activated',
    ]);
  });

  it('refuses what the chart has no way for', () => {
    for (const was of ['candidate', 'shadow', 'quarantined'] as const)
      expect(() => move(was, 'deprecated', 'approval')).toThrow(/cannot become deprecated/);
    expect(() => move('deprecated', 'shadow', 'approval')).toThrow(
      expect.objectContaining({ code: 'transition_refused' }),
    );
  });

  it('replays to the state that its row has, whatever happened', () => {
    const one = fc.tuple(fc.constantFrom(...SopStatus.options), fc.constantFrom('evidence', 'approval'));
    fc.assert(
      fc.property(fc.array(one, { maxLength: 30 }), (wishes) => {
        let status: SopStatus | undefined;
        let version = 1;
        const told: ReturnType<typeof toSopEvents> = [];
        wishes.forEach(([wished, by], at) => {
          try {
            const events = move(status, wished, by, at + 1);
            for (const { type, data } of events) eventData[type].parse(data);
            told.push(...events);
            status = wished;
            version = at + 1;
          } catch (error) {
            // A refusal commits nothing.
            expect(error).toMatchObject({ code: 'transition_refused' });
          }
        });
        const replay = replayEvents('sop', told);
        expect(replay.differences).toEqual([]);
        expect(fold(told).context.version).toBe(version);
        expect(replay.states).toEqual([status ?? 'candidate']);
        expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
      }),
    );
  });
});
