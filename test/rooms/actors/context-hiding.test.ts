// What of a change to a context is written down: names without secrets, and values as the house says.
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/access/access.ts';
import { hideIn } from '../../../src/actors/context/context-hiding.ts';

const redactor = createRedactor({ key: 'a key of this test' });
const mail = 'canary.person@example.org';
const change = {
  name: `for ${mail}`,
  changes: { owner: mail, step: 1 },
  patches: { list: { password: 'correct-canary-staple' } },
  expected: { owner: mail },
  expectedVersion: 2,
};

describe('a change to a context', () => {
  it('has a name without secrets, and its values as they were given', () => {
    const kept = hideIn(redactor, change, false);
    expect(kept).toEqual({ ...change, name: redactor.redactText(change.name) });
    expect(kept.name).not.toContain(mail);
  });

  it('has no value that must not be kept where the house hides them, and is the same hidden twice', () => {
    const kept = hideIn(redactor, change, true);
    expect(JSON.stringify(kept)).not.toMatch(/canary/);
    expect(kept).toMatchObject({ changes: { step: 1 }, expectedVersion: 2 });
    // What is expected is compared with what was stored.
    expect(kept.expected).toEqual({ owner: kept.changes?.['owner'] });
    expect(hideIn(redactor, kept, true)).toEqual(kept);
  });
});
