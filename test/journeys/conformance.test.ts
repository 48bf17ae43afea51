/** The official conformance suite against Drey; what it says goes through the list of exceptions in both directions. */
import { describe, expect, it } from 'vitest';
import { installSuite, isUnexpected, runConformance, toTable } from '../conformance/conformance.ts';
import type { Check } from '../conformance/suite.ts';
import { judge } from '../conformance/verdicts.ts';

const check = (id: string, status: Check['status']): Check => ({ id, status });

describe('the list of exceptions', () => {
  const verdictsOf = (checks: readonly Check[] | undefined, excused: readonly string[]) =>
    judge({
      subject: 'drey',
      leg: 'server',
      revision: '2025-11-25',
      wanted: { required: ['ping'], unscored: [] },
      found: new Map(checks === undefined ? [] : [['ping', checks]]),
      exceptions: [
        { subjects: ['drey'], revisions: ['2025-11-25'], scenarios: excused, reason: 'because' },
        { subjects: ['fixture'], revisions: ['2025-11-25'], scenarios: ['ping'], reason: 'another' },
        { subjects: ['drey'], revisions: ['2026-07-28'], scenarios: ['ping'], reason: 'another' },
      ],
    }).map(({ verdict }) => verdict);
  const [good, bad, worse] = [check('a', 'SUCCESS'), check('b', 'FAILURE'), check('c', 'FAILURE')];
  it.each([
    ['what passes', [good], [], 'passed'],
    ['what only warns', [good, check('w', 'WARNING')], [], 'passed'],
    ['what fails', [good, bad], [], 'FAILED'],
    ['what left nothing', undefined, [], 'FAILED'],
    ['what fails and may', [good, bad], ['ping'], 'expected failure'],
    ['what left nothing and may', undefined, ['ping'], 'expected failure'],
    ['what passes and should not', [good], ['ping'], 'FAILED (stale exception)'],
    ['a check that may fail', [good, bad], ['ping:b'], 'expected failure'],
    ['a check that may fail beside one that may not', [bad, worse], ['ping:b'], 'FAILED'],
    ['a check that passes and should not', [good], ['ping:b'], 'FAILED (stale exception)'],
    ['one of two that passes and should not', [bad], ['ping:b', 'ping:c'], 'FAILED (stale exception)'],
  ] as const)('judges %s', (_what, checks, excused, verdict) => {
    expect(verdictsOf(checks, excused)).toEqual([verdict]);
  });

  it('names nothing that is not run', () => {
    expect(verdictsOf([good], ['pong'])).toEqual(['passed', 'FAILED (stale exception)']);
  });
});

const missing = await installSuite();

describe.skipIf(missing !== undefined)(
  `the conformance suite${missing === undefined ? '' : ` (skipped: it could not be installed: ${missing})`}`,
  () => {
    it('finds what it is expected to find, and nothing else', async () => {
      const verdicts = await runConformance(() => undefined);
      const unexpected = verdicts.filter(isUnexpected);
      expect(unexpected, `\n${toTable(unexpected)}`).toEqual([]);
      expect(verdicts.filter(({ verdict }) => verdict === 'passed').length).toBeGreaterThan(120);
    }, 600_000);
  },
);
