/** The wire and its streams over each nats-server at hand: the one of this run, and every other version found. */
import { describe, expect, inject, it } from 'vitest';
import { isAtLeast } from '../../infra/servers/nats-version.ts';
import { natsPlaces, natsServersAtHand, startNatsAtHand } from '../support/nats-servers.ts';
import { streamsSuite } from './streams.contract.ts';
import { wireSuite } from './wire.contract.ts';

const ownVersion = inject('natsVersion');
const others = (await natsServersAtHand()).filter(({ version }) => version !== ownVersion);

const own = `nats-server ${ownVersion}, the one of this run`;
wireSuite(own, async () => ({ url: inject('natsUrl'), stop: async () => undefined }));
streamsSuite(own, { path: inject('natsPath'), version: ownVersion });

for (const server of others) {
  const name = `nats-server ${server.version}`;
  wireSuite(name, async () => startNatsAtHand(server.path));
  streamsSuite(name, server);
}

describe('the servers that were tried', () => {
  const versions = [ownVersion, ...others.map(({ version }) => version)];
  const kinds = {
    'an old one, 2.9': (version: string) => !isAtLeast(version, '2.10.0'),
    'one of the recommended ones, 2.12 or newer': (version: string) => isAtLeast(version, '2.12.0'),
  };
  for (const [what, isIt] of Object.entries(kinds)) {
    it(`include ${what}`, (context) => {
      if (!versions.some(isIt)) context.skip(`there is none in ${natsPlaces}`);
      expect(versions.some(isIt)).toBe(true);
    });
  }
});
