/** Agents and their keys as the gateway needs them. A key's text is given out once, by what made it. */
import type { Behind } from './knowledge-needs.ts';
import type { Principal } from './needs.ts';

export interface AgentView {
  readonly agent: string;
  readonly displayName: string;
  readonly createdAt: string;
  /** Null while it may come in. */
  readonly disabledAt: string | null;
}

/** A subject of an authorization server. */
export interface IdentityView {
  readonly issuer: string;
  readonly subject: string;
}

export interface KeyView {
  readonly keyId: string;
  readonly agent: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly createdBy: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** To the minute or so. */
  readonly lastUsedAt: string | null;
}

/** Who does it, and in which namespace. */
export interface KeyOrder {
  readonly namespace: string;
  readonly by: Principal;
}

/** A page of a list; it goes on behind `after`. */
export interface Page<After> {
  readonly namespace: string;
  readonly limit: number;
  readonly after?: After | undefined;
}

export interface KeysNeed {
  listAgents(page: Page<string>): Promise<readonly AgentView[]>;
  /** Throws `agent_unknown`. */
  getAgent(
    namespace: string,
    agent: string,
  ): Promise<AgentView & { readonly identities: readonly IdentityView[] }>;
  /** Makes an agent where there is none, and says which subject of an authorization server it is. */
  addAgent(
    order: KeyOrder & {
      readonly agent: string;
      readonly displayName?: string | undefined;
      readonly identity?: IdentityView | undefined;
    },
  ): Promise<AgentView>;
  /** Shuts an agent out with all its keys and tokens, or lets it in again; throws `agent_unknown`. */
  setDisabled(order: KeyOrder & { readonly agent: string; readonly isDisabled: boolean }): Promise<AgentView>;
  listKeys(page: Page<Behind> & { readonly agent?: string | undefined }): Promise<readonly KeyView[]>;
  /** Throws `limit_reached` where the agent has two live keys, `permission_denied` for scopes that the giver lacks. */
  createKey(
    order: KeyOrder & {
      readonly agent: string;
      readonly label: string;
      readonly scopes: readonly string[];
      readonly expiresInMs: number | undefined;
    },
  ): Promise<KeyView & { readonly key: string }>;
  /** Gives a second key like the first, which ends after the overlap; throws `key_unknown`. */
  rotateKey(
    order: KeyOrder & {
      readonly keyId: string;
      readonly overlapMs: number;
      readonly expiresInMs: number | undefined;
    },
  ): Promise<KeyView & { readonly key: string }>;
  /** Throws `key_unknown`; what is revoked already stays so. */
  revokeKey(order: KeyOrder & { readonly keyId: string }): Promise<KeyView>;
}
