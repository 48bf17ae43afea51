/** The pace of work that nobody waits for, on a clock that only the test moves. */
import { expect, it } from 'vitest';
import { createPace } from '../../../src/actors/workers/pace.ts';
import { createSimulatedClock } from './world.ts';

it('rests twice as long as a slice took, and not within one', async () => {
  const clock = createSimulatedClock();
  const pace = createPace(clock);
  await clock.advance(9);
  await pace();
  await clock.advance(31);
  let goesOn = false;
  const resting = pace().then(() => (goesOn = true));
  await clock.advance(79);
  expect(goesOn).toBe(false);
  await clock.advance(1);
  expect(goesOn).toBe(true);
  await resting;
  // The rest is no part of the next slice.
  await clock.advance(9);
  await pace();
});

it('rests no longer than a second, whatever the machine did to a slice', async () => {
  const clock = createSimulatedClock();
  const pace = createPace(clock);
  await clock.advance(60_000);
  const resting = pace();
  await clock.advance(1_000);
  await resting;
});
