/**
 * `drey auth`: a person lets us into an upstream, once. Discovery, registration, PKCE and the exchange are the SDK's;
 * ours are the address on loopback to which the browser comes back, the check of the state, and what is kept.
 */
import {
  auth,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { randomBytes } from 'node:crypto';
import { DreyError, isDreyError } from '../../machines/words/errors.ts';
import type { Environment } from './child.ts';
import { redact, resolveConfig, type HttpUpstream, type UpstreamConfig } from './config.ts';
import { joinScopes, readChallenge, readRefusal, removeChallenge } from './challenges.ts';
import { readGrant, toExpiry, toGrantName, writeGrant, type Vault } from './grants.ts';
import { listenForCode, type CodeListener } from './loopback.ts';

export interface AuthorizeOptions {
  readonly alias: string;
  readonly config: UpstreamConfig;
  readonly env: Environment;
  readonly vault: Vault;
  /** Where each principal has a grant of its own. */
  readonly principal?: string | undefined;
  readonly now: () => number;
  /** Shows the address where the person decides. */
  readonly show: (address: string) => void;
  /** The person has this long. */
  readonly timeoutMs: number;
}

/** One request to a server during discovery and exchange. */
const requestMs = 30_000;

/** Resolves when the grant is kept; rejects with one sentence why there is none. */
export async function authorizeUpstream(options: AuthorizeOptions): Promise<void> {
  const { alias, env, principal, vault, now } = options;
  const variables = principal === undefined ? env : { ...env, DREY_PRINCIPAL: principal };
  const { config, secrets } = resolveConfig(alias, options.config, variables);
  if (!('url' in config))
    throw new DreyError(
      'argument_invalid',
      `the upstream "${alias}" is a program; only servers over HTTP ask for authorization`,
    );
  const listener = await listenForCode(config.oauth?.redirectPort);
  try {
    const flow = new Flow(config, listener, options.show);
    const asked = await askWhatIsNeeded(alias, config, { vault, name: toGrantName(alias, principal) });
    await auth(flow, asked);
    const { code, iss } = await listener.code(flow.stateText, options.timeoutMs);
    await auth(flow, { ...asked, authorizationCode: code, ...(iss === undefined ? {} : { iss }) });
    writeGrant(vault, toGrantName(alias, principal), flow.toGrant(config.url, now()));
    removeChallenge(vault, toGrantName(alias, principal));
  } catch (error) {
    if (isDreyError(error)) throw error;
    const why = redact(error instanceof Error ? error.message : String(error), secrets);
    throw new DreyError('upstream_unauthorized', `the upstream "${alias}" was not authorized: ${why}`, {
      cause: error,
    });
  } finally {
    await listener.close();
  }
}

type Asked = Parameters<typeof auth>[1];

/**
 * Knocks without a token: the refusal names where to ask. Servers that let anybody in and refuse later have told us what
 * they need when they did.
 */
async function askWhatIsNeeded(
  alias: string,
  config: HttpUpstream,
  { vault, name }: { readonly vault: Vault; readonly name: string },
): Promise<Asked> {
  const { url, oauth } = config;
  const told = readChallenge(vault, name, url);
  const response = await knock(config);
  await response.body?.cancel();
  if (response.status !== 401 && told === undefined) {
    const sentence = `the upstream "${alias}" does not ask for authorization: it answered ${response.status}, not 401`;
    throw new DreyError('argument_invalid', sentence);
  }
  const knocked = readRefusal(url, response.status, response.headers.get('www-authenticate') ?? undefined);
  const metadata = knocked?.resourceMetadataUrl ?? told?.resourceMetadataUrl;
  // What was granted stays granted: a token for the new thing alone would lose the old.
  const granted = readGrant(vault, name, url)?.tokens.scope;
  const scope = joinScopes(oauth?.scope ?? knocked?.scope, granted, told?.scope);
  return {
    serverUrl: url,
    fetchFn: fetchBounded,
    ...(metadata === undefined ? {} : { resourceMetadataUrl: new URL(metadata) }),
    ...(scope === undefined ? {} : { scope }),
  };
}

function knock({ url, headers }: HttpUpstream): Promise<Response> {
  return fetchBounded(url, {
    method: 'POST',
    headers: {
      ...headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    // The headers may carry secrets.
    redirect: 'manual',
  });
}

function fetchBounded(url: string | URL, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, signal: AbortSignal.timeout(requestMs) });
}

/** One authorization under way, in memory only. */
class Flow implements OAuthClientProvider {
  readonly stateText = randomBytes(32).toString('base64url');
  readonly redirectUrl: string;
  readonly #config: HttpUpstream;
  readonly #show: (address: string) => void;
  #client: StoredOAuthClientInformation | undefined;
  #tokens: StoredOAuthTokens | undefined;
  #discovery: OAuthDiscoveryState | undefined;
  #verifier = '';

  constructor(config: HttpUpstream, listener: CodeListener, show: (address: string) => void) {
    const { clientId, clientSecret } = config.oauth ?? {};
    this.redirectUrl = listener.address;
    this.#config = config;
    this.#show = show;
    if (clientId !== undefined)
      this.#client = {
        client_id: clientId,
        ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
      };
  }

  get clientMetadata(): OAuthClientProvider['clientMetadata'] {
    const { clientSecret, scope } = this.#config.oauth ?? {};
    return {
      client_name: 'Drey',
      redirect_uris: [this.redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: clientSecret === undefined ? 'none' : 'client_secret_post',
      ...(scope === undefined ? {} : { scope }),
    };
  }

  state(): string {
    return this.stateText;
  }

  clientInformation(): StoredOAuthClientInformation | undefined {
    return this.#client;
  }

  saveClientInformation(client: StoredOAuthClientInformation): void {
    this.#client = client;
  }

  tokens(): StoredOAuthTokens | undefined {
    return this.#tokens;
  }

  saveTokens(tokens: StoredOAuthTokens): void {
    this.#tokens = tokens;
  }

  redirectToAuthorization(address: URL): void {
    this.#show(address.href);
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  saveDiscoveryState(discovery: OAuthDiscoveryState): void {
    this.#discovery = discovery;
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#discovery;
  }

  /** All that came of it. */
  toGrant(address: string, now: number): Parameters<typeof writeGrant>[2] {
    if (this.#client === undefined || this.#tokens === undefined || this.#discovery === undefined)
      throw new Error('the authorization server gave no tokens');
    return {
      address,
      client: this.#client,
      tokens: this.#tokens,
      discovery: this.#discovery,
      expiresAt: toExpiry(this.#tokens, now),
    };
  }
}
