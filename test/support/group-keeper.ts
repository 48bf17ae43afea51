// Keeps one stubborn group in a data folder, tells its pid, and waits to be killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openProcessGroups } from '../../infra/servers/servers.ts';
import { quietLog } from './quiet-log.ts';

const [dataDir = '', isForgotten] = process.argv.slice(2);
const groups = openProcessGroups({ dataDir, log: quietLog });
const stubborn =
  "process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1_000); console.log('up');";
const child = spawn(process.execPath, ['-e', stubborn], {
  detached: true,
  stdio: ['pipe', 'pipe', 'ignore'],
});
await once(child.stdout, 'data');
if (child.pid === undefined) throw new Error('it was not started');
groups.started(child.pid);
if (isForgotten !== undefined) {
  groups.ended(child.pid);
  const next = spawn(process.execPath, ['-e', stubborn], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await once(next.stdout, 'data');
  if (next.pid !== undefined) groups.started(next.pid);
}
process.stdin.resume();
process.stdout.write(`${child.pid}\n`);
