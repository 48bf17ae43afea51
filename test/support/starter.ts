/**
 * A program for tests: starts both embedded servers in the folders it is given, says where they are in one line of
 * JSON, and waits. `stop` on its input ends it in order; tests also kill it. It must be run compiled.
 */
import { lockDataFolder, startNats, startPostgres, unprivilegedUser } from '../../infra/servers/servers.ts';
import { quietLog } from './quiet-log.ts';

const [dataDir = '', cacheDir = '', binary = ''] = process.argv.slice(2);

const lock = await lockDataFolder({ dataDir, pid: process.pid, now: () => Date.now() });
const how = { dataDir, cacheDir, user: unprivilegedUser(), log: quietLog };
const nats = await startNats({ ...how, binary });
const postgres = await startPostgres(how);
process.stdout.write(
  `${JSON.stringify({
    nats: { url: nats.url, port: nats.port, pid: nats.pid },
    postgres: { url: postgres.url, port: postgres.port, pid: postgres.pid },
  })}\n`,
);
process.stdin.on('data', (chunk: Buffer) => {
  if (chunk.toString('utf8').startsWith('stop')) void end();
});

async function end(): Promise<void> {
  await Promise.all([nats.stop(), postgres.stop()]);
  await lock.release();
  process.exit(0);
}
