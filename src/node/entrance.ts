/**
 * What the door knows of agents: their keys and subjects out of the database, forgotten as soon as the bus tells that
 * one of them changed, and at the latest when they are confirmed next. Uses of keys are written now and then.
 */
import { toPlainError } from '../../machines/words/errors.ts';
import { systemNamespace, toDigest } from '../../machines/words/ids.ts';
import { KeyRing, TokenRing, createDoor } from '../access/access.ts';
import type { Door, IdentityRecord, KeyRecord } from '../access/access.ts';
import { toIso } from '../actors/actors.ts';
import type { Clock, Log } from '../actors/actors.ts';
import type { GatewayNeeds, KeysNeed } from '../gateway/gateway.ts';
import { findIdentities, findKeys, touchKeys } from '../store/store.ts';
import type { FoundKey, Store } from '../store/store.ts';
import { followFamilies } from '../wire/wire.ts';
import type { Wire } from '../wire/wire.ts';
import type { AuthSettings } from './config/auth-config.ts';
import type { Closers } from './closers.ts';
import type { NodeConfig } from './config/config.ts';
import { createKeys } from './keys.ts';
import type { KeysOptions } from './keys.ts';
import { isLoopback } from './loopback.ts';

export interface EntranceOptions {
  readonly auth: AuthSettings | undefined;
  readonly store: Pick<Store, 'inNamespace'>;
  readonly wire: Pick<Wire, 'follow'>;
  readonly relay: KeysOptions['relay'];
  readonly clock: Clock;
  readonly log: Log;
  readonly closers: Closers;
}

export interface Entrance {
  readonly keys: KeyRing;
  readonly tokens: TokenRing | undefined;
  /** Agents and their keys, as administrators change them. */
  readonly agents: KeysNeed;
  readonly authorization: GatewayNeeds['authorization'];
}

const usesMs = 30_000;

/** Opens both rings; what must be closed is told to `closers`. */
export async function openEntrance(options: EntranceOptions): Promise<Entrance> {
  const { auth, store, wire, clock, closers } = options;
  const keys = new KeyRing({
    clock,
    find: (ids) =>
      store.inNamespace(systemNamespace, async (trx) => (await findKeys(trx, ids)).map(toKeyRecord)),
  });
  closers.push(async () => keys.close());
  const agents = createKeys(options);
  const tokens = auth === undefined ? undefined : openTokens({ ...options, agents }, auth);
  closers.push(async () => tokens?.close());
  const following = await followFamilies(wire, {
    types: ['agent.changed', 'key.revoked', 'key.shortened'],
    from: 'new',
    onBatch: async (deliveries) => {
      for (const { event } of deliveries) {
        if ('keyId' in event.data) keys.forget(event.data.keyId);
        else keys.forgetAgent(event.namespace, event.actor.id);
        if (event.type === 'agent.changed') tokens?.forgetAll();
      }
    },
  });
  closers.push(() => following.stop());
  keepUses(keys, options);
  const authorization =
    tokens === undefined
      ? undefined
      : {
          metadata: tokens.metadata,
          toChallenge: (scope: string) => tokens.toChallenge('insufficient_scope', scope),
        };
  return { keys, tokens, agents, authorization };
}

/** The door of the address that the node listens on. */
export function openDoor({
  config,
  token,
  port,
  entrance,
}: {
  readonly config: NodeConfig;
  readonly token: string;
  readonly port: number;
  readonly entrance: Entrance;
}): Door {
  const { requireToken, allowedHosts, allowedOrigins, namespace, host } = config;
  const { keys, tokens } = entrance;
  const loopback = isLoopback(host);
  return createDoor({
    requireToken,
    token,
    loopback,
    allowedHosts,
    allowedOrigins,
    port,
    namespace,
    keys,
    tokens,
  });
}

function openTokens(
  { store, agents, clock }: EntranceOptions & { readonly agents: KeysNeed },
  auth: AuthSettings,
): TokenRing {
  const { issuer, createAgentsIn: namespace } = auth;
  const find = async (subjects: readonly string[]): Promise<readonly IdentityRecord[]> =>
    store.inNamespace(systemNamespace, async (trx) =>
      (
        await findIdentities(
          trx,
          subjects.map((subject) => ({ issuer, subject })),
        )
      ).map(({ agentId, isDisabled, ...identity }) => ({ ...identity, agent: agentId, isEnded: isDisabled })),
    );
  const adopt = async (subject: string): Promise<IdentityRecord> => {
    // The subject is somebody else's text; an agent's name is a token of ours.
    const agent = `oauth-${toDigest(`${issuer} ${subject}`).slice(0, 24)}`;
    const identity = { issuer, subject };
    const by = { id: 'door', namespace: namespace ?? '', local: true, mayNameNamespaces: true, scopes: [] };
    await agents.addAgent({ namespace: namespace ?? '', by, agent, displayName: subject, identity });
    return { subject, namespace: namespace ?? '', agent, isEnded: false };
  };
  return new TokenRing({ settings: auth, find, adopt: namespace === undefined ? undefined : adopt, clock });
}

/** Notes uses without anybody waiting for it; what cannot be written now is worth no second try. */
function keepUses(keys: KeyRing, { store, clock, log, closers }: EntranceOptions): void {
  let cancel: () => void = () => undefined;
  const write = async (): Promise<void> => {
    const byNamespace = new Map<string, { keyId: string; at: string }[]>();
    for (const { namespace, keyId, atMs } of keys.takeUses()) {
      const used = byNamespace.get(namespace) ?? [];
      used.push({ keyId, at: toIso(atMs) });
      byNamespace.set(namespace, used);
    }
    for (const [namespace, used] of byNamespace) {
      await store.inNamespace(namespace, (trx) => touchKeys(trx, used));
    }
  };
  const turn = (): void => {
    write()
      .catch((error: unknown) =>
        log.debug({ err: toPlainError(error) }, 'the last uses of keys could not be noted'),
      )
      .finally(arm);
  };
  const arm = (): void => {
    cancel = clock.schedule(usesMs, turn);
  };
  arm();
  closers.push(async () => {
    cancel();
    await write().catch(() => undefined);
  });
}

function toKeyRecord({ agentId, expiresAt, isRevoked, isDisabled, ...key }: FoundKey): KeyRecord {
  return {
    ...key,
    agent: agentId,
    expiresAtMs: expiresAt === null ? undefined : Date.parse(expiresAt),
    isEnded: isRevoked || isDisabled,
  };
}
