/**
 * The token of one connection: sent with each request, refreshed before it runs out and when a server refuses it, by
 * one refresh at a time. It never opens a browser: what only a person can grant is said to be missing.
 */
import { OAuthError, refreshAuthorization, type AuthProvider } from '@modelcontextprotocol/client';
import { DreyError } from '../../machines/words/errors.ts';
import { readRefusal, writeChallenge } from './challenges.ts';
import type { HttpUpstream } from './config.ts';
import { readGrant, toExpiry, toGrantName, writeGrant, type Grant, type Vault } from './grants.ts';
import type { Log } from './log.ts';
import type { OpenOptions } from './open.ts';

export interface BearerOptions {
  readonly alias: string;
  readonly vault: Vault;
  /** Under which the grant is kept. */
  readonly name: string;
  readonly address: string;
  readonly now: () => number;
  readonly log: Log;
}

/** A refresh that takes longer has failed. */
const refreshMs = 15_000;
/** Refreshed this long before its end, or when a fifth of its life is left. */
const earlyMs = 60_000;
/** After a refresh that failed on the way, before the next by the clock. */
const againMs = 30_000;
/** Timers take no longer delays. */
const timerMsMax = 2_147_483_647;
/** What makes a grant worthless; anything else may be different next time. */
const lostCodes: readonly string[] = ['invalid_grant', 'invalid_client', 'unauthorized_client'];

/** Refreshes of one grant by several connections go one after the other: a refresh token is good for one. */
const turns = new WeakMap<Vault, Map<string, Promise<boolean>>>();

/** The sentence for people whose upstream waits for them. */
export function toUnauthorized(alias: string, cause?: unknown): DreyError {
  const sentence = `the upstream "${alias}" needs authorization: run "drey auth ${alias}"`;
  return new DreyError('upstream_unauthorized', sentence, cause === undefined ? {} : { cause });
}

/** What the raw path needs of it. */
export type LaneBearer = Pick<Bearer, 'token' | 'renew' | 'refused'>;

/** None where the configuration brings its own authorization. */
export function openBearer(options: OpenOptions, { headers = {}, url }: HttpUpstream): Bearer | undefined {
  const { alias, log, principal, vault } = options;
  const hasOwn = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  if (vault === undefined || hasOwn) return undefined;
  return new Bearer({ alias, vault, name: toGrantName(alias, principal), address: url, now: Date.now, log });
}

/** The same token for what the SDK sends: the handshake and the stream of notifications. */
export function toAuthProvider(bearer: Bearer): AuthProvider {
  let given: string | undefined;
  return {
    token: async () => (given = bearer.token),
    onUnauthorized: async () => {
      if (!(await bearer.renew(given))) throw new Error('it needs authorization');
    },
  };
}

/** The same for calls; `onLost` hears when only a person can help. */
export function toLaneBearer(bearer: Bearer, onLost: () => void): LaneBearer {
  return {
    get token() {
      return bearer.token;
    },
    refused: (status, said) => bearer.refused(status, said),
    async renew(refused) {
      const isRenewed = await bearer.renew(refused);
      if (!isRenewed) onLost();
      return isRenewed;
    },
  };
}

/** Why a call that was refused cannot be sent again; undefined when it can. */
export async function toRenewalFault(
  bearer: LaneBearer | undefined,
  refused: string | undefined,
): Promise<{ code: 'upstream_unauthorized' | 'upstream_unavailable'; why: string } | undefined> {
  try {
    if ((await bearer?.renew(refused)) === true) return undefined;
    return { code: 'upstream_unauthorized', why: 'it needs authorization' };
  } catch (error) {
    const why = `its token was not refreshed: ${error instanceof Error ? error.message : String(error)}`;
    return { code: 'upstream_unavailable', why };
  }
}

/** Holds the token while the connection is open. */
export class Bearer {
  readonly #options: BearerOptions;
  #grant: Grant | undefined;
  #renewing: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #isRefused = false;

