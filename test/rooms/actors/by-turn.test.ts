/** Standing by, on a clock that only the test moves: for months, if need be, and ended at once. */
import { queryObjects } from 'node:v8';
import { expect, it } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import { startByTurn } from '../../../src/actors/workers/by-turn.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { createSimulatedClock } from './world.ts';

it('leaves nothing behind with each look, and nothing to wait for when it is stopped', async () => {
  const clock = createSimulatedClock();
  let looks = 0;
  const byTurn = await startByTurn({
    source: {
      turns: () => {
        looks += 1;
        return Promise.reject(new DreyError('database_unavailable', 'nobody can be asked'));
      },
    },
    name: 'one',
    clock,
    log,
    start: () => expect.unreachable('nobody gave it the turn'),
    broke: (error) => expect.unreachable(String(error)),
  });
  const countPromises = (): number => queryObjects(Promise, { format: 'count' });
  await clock.advance(10_000);
  const before = countPromises();
  await clock.advance(200_000);
  expect(looks).toBeGreaterThan(200);
  expect(countPromises() - before).toBeLessThan(50);
  await byTurn.stop();
  expect(clock.pending).toBe(0);
});
