/** What a follower remembers of what it has handled: enough, and never more than a bound. */
import { expect, it } from 'vitest';
import { createRemembered } from '../../../src/wire/remembered.ts';

it('remembers the latest, at least as many as it was asked to, and forgets what is older than twice that', () => {
  const remembered = createRemembered(10);
  for (let sequence = 1; sequence <= 1_000; sequence += 1) {
    remembered.add(sequence);
    const latest = Array.from({ length: Math.min(10, sequence) }, (_, back) => sequence - back);
    expect(latest.every((one) => remembered.has(one))).toBe(true);
    expect(remembered.has(sequence - 20)).toBe(false);
  }
});
