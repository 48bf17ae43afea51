/**
 * Agents and keys as administrators change them: each change is one transaction with its audit entry and the event that
 * makes every node forget what it remembers. The text of a key passes through here once and is kept nowhere.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { eventVersion } from '../../machines/words/events.ts';
import type { DreyEvent, EventData, EventType } from '../../machines/words/events.ts';
import { createId } from '../../machines/words/ids.ts';
import { mayDo } from '../../machines/words/scopes.ts';
import type { Scope } from '../../machines/words/scopes.ts';
import { makeKey } from '../access/access.ts';
import { toIso } from '../actors/actors.ts';
import type { Clock, Relay } from '../actors/actors.ts';
import type { AgentView, KeysNeed, KeyView, Principal } from '../gateway/gateway.ts';
import {
  addKey,
  addToOutbox,
  appendAudit,
  bindIdentity,
  ensureAgent,
  ensureNamespace,
  getKey,
  listAgents,
  listIdentities,
  listKeys,
  listLiveKeys,
  lockAgent,
  revokeKey,
  setAgentDisabled,
  shortenKey,
} from '../store/store.ts';
import type { AgentRow, KeyRow, Store, Trx } from '../store/store.ts';

export interface KeysOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly relay: Pick<Relay, 'nudge'>;
  readonly clock: Clock;
}

/** Live keys of one agent: the one in use, and the one that takes its place. */
export const liveKeysMax = 2;

/** Builds what the gateway needs of agents and keys. */
export function createKeys(options: KeysOptions): KeysNeed {
  return new Keys(options);
}

type Order<K extends keyof KeysNeed> = Parameters<KeysNeed[K]>[0];
type Made = KeyView & { readonly key: string };

class Keys implements KeysNeed {
  readonly #options: KeysOptions;

  constructor(options: KeysOptions) {
    this.#options = options;
  }

