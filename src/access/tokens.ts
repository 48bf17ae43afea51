/**
 * Access tokens of an authorization server (OAuth 2.1, the resource server's side): whether one was made by that issuer,
 * for us, and is of use now. A token is never stored, logged or passed on; what is remembered of one is its digest.
 */
import { createHash } from 'node:crypto';
import type { Judge } from './judge-token.ts';
import { skewSeconds } from './token-words.ts';
import type { Claims, TokenSettings, Verified } from './token-words.ts';

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

const charactersMax = 8 * 1024;
/** Tokens remembered as valid, and how long until one is verified anew: its issuer may have withdrawn the key. */
const validMax = 10_000;
const validMs = 300_000;
const invalidMax = 2_000;
const invalidMs = 10_000;
/** Verifications at a time; each of them costs a signature. */
const verifyingMax = 64;

/** Verifies tokens of one issuer. */
export class Tokens {
  readonly #settings: TokenSettings;
  readonly #now: () => number;
  readonly #valid = new Map<string, { readonly claims: Claims; readonly untilMs: number }>();
  readonly #invalid = new Map<string, { readonly why: string; readonly untilMs: number }>();
  #judge: Promise<Judge> | undefined;
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
    let judge: Judge;
    try {
      judge = await (this.#judge ??= openJudge(this.#settings));
    } catch {
      this.#judge = undefined;
      return { state: 'away' };
    }
    const judged = await judge(token, this.#now());
    this.#remember(digest, judged);
    return judged;
  }

  #remember(digest: string, judged: Verified): void {
    const now = this.#now();
    if (judged.state === 'valid') {
      const { claims } = judged;
      const untilMs = Math.min(claims.expiresAtMs + skewSeconds * 1_000, now + validMs);
      setBounded(this.#valid, digest, { claims, untilMs }, validMax);
    } else if (judged.state === 'invalid') {
      setBounded(this.#invalid, digest, { why: judged.why, untilMs: now + invalidMs }, invalidMax);
    }
  }
}

/** Loaded with the first token: most nodes never see one, and a start should not wait for it. */
async function openJudge(settings: TokenSettings): Promise<Judge> {
  const { createJudge } = await import('./judge-token.ts');
  return createJudge(settings);
}

function setBounded<V>(map: Map<string, V>, id: string, value: V, max: number): void {
  map.delete(id);
  map.set(id, value);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