  constructor(options: BearerOptions) {
    this.#options = options;
    this.#take(readGrant(options.vault, options.name, options.address));
  }

  get token(): string | undefined {
    return this.#grant?.tokens.access_token;
  }

  /** True once the server refused what we have, and nothing else can be had without a person. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** Brings one that is about to run out up to date before it is used for the first time. */
  async ready(): Promise<void> {
    const { expiresAt } = this.#grant ?? {};
    if (expiresAt !== undefined && expiresAt - this.#options.now() < earlyMs / 6)
      await this.renew(this.token);
  }

  /** Gets another one than the token that was refused; false when there is none to be had. */
  async renew(refused: string | undefined): Promise<boolean> {
    if (this.token !== refused) return true;
    this.#renewing ??= this.#inTurn(refused).finally(() => (this.#renewing = undefined));
    const isRenewed = await this.#renewing;
    this.#isRefused = !isRenewed;
    return isRenewed;
  }

  /** Keeps what a refusal asks for; says so when only a person can grant it, since a refresh gives no more than before. */
  refused(status: number, said: string | undefined): string | undefined {
    const { address, alias, name, vault } = this.#options;
    const challenge = readRefusal(address, status, said);
    if (challenge === undefined) return undefined;
    if (challenge.scope !== undefined || challenge.resourceMetadataUrl !== undefined)
      writeChallenge(vault, name, challenge);
    return status === 403 ? `it asks for more than it was granted: run "drey auth ${alias}"` : undefined;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #inTurn(refused: string | undefined): Promise<boolean> {
    const { name, vault } = this.#options;
    const line = turns.get(vault) ?? new Map<string, Promise<boolean>>();
    turns.set(vault, line);
    const before = line.get(name);
    const mine = (async () => {
      await before?.catch(() => false);
      return this.#renew(refused);
    })();
    line.set(name, mine);
    try {
      return await mine;
    } finally {
      if (line.get(name) === mine) line.delete(name);
    }
  }

  async #renew(refused: string | undefined): Promise<boolean> {
    const { address, alias, log, name, now, vault } = this.#options;
    // Somebody else may have been granted a new one meanwhile: `drey auth`, or another connection.
    const stored = readGrant(vault, name, address);
    this.#take(stored);
    if (stored === undefined) return false;
    if (stored.tokens.access_token !== refused) return true;
    const { client, discovery, tokens } = stored;
    if (tokens.refresh_token === undefined) return false;
    const metadata = discovery.authorizationServerMetadata;
    const resource = discovery.resourceMetadata?.resource;
    try {
      const fresh = await refreshAuthorization(discovery.authorizationServerUrl, {
        ...(metadata === undefined ? {} : { metadata }),
        ...(resource === undefined ? {} : { resource }),
        clientInformation: client,
        refreshToken: tokens.refresh_token,
        fetchFn: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(refreshMs) }),
      });
      const grant = { ...stored, tokens: { ...tokens, ...fresh }, expiresAt: toExpiry(fresh, now()) };
      writeGrant(vault, name, grant);
      this.#take(grant);
      return true;
    } catch (error) {
      const code = error instanceof OAuthError ? error.code : undefined;
      log.warn(
        { alias, code: code ?? String(error) },
        `the token of the upstream "${alias}" was not refreshed`,
      );
      if (code !== undefined && lostCodes.includes(code)) return false;
      this.#schedule(againMs);
      throw error;
    }
  }

  #take(grant: Grant | undefined): void {
    this.#grant = grant;
    const { expiresAt, tokens } = grant ?? {};
    if (expiresAt === undefined || tokens?.refresh_token === undefined) return;
    const leftMs = expiresAt - this.#options.now();
    this.#schedule(Math.max(0, leftMs - Math.min(earlyMs, leftMs / 5)));
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    // What fails here fails again with the next request, which says so.
    const refresh = (): void => void this.renew(this.token).catch(() => undefined);
    this.#timer = setTimeout(refresh, Math.min(ms, timerMsMax)).unref();
  }
}
