// How long a learner may be silent: longer after each that was killed for it, and short again when one lived for long.
import { expect, it } from 'vitest';
import { createPatience } from '../../../src/node/learner/patience.ts';

it('doubles with each loss up to its most, and forgets after a long life', () => {
  let now = 0;
  const patience = createPatience({ monotonic: () => now });
  expect(patience.silenceMs).toBe(10_000);
  const borne: number[] = [];
  for (let n = 0; n < 7; n += 1) {
    patience.lose();
    borne.push(patience.silenceMs);
  }
  expect(borne).toEqual([20_000, 40_000, 80_000, 160_000, 320_000, 320_000, 320_000]);
  now += 3_199_000;
  patience.hear();
  expect(patience.silenceMs).toBe(320_000);
  now += 1_000;
  patience.hear();
  expect(patience.silenceMs).toBe(10_000);
});
