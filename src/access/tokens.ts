/**
 * Access tokens of an authorization server (OAuth 2.1, the resource server's side): whether one was made by that issuer,
 * for us, and is of use now. A token is never stored, logged or passed on; what is remembered of one is its digest.
 */
import { createHash } from 'node:crypto';
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { DreyError } from '../../machines/words/errors.ts';

/** What a node is told about its authorization server. */
export interface TokenSettings {
  readonly issuer: string;
  /** Every audience that a token may name; the first is our canonical address. */
  readonly audience: readonly string[];
  readonly jwksUri?: string | undefined;
  readonly algorithms: readonly string[];
}

/** What of a valid token counts. */
export interface Claims {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number;
  readonly others: Readonly<Record<string, unknown>>;
}

export type Verified =
  | { readonly state: 'valid'; readonly claims: Claims }
  | { readonly state: 'invalid'; readonly why: string }
  /** The issuer's keys cannot be had now. */
  | { readonly state: 'away' };

/** What may be chosen from: signatures with a private key only, so that no public key can pass for a secret. */
export const tokenAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'EdDSA',
] as const;

const skewSeconds = 30;
const charactersMax = 8 * 1024;
/** Tokens remembered as valid, and how long until one is verified anew: its issuer may have withdrawn the key. */
const validMax = 10_000;
const validMs = 300_000;
const invalidMax = 2_000;
const invalidMs = 10_000;
/** Verifications at a time; each of them costs a signature. */
const verifyingMax = 64;
const documentBytesMax = 256 * 1024;
const fetchMs = 5_000;
const keysMs = 600_000;
const keysRestMs = 10_000;

/** Verifies tokens of one issuer. */
export class Tokens {
  readonly #settings: TokenSettings;
  readonly #now: () => number;
  readonly #valid = new Map<string, { readonly claims: Claims; readonly untilMs: number }>();
  readonly #invalid = new Map<string, { readonly why: string; readonly untilMs: number }>();
  #keys: Promise<JWTVerifyGetKey> | undefined;
  #verifying = 0;

  constructor(settings: TokenSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  /** At once for a token that was shown a moment ago. */
  verify(token: string): Verified | Promise<Verified> {
    if (token.length > charactersMax) return { state: 'invalid', why: 'it is too long' };
    const digest = createHash('sha256').update(token).digest('base64');
    const now = this.#now();
    const valid = this.#valid.get(digest);
    if (valid !== undefined && now < valid.untilMs) return { state: 'valid', claims: valid.claims };
    const invalid = this.#invalid.get(digest);
    if (invalid !== undefined && now < invalid.untilMs) return { state: 'invalid', why: invalid.why };
    if (this.#verifying >= verifyingMax) return { state: 'away' };
    this.#verifying += 1;
    return this.#verify(token, digest).finally(() => {
      this.#verifying -= 1;
    });
  }

  async #verify(token: string, digest: string): Promise<Verified> {
    const { issuer, audience, algorithms } = this.#settings;
    let keys: JWTVerifyGetKey;
    try {
      keys = await (this.#keys ??= openKeys(this.#settings));
    } catch {
      this.#keys = undefined;
      return { state: 'away' };
    }
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience: [...audience],
        algorithms: [...algorithms],
        clockTolerance: skewSeconds,
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(this.#now()),
      });
      const claims = toClaims(payload, audience);
      const untilMs = Math.min(claims.expiresAtMs + skewSeconds * 1_000, this.#now() + validMs);
      setBounded(this.#valid, digest, { claims, untilMs }, validMax);
      return { state: 'valid', claims };
    } catch (error) {
      if (isAway(error)) return { state: 'away' };
      const why = toReason(error);
      setBounded(this.#invalid, digest, { why, untilMs: this.#now() + invalidMs }, invalidMax);
      return { state: 'invalid', why };
    }
  }
}

function toClaims(payload: JWTPayload, audience: readonly string[]): Claims {
  const named = typeof payload.aud === 'string' ? [payload.aud] : (payload.aud ?? []);
  // A token that is for others as well could have been shown to them first.
  if (named.some((one) => !audience.includes(one)))
    throw new DreyError('principal_unknown', 'it is meant for others as well');
  const { sub = '', exp = 0, ...others } = payload;
  if (sub === '' || sub.length > 300) throw new DreyError('principal_unknown', 'its subject cannot be used');
  return { subject: sub, scopes: readScopes(payload), expiresAtMs: exp * 1_000, others };
}

/** `scope` as RFC 9068 has it, or the list that some servers put into `scp`. */
function readScopes({ scope, scp }: JWTPayload): readonly string[] {
  const given = scope ?? scp;
  const list = typeof given === 'string' ? given.split(' ') : Array.isArray(given) ? given : [];
  return list.filter((one): one is string => typeof one === 'string' && one !== '');
}

/** The issuer's keys: asked for when they are needed, kept for minutes, never asked for in a hurry. */
async function openKeys(settings: TokenSettings): Promise<JWTVerifyGetKey> {
  const uri = settings.jwksUri ?? (await discover(settings.issuer));
  return createRemoteJWKSet(new URL(uri), {
    timeoutDuration: fetchMs,
    cooldownDuration: keysRestMs,
    cacheMaxAge: keysMs,
    [customFetch]: fetchBounded,
  });
}

/** Where the issuer says that its keys are (RFC 8414, then OpenID Connect). */
async function discover(issuer: string): Promise<string> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  for (const place of places) {
    const response = await fetchBounded(place, { signal: AbortSignal.timeout(fetchMs) });
    if (!response.ok) continue;
    const found: unknown = await response.json();
    if (typeof found !== 'object' || found === null || !('issuer' in found) || !('jwks_uri' in found))
      continue;
    if (found.issuer === issuer && typeof found.jwks_uri === 'string') return found.jwks_uri;
  }
  throw new DreyError('upstream_failed', `the issuer ${issuer} does not say where its keys are`);
}

/** Whatever is asked of the issuer: no redirect is followed, and no answer may be large. */
async function fetchBounded(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...options, redirect: 'error' });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > documentBytesMax) throw new DreyError('body_too_large', 'the issuer answers with too much');
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: response.status, headers: response.headers });
}

/** Whether the failure says nothing about the token. */
function isAway(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return true;
  if (error instanceof errors.JOSEError) return error.code === 'ERR_JOSE_GENERIC';
  return !(error instanceof DreyError);
}

/** In our words: what a library says of a token could hold parts of it. */
function toReason(error: unknown): string {
  if (error instanceof DreyError) return error.message;
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `its claim "${error.claim}" is not what it must be here`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its algorithm is not allowed';
  if (error instanceof errors.JWKSNoMatchingKey) return 'its key is not one of its issuer';
  return 'its signature or form is wrong';
}

function setBounded<V>(map: Map<string, V>, id: string, value: V, max: number): void {
  map.delete(id);
  map.set(id, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
