/** A process with a breaker in each state, which closes them, says so, and then has nothing left to do. */
import { openBreaker } from '../../../../src/actors/breaker/breaker.ts';

const clock = { monotonic: () => performance.now(), now: () => Date.now() };
const open = () =>
  openBreaker({ id: 'b-1', config: { openMs: 3_600_000, halfOpenMaxMs: 3_600_000 }, clock, onEdge() {} });
const breakers = [open(), open(), open(), open(), open(), open()];
const [, opened, halfOpen, isolated, disabled, metricsOnly] = breakers;
opened?.open();
halfOpen?.open();
halfOpen?.halfOpen();
isolated?.isolate();
disabled?.disable();
metricsOnly?.metricsOnly();
for (const breaker of breakers) breaker.close();
process.send?.('closed');
