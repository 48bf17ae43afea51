/** A gateway over real upstreams, with the small house for everything else: what passes through, and who owns what. */
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { Hearing, Offers, openBoards, openUpstreams } from '../../src/actors/actors.ts';
import type { KnownOffers, Upstreams } from '../../src/actors/actors.ts';
import type { GatewayNeeds } from '../../src/gateway/gateway.ts';
import { createClock } from '../../src/node/clock.ts';
import { createWorld } from '../rooms/actors/world.ts';
import { startGateway } from './gateway-server.ts';
import type { GatewayServer } from './gateway-server.ts';

export interface PassingGateway extends GatewayServer {
  readonly upstreams: Upstreams;
  readonly offers: Offers;
}

/** A fixture of the upstreams' room, run by this Node. */
export const upstreamProgram = (name: string, ...args: string[]) => ({
  command: process.execPath,
  args: [fileURLToPath(new URL(`../fixtures/upstreams/${name}`, import.meta.url)), ...args],
});

/** An MCP reference server from the installed packages. */
export const referenceProgram = (name: string, ...args: string[]) => ({
  command: process.execPath,
  args: [
    fileURLToPath(new URL(`../../node_modules/@modelcontextprotocol/${name}/dist/index.js`, import.meta.url)),
    ...args,
  ],
});

/** Starts it and waits, unless told otherwise, until every upstream came up or failed; all of it ends with the test. */
export async function startPassing(
  configs: Parameters<typeof openUpstreams>[0]['configs'],
  {
    isWaitedFor = true,
    knownOffers,
    ...options
  }: Partial<Parameters<typeof openUpstreams>[0]> & {
    readonly isWaitedFor?: boolean;
    readonly knownOffers?: KnownOffers;
  } = {},
): Promise<PassingGateway> {
  const { announcer, log } = createWorld();
  const boards = openBoards(log);
  const clock = createClock();
  const upstreams = openUpstreams({
    configs,
    prefix: 'always',
    reserved: [],
    breaker: {},
    clientInfo: { name: 'test', version: '1' },
    env: process.env,
    clock,
    log,
    announcer,
    ...boards,
    ...options,
  });
  const prefix = options.prefix ?? 'always';
  const offers = new Offers({ upstreams, prefix, known: knownOffers, clock, log });
  const hearing = new Hearing({ upstreams, offers, log });
  onTestFinished(() => upstreams.close());
  if (isWaitedFor) await upstreams.settled(20_000);
  const server = await startGateway((needs) => ({
    ...needs,
    offers,
    hearing,
    catalogue: () => boards.catalogue.read(),
    unlisted: () => upstreams.unlisted(),
    onCatalogueChanged: (changed) => boards.catalogue.listen(changed, ({ face }) => face),
    sessions: toPassingSessions(needs, upstreams),
  }));
  onTestFinished(() => server.close());
  return { ...server, upstreams, offers };
}

/** The small house's sessions, whose calls go to the upstreams. */
function toPassingSessions({ sessions }: GatewayNeeds, upstreams: Upstreams): GatewayNeeds['sessions'] {
  return {
    ...sessions,
    open: (opened) => {
      const session = sessions.open(opened);
      const refused = { outcome: 'refused', code: 'tool_unknown', message: 'no such tool' } as const;
      session.call = async (command) =>
        (await upstreams.resolve(command.name)?.call(command, session.namespace)) ?? {
          ...refused,
          retryAfterMs: undefined,
        };
      return session;
    },
  };
}
