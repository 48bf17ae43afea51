/** The rule of silent predictions, and what of it holds since a moment: an approval is judged by what came after it alone. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, standingRules, toStanding, toStandings } from '../../machines/sop-standing.ts';
import { SopReliability, type SopCheck } from '../../machines/words/sops.ts';

const start = Date.UTC(2026, 2, 1);
const minute = (n: number) => new Date(start + n * 60_000).toISOString();

/** One check a minute; a letter says whose it is, a capital one that it was right. */
const toChecks = (letters: string): SopCheck[] =>
  [...letters].map((letter, n) => ({
    episodeId: `e-${n}`,
    principal: letter.toLowerCase(),
    at: minute(n),
    hit: letter !== letter.toLowerCase(),
  }));

function toRecord(checks: readonly SopCheck[], principalsMin: number): SopReliability {
  return SopReliability.parse({
    checked: checks.length,
    hits: checks.filter(({ hit }) => hit).length,
    recent: checks.slice(-standingRules.kept),
    ...toStandings(checks, principalsMin),
    principalsMin,
  });
}

const approvedAt = (at: string) => ({ by: 'ada', version: 1, at });

describe('the standing since an approval', () => {
  it('is that of the checks after it, however many came, and whatever was before it', () => {
    const letters = fc
      .array(fc.constantFrom('a', 'a', 'a', 'A', 'A', 'b', 'b', 'B'), { maxLength: 120, size: 'max' })
      .map((all) => all.join(''));
    let drifted = 0;
    fc.assert(
      fc.property(letters, fc.nat(130), fc.constantFrom(1, 2), (all, at, principalsMin) => {
        const checks = toChecks(all);
        const record = toRecord(checks, principalsMin);
        if (checks.length > 0) expect(record).toMatchObject(toStanding(checks, principalsMin));
        const since = toStanding(checks.slice(at + 1), principalsMin);
        if (since.standing !== 'trusted') drifted += 1;
        expect(judge(record, approvedAt(minute(at)))).toEqual(since);
      }),
      { numRuns: 400 },
    );
    expect(drifted).toBeGreaterThan(10);
  });

  it('is not that of a drift before it, when more checks came than are kept', () => {
    // It drifted, somebody approved it, and it was right in two of three ever since: no three in a row, and no drift.
    const record = toRecord(toChecks(`aaaaa${'AAa'.repeat(8)}`), 1);
    expect(record.standing).not.toBe('trusted');
    expect(record.recent).toHaveLength(standingRules.kept);
    expect(judge(record, approvedAt(minute(4))).standing).toBe('trusted');
    expect(judge(record, approvedAt(minute(3))).standing).toBe('trusted');
    expect(judge(record, undefined).standing).not.toBe('trusted');
  });

  it('is told in few words of a long record', () => {
    const record = toRecord(toChecks('aaaaaAAaAAaAAAaaaaaAAa'.repeat(80)), 1);
    expect(record.since?.length).toBeLessThanOrEqual(32);
  });

  it('is judged by the checks that are kept, where a row is from before it was told', () => {
    const { since: _since, ...old } = toRecord(toChecks('aaaaaaa'), 1);
    expect(judge(old, approvedAt(minute(0))).standing).toBe('drifted');
    expect(judge(old, approvedAt(minute(3))).standing).toBe('trusted');
  });
});
