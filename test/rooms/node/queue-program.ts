/** A process that accepts changes of contexts while the database is away, says so, and waits to be killed. */
import { DreyError } from '../../../machines/words/errors.ts';
import { ContextQueue } from '../../../src/actors/context/context-queue.ts';
import { openLineFile } from '../../../src/node/line-file.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { realClock } from '../actors/fabric/clock.ts';

const [path = '', contextId = ''] = process.argv.slice(2);
const queue = new ContextQueue({
  file: openLineFile(path),
  apply: () => Promise.reject(new DreyError('database_unavailable', 'there is no database here')),
  clock: realClock,
  log: quietLog,
});
const by = { principal: 'ann', isAdmin: false };
for (let n = 1; ; n += 1) {
  const requestId = `q-${n}`;
  const change = { changes: { n }, mayCreate: false };
  queue.add({ requestId, namespace: 'acme', contextId, by, change });
  process.stdout.write(`${n}\n`);
  await new Promise((resolve) => setImmediate(resolve));
}
