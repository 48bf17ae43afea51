/** A process for the kill test: appends events as fast as it can and says, after each, how far it came. */
import { openEventLog } from '../../../src/wire/wire.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { toTestEvent } from './events.ts';

const [folder = '', round = '0'] = process.argv.slice(2);
const eventLog = openEventLog({
  folder,
  log: quietLog,
  now: () => performance.now(),
  segmentBytesMax: 50_000,
});
let number = 0;
const appendSome = (): void => {
  for (let turn = 0; turn < 10; turn += 1) {
    eventLog.append(toTestEvent(number, { actor: `r${round}` }));
    process.send?.(number);
    number += 1;
  }
  if (number < 100_000) setImmediate(appendSome);
};
appendSome();
