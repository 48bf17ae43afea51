/**
 * A node for the crash-point test: contexts and tallies on a real database and bus. It ends itself at the n-th meeting
 * of one named point, as `kill -9` does: nothing is written, closed or said. It must be run compiled.
 */
import { startRelay } from '../../src/actors/actors.ts';
import { createContextKind } from '../../src/actors/context/context.ts';
import { openFabric } from '../../src/actors/durable/fabric.ts';
import { openStore } from '../../src/store/store.ts';
import { openWire } from '../../src/wire/wire.ts';
import { realClock } from '../rooms/actors/fabric/clock.ts';
import { tallyKind } from '../rooms/actors/fabric/tally.ts';
import { quietLog } from '../support/quiet-log.ts';

const [natsUrl = '', postgresUrl = '', prefix = '', point = '', hit = '1'] = process.argv.slice(2);

let met = 0;
const crashPoint = (name: string): void => {
  if (name !== point) return;
  met += 1;
  if (met === Number(hit)) process.kill(process.pid, 'SIGKILL');
};

const store = await openStore({ url: postgresUrl, log: quietLog, now: () => performance.now() });
const wire = await openWire({
  url: natsUrl,
  name: `node-${process.pid}`,
  log: quietLog,
  now: Date.now,
  prefix,
});
const relay = startRelay({
  store,
  clock: realClock,
  log: quietLog,
  everyMs: 100,
  publishAll: async (events) => {
    crashPoint('before_publish');
    const acks = await wire.publishAll(events);
    crashPoint('after_publish');
    return acks;
  },
});
const tallies = tallyKind(async (params, { id, address }) => {
  const { key, amount } = params as { key: string; amount: number };
  await wire.tell({
    id,
    at: new Date().toISOString(),
    to: { ...address, kind: 'context' },
    verb: 'commit',
    data: { changes: { [key]: amount } },
    version: 1,
  });
  return { type: 'shared', key };
});
await openFabric({
  store,
  wire,
  clock: realClock,
  log: quietLog,
  kinds: [createContextKind(), tallies],
  onOutbox: () => relay.nudge(),
  timerEveryMs: 100,
  timerLeaseMs: 1_000,
  effectEveryMs: 100,
  crashPoint,
  followTuning: { ackWaitMs: 1_000, retryMs: 50 },
});
process.stdout.write('ready\n');
setInterval(() => undefined, 60_000);
