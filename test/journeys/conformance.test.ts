/** The official conformance suite against Drey; what it says goes through the list of exceptions in both directions. */
import { describe, expect, it } from 'vitest';
import { installSuite, isUnexpected, runConformance, toTable } from '../conformance/conformance.ts';

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
