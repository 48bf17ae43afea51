/** What stands of a derivation where people have had a word in it. */
import { describe, expect, it } from 'vitest';
import type { LearnedSop, ProcedureStep } from '../../../machines/words/sops.ts';
import { toStandingSop } from '../../../src/store/store.ts';
import { sop } from '../../support/store-rows.ts';

const kept = sop('acme', 1, { trigger: 'as it was approved' });
const approval = { by: 'ada', version: 1, at: '2026-03-02T10:00:00.000Z' };
const row = { ...kept, held: true, edited: false, approval };
const recent = [1, 2, 3, 4, 5].map((n) => ({
  episodeId: `e-${n}`,
  principal: 'ada',
  at: `2026-03-0${n + 2}`,
  hit: false,
}));
const drift = { standing: 'drifted', reason: 'it missed', principalsMin: 1 } as const;
const reliability = { checked: 5, hits: 0, recent, ...drift };
const step: ProcedureStep = { ...kept.procedure[0]!, tool: 'wiki__page' };
const derive = (more: Partial<LearnedSop> = {}) => sop('acme', 1, { trigger: 'as it is derived', ...more });

describe('a procedure that was approved while one principal alone stood behind it', () => {
  it('keeps its content when its confidence dips, until a second one stands there', () => {
    const dips = derive({ alone: true, confidence: 0.6, status: 'candidate' });
    expect(toStandingSop(dips, row)).toMatchObject({ trigger: kept.trigger, status: 'active' });
    expect(toStandingSop(derive(), row)).toMatchObject({ trigger: 'as it is derived' });
  });

  it('is judged by silent predictions only as long as they are about the line that is kept', () => {
    const sure = derive({ alone: true, reliability });
    expect(toStandingSop(sure, row).status).toBe('quarantined');
    expect(toStandingSop({ ...sure, procedure: [step] }, row).status).toBe('active');
  });
});

describe('a procedure that somebody wrote', () => {
  it('keeps its status, whatever is derived', () => {
    for (const status of ['candidate', 'shadow', 'active', 'quarantined'] as const)
      for (const derived of ['candidate', 'shadow', 'active', 'quarantined'] as const) {
        const written = { ...row, status, edited: true };
        const now = derive({ status: derived, reliability, procedure: [step] });
        expect(toStandingSop(now, written).status).toBe(status);
        expect(toStandingSop(now, { ...written, held: false, approval: undefined }).status).toBe(status);
      }
  });
});
