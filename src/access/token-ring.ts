/**
 * Access tokens at the door: a valid token names an issuer's subject, and the database says which agent of which
 * namespace that is. Scopes are the token's, as far as we know them.
 */
import { Scope } from '../../machines/words/scopes.ts';
import { toDigest } from '../../machines/words/ids.ts';
import type { Admission } from './principals.ts';
import { Confirmed } from './confirmed.ts';
import type { ConfirmedOptions, Found } from './confirmed.ts';
import { toPrincipalId } from './principal-id.ts';
import { cannotTell, refuse, sendAway } from './refusals.ts';
import type { Refused } from './refusals.ts';
import { Tokens } from './tokens.ts';
import type { Claims, TokenSettings } from './token-words.ts';

/** One agent that a subject is. */
export interface IdentityRecord {
  readonly subject: string;
  readonly namespace: string;
  readonly agent: string;
  readonly isEnded: boolean;
}

export interface TokenRingOptions {
  readonly settings: TokenSettings & {
    /** What every token must carry. */
    readonly requiredScopes: readonly string[];
    /** The claim that says which namespace is meant, for a subject that is known in several. */
    readonly namespaceClaim?: string | undefined;
    /** What clients are told to identify us by. */
    readonly resource: string;
  };
  readonly find: (subjects: readonly string[]) => Promise<readonly IdentityRecord[]>;
  /** Makes an agent of an unknown subject; without it unknown subjects are refused. */
  readonly adopt?: ((subject: string) => Promise<IdentityRecord>) | undefined;
  readonly clock: ConfirmedOptions<readonly IdentityRecord[]>['clock'] & { now(): number };
  readonly times?: ConfirmedOptions<readonly IdentityRecord[]>['times'];
}

const busyMs = 1_000;

/** The tokens that were shown lately. */
export class TokenRing {
  readonly #options: TokenRingOptions;
  readonly #tokens: Tokens;
  readonly #identities: Confirmed<readonly IdentityRecord[]>;
  /** The document of RFC 9728. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly #metadataUrl: string;

  constructor(options: TokenRingOptions) {
    const { settings, find, clock, times } = options;
    this.#options = options;
    this.#tokens = new Tokens(settings, () => clock.now());
    this.#identities = new Confirmed({
      clock,
      ...(times === undefined ? {} : { times }),
      ask: async (subjects) => groupBySubject(await find(subjects)),
    });
    this.metadata = {
      resource: settings.resource,
      authorization_servers: [settings.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: Scope.options,
      resource_name: 'Drey',
    };
    const { origin, pathname } = new URL(settings.resource);
    this.#metadataUrl = `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
  }

  /** At once for a token that was shown a moment ago. */
  admit(token: string): Admission | Promise<Admission> {
    const verified = this.#tokens.verify(token);
    return verified instanceof Promise ? verified.then((one) => this.#admit(one)) : this.#admit(verified);
  }

  /** The challenge of a request without a token, or with one that lacks these scopes. */
  toChallenge(error?: 'invalid_token' | 'insufficient_scope', scope?: string): string {
    const { requiredScopes } = this.#options.settings;
    const wanted = [...new Set([...requiredScopes, ...(scope?.split(' ') ?? [])])].join(' ');
    const parts = [
      ...(error === undefined ? [] : [`error="${error}"`]),
      `resource_metadata="${this.#metadataUrl}"`,
      ...(wanted === '' ? [] : [`scope="${wanted}"`]),
    ];
    return `Bearer ${parts.join(', ')}`;
  }

  /** An agent changed somewhere, or a subject was given one. */
  forgetAll(): void {
    this.#identities.forgetWhere(() => true);
  }

  close(): void {
    this.#identities.close();
  }

  #admit(verified: Awaited<ReturnType<Tokens['verify']>>): Admission | Promise<Admission> {
    if (verified.state === 'away') return sendAwayFromIssuer;
    if (verified.state === 'invalid')
      return this.#refuse(`the access token is of no use here: ${verified.why}`);
    const { claims } = verified;
    const lacking = this.#options.settings.requiredScopes.filter((one) => !claims.scopes.includes(one));
    if (lacking.length > 0) {
      const sentence = `the access token lacks ${lacking.join(', ')}; ask for one that has it`;
      const challenge = this.toChallenge('insufficient_scope');
      return { ...refuse(403, 'permission_denied', sentence), challenge };
    }
    const found = this.#identities.look(claims.subject);
    return found instanceof Promise
      ? found.then((one) => this.#judge(one, claims))
      : this.#judge(found, claims);
  }

  #judge(found: Found<readonly IdentityRecord[]>, claims: Claims): Admission | Promise<Admission> {
    if (found.state === 'away') return cannotTell;
    if (found.state === 'busy') return sendAway(busyMs);
    if (found.state === 'unknown') return this.#adopt(claims);
    return this.#choose(found.value, claims);
  }

  #choose(records: readonly IdentityRecord[], claims: Claims): Admission {
    const { namespaceClaim } = this.#options.settings;
    const claimed = namespaceClaim === undefined ? undefined : claims.others[namespaceClaim];
    const meant = records.filter(({ namespace }) => claimed === undefined || namespace === claimed);
    const [only, ...others] = meant;
    if (only === undefined || others.length > 0 || only.isEnded) return this.#refuseSubject();
    const { namespace, agent } = only;
    return {
      ok: true,
      principal: {
        id: toPrincipalId(namespace, agent),
        namespace,
        local: false,
        mayNameNamespaces: false,
        scopes: claims.scopes.filter((one) => Scope.safeParse(one).success),
        agent,
        credential: `token of ${toDigest(claims.subject).slice(0, 16)}`,
      },
    };
  }

  #adopt(claims: Claims): Admission | Promise<Admission> {
    const { adopt } = this.#options;
    if (adopt === undefined) return this.#refuseSubject();
    return adopt(claims.subject).then(
      (record) => {
        this.#identities.forget(claims.subject);
        return this.#choose([record], claims);
      },
      () => cannotTell,
    );
  }

  #refuseSubject(): Refused {
    return this.#refuse(
      'nobody here is known by the subject of this access token; an administrator can bind it to an agent',
    );
  }

  #refuse(sentence: string): Refused {
    return { ...refuse(401, 'principal_unknown', sentence), challenge: this.toChallenge('invalid_token') };
  }
}

const sendAwayFromIssuer: Refused = {
  ok: false,
  status: 503,
  code: 'upstream_unavailable',
  sentence:
    'the authorization server does not give its keys out now, so that no token can be checked; try again in a moment',
  retryAfterMs: 2_000,
};

function groupBySubject(records: readonly IdentityRecord[]): ReadonlyMap<string, readonly IdentityRecord[]> {
  const groups = new Map<string, IdentityRecord[]>();
  for (const record of records) {
    const group = groups.get(record.subject) ?? [];
    group.push(record);
    groups.set(record.subject, group);
  }
  return groups;
}
