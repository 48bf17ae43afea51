/**
 * What a server said it needs when it refused us: kept beside the grant, so that the person who is asked to run
 * `drey auth` grants just that, on top of what was granted before. It holds no secret.
 */
import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client';
import { z } from 'zod';
import type { Vault } from './grants.ts';

export interface Challenge {
  /** The upstream's address that refused. */
  readonly address: string;
  readonly scope?: string | undefined;
  readonly resourceMetadataUrl?: string | undefined;
}

const Stored = z.object({
  address: z.string(),
  scope: z.string().optional(),
  resourceMetadataUrl: z.url().optional(),
});

/** Characters of a challenge that are kept; what is longer says nothing useful. */
const challengeMax = 4_096;
const suffix = ' (what it asks for)';

/** Whether a name in the vault is that of a challenge, and no grant's. */
export function isChallengeName(name: string): boolean {
  return name.endsWith(suffix);
}

/** Reads the refusal; undefined when it is about something else than authorization. */
export function readRefusal(
  address: string,
  status: number,
  said: string | undefined,
): Challenge | undefined {
  if (status !== 401 && status !== 403) return undefined;
  const headers = said === undefined ? {} : { 'www-authenticate': said.slice(0, challengeMax) };
  const { error, resourceMetadataUrl, scope } = extractWWWAuthenticateParams(
    new Response(null, { status, headers }),
  );
  if (status === 403 && error !== 'insufficient_scope') return undefined;
  return { address, scope, resourceMetadataUrl: resourceMetadataUrl?.href };
}

export function writeChallenge(vault: Vault, name: string, challenge: Challenge): void {
  vault.write(name + suffix, JSON.stringify(challenge));
}

/** Undefined where there is none, or one of another address. */
export function readChallenge(vault: Vault, name: string, address: string): Challenge | undefined {
  const text = vault.read(name + suffix);
  if (text === undefined) return undefined;
  try {
    const challenge = Stored.parse(JSON.parse(text));
    return challenge.address === address ? challenge : undefined;
  } catch {
    return undefined;
  }
}

export function removeChallenge(vault: Vault, name: string): void {
  vault.remove(name + suffix);
}

/** All words of these scopes, each once, in the order in which they came; undefined for none. */
export function joinScopes(...scopes: readonly (string | undefined)[]): string | undefined {
  const words = scopes.flatMap((scope) => scope?.split(' ') ?? []).filter((word) => word !== '');
  return words.length === 0 ? undefined : [...new Set(words)].join(' ');
}
