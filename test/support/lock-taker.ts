/** A program for tests: waits for `go` on its input, tries to take the lock of a data folder, and says how that went. */
import { isDreyError } from '../../machines/words/errors.ts';
import { lockDataFolder } from '../../infra/servers/servers.ts';

const [dataDir = ''] = process.argv.slice(2);

process.stdout.write('waiting\n');
process.stdin.once('data', () => void take());

async function take(): Promise<void> {
  try {
    await lockDataFolder({ dataDir, pid: process.pid, now: () => Date.now() });
    process.stdout.write('won\n');
  } catch (error) {
    process.stdout.write(
      `${isDreyError(error) ? `${error.code} ${String(error.details['pid'])}` : String(error)}\n`,
    );
  }
}
