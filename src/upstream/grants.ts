/**
 * What an authorization server has granted us for one upstream: client, tokens, and where they came from. It is kept as
 * one text in a vault that others provide, and counts for the one address it was granted for and no other.
 */
import type {
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { z } from 'zod';

/** Where secrets are kept, by name. Implemented above; it never shows what it keeps. */
export interface Vault {
  read(name: string): string | undefined;
  write(name: string, secret: string): void;
  /** False when there was none. */
  remove(name: string): boolean;
  names(): readonly string[];
}

export interface Grant {
  /** The upstream's address, as it was configured. */
  readonly address: string;
  readonly client: StoredOAuthClientInformation;
  readonly tokens: StoredOAuthTokens;
  readonly discovery: OAuthDiscoveryState;
  /** Milliseconds since the epoch; undefined where the server named no time. */
  readonly expiresAt: number | undefined;
}

const Stored = z.object({
  address: z.string(),
  client: z.looseObject({ client_id: z.string() }),
  tokens: z.looseObject({ access_token: z.string(), refresh_token: z.string().optional() }),
  discovery: z.looseObject({ authorizationServerUrl: z.string() }),
  expiresAt: z.number().optional(),
});

/** The name under which it is kept; `principal` where each has its own. */
export function toGrantName(alias: string, principal: string | undefined): string {
  return principal === undefined ? alias : `${alias} for ${principal}`;
}

/** Undefined where there is none, or one for another address. */
export function readGrant(vault: Vault, name: string, address: string): Grant | undefined {
  const text = vault.read(name);
  if (text === undefined) return undefined;
  try {
    // What lies there was written by `writeGrant`; the look is for what an older version or a person left.
    const grant = Stored.parse(JSON.parse(text)) as unknown as Grant;
    return grant.address === address ? grant : undefined;
  } catch {
    return undefined;
  }
}

export function writeGrant(vault: Vault, name: string, grant: Grant): void {
  vault.write(name, JSON.stringify(grant));
}

/** When tokens that came now run out. */
export function toExpiry({ expires_in: seconds }: StoredOAuthTokens, now: number): number | undefined {
  return seconds === undefined ? undefined : now + seconds * 1_000;
}
