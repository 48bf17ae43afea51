/** Procedures as they are seen live: nothing is said of what was never heard. */
import { describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../../machines/words/events.ts';
import type { SopStatus } from '../../../machines/words/sops.ts';
import { createRoots, openSopViews, toSopEvents } from '../../../src/actors/actors.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { sop } from '../../support/store-rows.ts';

const tell = (was: SopStatus | undefined, version: number, approved?: number) =>
  toSopEvents({
    sop: sop('acme', 1, { status: 'active', confidence: 0.8 }),
    was,
    version,
    by: approved === undefined ? 'evidence' : 'approval',
    who: approved === undefined ? 'learning' : 'ada',
    isRewritten: approved === undefined,
    approved,
    reason: 'to see',
    at: 1_000 * version,
  });

/** What is shown after these events. */
function look(told: readonly object[]): unknown {
  const roots = createRoots();
  const views = openSopViews({ roots, log });
  for (const event of told) views.hear(event as AnyEvent);
  const [entry] = roots.entries();
  return (entry?.actor.getSnapshot() as { context?: unknown } | undefined)?.context;
}

describe('a procedure that is looked at', () => {
  it('says nothing of approvals and reports from before it was heard of', () => {
    const shown = look(tell('active', 5));
    expect(shown).toMatchObject({ version: 5, confidence: 0.8 });
    expect(shown).not.toHaveProperty('approval');
    expect(shown).not.toHaveProperty('reports');
  });

  it('shows an approval that was told, also as the first thing', () => {
    expect(look(tell('active', 5, 5))).toMatchObject({ version: 5, approval: { by: 'ada', version: 5 } });
  });

  it('shows all of it where its life was heard from the beginning', () => {
    const reports = { heard: 0, helpful: 0 };
    expect(look(tell(undefined, 1))).toMatchObject({ version: 1, approval: null, reports });
    const again = [...tell(undefined, 1), ...tell('active', 1, 1), ...tell('retired', 4)];
    expect(look(again)).toMatchObject({ version: 4, approval: null, reports });
  });
});
