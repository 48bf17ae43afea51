/**
 * Judges one access token by the keys of its issuer: signature, issuer, audience and times (RFC 9068), told in our own
 * words. It keeps nothing of a token, and asks the issuer for nothing but where its keys are and the keys.
 */
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { DreyError } from '../../machines/words/errors.ts';
import { skewSeconds } from './token-words.ts';
import type { Claims, TokenSettings, Verified } from './token-words.ts';

const documentBytesMax = 256 * 1024;
const fetchMs = 5_000;
const keysMs = 600_000;
const keysRestMs = 10_000;

/** Says what a token is worth at a time (milliseconds since the epoch); never throws. */
export type Judge = (token: string, nowMs: number) => Promise<Verified>;

/** Finds the issuer's keys; throws when the issuer cannot be asked. */
export async function createJudge(settings: TokenSettings): Promise<Judge> {
  const keys = await openKeys(settings);
  const { issuer, audience, algorithms } = settings;
  return async (token, nowMs) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience: [...audience],
        algorithms: [...algorithms],
        clockTolerance: skewSeconds,
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(nowMs),
      });
      return { state: 'valid', claims: toClaims(payload, audience) };
    } catch (error) {
      return isAway(error) ? { state: 'away' } : { state: 'invalid', why: toReason(error) };
    }
  };
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