  async listAgents({ namespace, ...page }: Order<'listAgents'>): Promise<readonly AgentView[]> {
    return this.#options.store.inNamespace(namespace, async (trx) =>
      (await listAgents(trx, page)).map(toAgentView),
    );
  }

  async getAgent(namespace: string, agent: string): ReturnType<KeysNeed['getAgent']> {
    return this.#options.store.inNamespace(namespace, async (trx) => ({
      ...toAgentView(await findAgent(trx, agent)),
      identities: await listIdentities(trx, agent),
    }));
  }

  async addAgent({ namespace, by, agent, displayName, identity }: Order<'addAgent'>): Promise<AgentView> {
    return this.#change(namespace, async (trx) => {
      await this.#ensureAgent(trx, by.id, agent, displayName);
      if (identity !== undefined) {
        await bindIdentity(trx, { ...identity, agentId: agent });
        await this.#tell(trx, agent, 'agent.changed', { change: 'bound', by: by.id });
        await audit(trx, by.id, 'agent_bound', agent, { issuer: identity.issuer });
      }
      return toAgentView(await findAgent(trx, agent));
    });
  }

  async setDisabled({ namespace, by, agent, isDisabled }: Order<'setDisabled'>): Promise<AgentView> {
    return this.#change(namespace, async (trx) => {
      const changed = isAgent(agent) ? await setAgentDisabled(trx, agent, isDisabled) : undefined;
      if (changed === undefined) return toAgentView(await findAgent(trx, agent));
      const change = isDisabled ? 'disabled' : 'enabled';
      await this.#tell(trx, agent, 'agent.changed', { change, by: by.id });
      await audit(trx, by.id, `agent_${change}`, agent);
      return toAgentView(changed);
    });
  }

  async listKeys({ namespace, agent, ...page }: Order<'listKeys'>): Promise<readonly KeyView[]> {
    const asked = agent === undefined ? page : { ...page, agentId: agent };
    return this.#options.store.inNamespace(namespace, async (trx) =>
      (await listKeys(trx, asked)).map(toKeyView),
    );
  }

  async createKey({ namespace, by, agent, label, scopes, expiresInMs }: Order<'createKey'>): Promise<Made> {
    assertMayGive(by, scopes);
    return this.#change(namespace, async (trx) => {
      await this.#ensureAgent(trx, by.id, agent);
      await findAgent(trx, agent);
      return this.#make(trx, by, { agent, label, scopes, expiresInMs });
    });
  }

  async rotateKey({ namespace, by, keyId, overlapMs, expiresInMs }: Order<'rotateKey'>): Promise<Made> {
    return this.#change(namespace, async (trx) => {
      const old = await findKey(trx, keyId);
      // Whoever rotates a key gets to see one with its scopes.
      assertMayGive(by, old.scopes);
      await findAgent(trx, old.agentId);
      const live = await listLiveKeys(trx, old.agentId);
      if (!live.some((one) => one.keyId === keyId))
        throw new DreyError('key_unknown', `the key ${keyId} is revoked or has expired; create a new one`);
      const { agentId: agent, label, scopes } = old;
      const made = await this.#make(trx, by, { agent, label, scopes, expiresInMs });
      const ended = await shortenKey(trx, keyId, overlapMs);
      const expiresAt = ended?.expiresAt ?? toIso(this.#options.clock.now());
      await this.#tell(trx, agent, 'key.shortened', { keyId, expiresAt, by: by.id });
      await audit(trx, by.id, 'key_rotated', keyId, { new_key: made.keyId });
      return made;
    });
  }

  async revokeKey({ namespace, by, keyId }: Order<'revokeKey'>): Promise<KeyView> {
    return this.#change(namespace, async (trx) => {
      const revoked = isKey(keyId) ? await revokeKey(trx, keyId) : undefined;
      if (revoked === undefined) return toKeyView(await findKey(trx, keyId));
      await this.#tell(trx, revoked.agentId, 'key.revoked', { keyId, by: by.id });
      await audit(trx, by.id, 'key_revoked', keyId, { agent: revoked.agentId });
      return toKeyView(revoked);
    });
  }

  async #make(
    trx: Trx,
    by: Principal,
    wanted: {
      readonly agent: string;
      readonly label: string;
      readonly scopes: readonly string[];
      readonly expiresInMs: number | undefined;
    },
  ): Promise<Made> {
    const { agent, label, scopes, expiresInMs } = wanted;
    const live = await listLiveKeys(trx, agent);
    if (live.length >= liveKeysMax) {
      const ids = live.map(({ keyId }) => keyId).join(' and ');
      throw new DreyError(
        'limit_reached',
        `the agent ${agent} has ${liveKeysMax} live keys, ${ids}; revoke one of them first`,
      );
    }
    const { clock } = this.#options;
    const { keyId, digest, text } = makeKey(clock.random);
    const expiresAt = expiresInMs === undefined ? null : toIso(clock.now() + expiresInMs);
    const key = { keyId, agentId: agent, digest, label, scopes, createdBy: by.id, expiresAt };
    const row = await addKey(trx, key);
    await this.#tell(trx, agent, 'key.created', { keyId, scopes: [...scopes], expiresAt, by: by.id });
    await audit(trx, by.id, 'key_created', keyId, { agent, scopes, expires_at: expiresAt });
    return { ...toKeyView(row), key: text };
  }

  async #ensureAgent(trx: Trx, by: string, agent: string, displayName?: string): Promise<void> {
    await ensureNamespace(trx);
    const made = await ensureAgent(trx, {
      agentId: agent,
      ...(displayName === undefined ? {} : { displayName }),
    });
    if (!made) return;
    await this.#tell(trx, agent, 'agent.changed', { change: 'created', by });
    await audit(trx, by, 'agent_created', agent);
  }

  async #change<T>(namespace: string, work: (trx: Trx) => Promise<T>): Promise<T> {
    const { store, relay } = this.#options;
    const done = await store.inNamespace(namespace, work);
    relay.nudge();
    return done;
  }

  async #tell<E extends EventType>(trx: Trx, agent: string, type: E, data: EventData<E>): Promise<void> {
    const { clock } = this.#options;
    const event: DreyEvent<E> = {
      id: createId('event', clock),
      type,
      at: toIso(clock.now()),
      namespace: trx.namespace,
      actor: { kind: 'agent', id: agent },
      version: eventVersion,
      data,
    };
    await addToOutbox(trx, [event]);
  }
}

/** Nobody gives what they do not have. */
function assertMayGive(by: Principal, scopes: readonly string[]): void {
  const lacking = scopes.filter((scope) => !mayDo(by, scope as Scope));
  if (lacking.length === 0) return;
  const sentence = `you cannot give ${lacking.join(', ')}, which your own key does not carry`;
  throw new DreyError('permission_denied', sentence);
}

/** Whatever else stands in a path is nobody's name. */
function isAgent(text: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,39}$/.test(text);
}

function isKey(text: string): boolean {
  return /^[a-z2-7]{16}$/.test(text);
}

async function findAgent(trx: Trx, agent: string): Promise<AgentRow> {
  const row = isAgent(agent) ? await lockAgent(trx, agent) : undefined;
  if (row === undefined)
    throw new DreyError('agent_unknown', `there is no agent "${agent.slice(0, 60)}" in this namespace`);
  return row;
}

async function findKey(trx: Trx, keyId: string): Promise<KeyRow> {
  const row = isKey(keyId) ? await getKey(trx, keyId) : undefined;
  if (row === undefined)
    throw new DreyError('key_unknown', `there is no key "${keyId.slice(0, 60)}" in this namespace`);
  return row;
}

async function audit(
  trx: Trx,
  by: string,
  action: string,
  object: string,
  details?: Readonly<Record<string, unknown>>,
): Promise<void> {
  const entry = { action, severity: 'HIGH', principal: by, object, outcome: 'done' } as const;
  await appendAudit(trx, details === undefined ? entry : { ...entry, details });
}

function toAgentView({ agentId, displayName, createdAt, disabledAt }: AgentRow): AgentView {
  return { agent: agentId, displayName, createdAt, disabledAt };
}

function toKeyView({ agentId, ...key }: KeyRow): KeyView {
  return { agent: agentId, ...key };
}
