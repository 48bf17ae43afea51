/** The wire over each nats-server at hand: the one of this run, and another binary where one is named. */
import { describe, inject } from 'vitest';
import { defaultCacheFolder, startNats, unprivilegedUser } from '../../infra/servers/servers.ts';
import { quietLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { wireSuite } from './wire.contract.ts';

wireSuite('the server of this run', async () => ({ url: inject('natsUrl'), stop: async () => undefined }));

const other = process.env['DREY_NATS_SERVER_OTHER'] ?? '';

describe.skipIf(other === '')('with another nats-server, named in DREY_NATS_SERVER_OTHER', () => {
  wireSuite(`the server ${other}`, async () => {
    const folder = await temporaryFolder('drey-other-nats');
    const cacheDir = defaultCacheFolder(process.env, process.getuid?.());
    const server = await startNats({
      binary: other,
      dataDir: folder.path,
      cacheDir,
      user: unprivilegedUser(),
      log: quietLog,
    });
    return {
      url: server.url,
      stop: async () => {
        await server.stop();
        await folder.remove();
      },
    };
  });
});
