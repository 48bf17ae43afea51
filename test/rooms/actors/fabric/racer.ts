/**
 * A process that races for a context: for each line `<context> <version>` it asks ten times at once for that version,
 * and prints what it was answered. It must be run compiled.
 */
import { createInterface } from 'node:readline';

import { openFabric } from '../../../../src/actors/durable/fabric.ts';
import { openStore } from '../../../../src/store/store.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { realClock } from './clock.ts';

const [postgresUrl = ''] = process.argv.slice(2);
const store = await openStore({ url: postgresUrl, log: quietLog, now: () => performance.now() });
const { contexts } = await openFabric({ store, clock: realClock, log: quietLog });

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [contextId = '', version = ''] = line.split(' ');
  const answers = await Promise.all(
    Array.from({ length: 10 }, async (_, n) =>
      contexts.commit({
        namespace: 'acme',
        contextId,
        changes: { [`p${process.pid}v${version}n${n}`]: true },
        expectedVersion: version === 'any' ? null : Number(version),
      }),
    ),
  );
  process.stdout.write(`${JSON.stringify(answers)}\n`);
}
