/**
 * Who may come in. On loopback, with a valid Host and Origin and no Authorization, the caller is the node's local
 * principal; everywhere else a bearer token is asked for. A browser that was tricked into calling us (DNS rebinding,
 * a foreign page) is refused before anything else is looked at.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { ownerScopes } from '../../machines/words/scopes.ts';
import { keyPrefix } from './api-keys.ts';
import type { KeyRing } from './key-ring.ts';
import { refuse } from './refusals.ts';
import type { Refused } from './refusals.ts';
import { Tickets } from './tickets.ts';
import type { TokenRing } from './token-ring.ts';

/** Who is calling. */
export interface Principal {
  readonly id: string;
  /** Where its calls and SOPs go when it names no namespace. */
  readonly namespace: string;
  readonly local: boolean;
  readonly mayNameNamespaces: boolean;
  readonly scopes: readonly string[];
  /** The agent whose key or token was shown, by its name in the namespace; undefined for the node's own user. */
  readonly agent?: string | undefined;
  /** Which key or token let it in, as it may be logged: never the secret. */
  readonly credential?: string | undefined;
}

/** What of a request decides. */
export interface AdmissionRequest {
  readonly authorization?: string | undefined;
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly remoteAddress?: string | undefined;
}

export type Admission = { readonly ok: true; readonly principal: Principal } | Refused;

export interface DoorOptions {
  /** Ask for the token on loopback, too. */
  readonly requireToken: boolean;
  /** The content of the node's token file; without one no token is right. */
  readonly token: string | undefined;
  /** Whether the node listens on loopback only. */
  readonly loopback: boolean;
  /** Further values of Host, `name` or `name:port`, for a node behind a proxy. */
  readonly allowedHosts: readonly string[];
  /** Further values of Origin, `https://name[:port]`. */
  readonly allowedOrigins: readonly string[];
  /** The port the node listens on. */
  readonly port: number;
  /** The namespace of callers that name none. Default `default`. */
  readonly namespace?: string;
  /** Keys of agents; without it there are none. */
  readonly keys?: Pick<KeyRing, 'admit'> | undefined;
  /** Access tokens of an authorization server; without it none is taken. */
  readonly tokens?: Pick<TokenRing, 'admit' | 'toChallenge'> | undefined;
}

export interface Door {
  /** At once for the node's own user and for everybody who was here a moment ago. */
  admit(request: AdmissionRequest): Admission | Promise<Admission>;
  /** Somebody who was admitted by another node comes in here, once: the value of `Authorization` to show. */
  vouch(principal: Principal): string;
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];
const charactersMax = 8 * 1024 + 16;

/** Creates the door of one listening address. */
export function createDoor(options: DoorOptions): Door {
  const hosts = new Set(options.allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(options.allowedOrigins.map((origin) => origin.toLowerCase()));
  for (const name of loopbackNames) {
    hosts.add(`${name}:${options.port}`);
    origins.add(`http://${name}:${options.port}`);
    if (options.port === 80) {
      hosts.add(name);
      origins.add(`http://${name}`);
    }
  }
  // A node on a public address without a list of names cannot know its own; there the token alone protects it.
  const isAnyHost = !options.loopback && options.allowedHosts.length === 0;
  const principal = (local: boolean): Principal => ({
    id: 'local',
    namespace: options.namespace ?? 'default',
    local,
    mayNameNamespaces: true,
    scopes: ownerScopes,
  });
  const tickets = new Tickets();
  const { keys, tokens } = options;
  const admitBearer = (bearer: string, request: AdmissionRequest, local: boolean) => {
    if (keys !== undefined && bearer.startsWith(keyPrefix))
      return keys.admit(bearer, request.remoteAddress ?? '');
    if (isSame(bearer, options.token)) return { ok: true, principal: principal(local) } as const;
    if (tokens !== undefined && looksLikeToken(bearer)) return tokens.admit(bearer);
    return { ...wrongToken, challenge: tokens?.toChallenge('invalid_token') };
  };
  return {
    admit(request) {
      const { authorization, origin } = request;
      const host = request.host?.toLowerCase();
      if (host === undefined || (!isAnyHost && !hosts.has(host))) return wrongHost;
      if (origin !== undefined && !origins.has(origin.toLowerCase())) return wrongOrigin;
      const local = options.loopback && isLoopback(request.remoteAddress);
      if (authorization === undefined)
        return local && !options.requireToken
          ? { ok: true, principal: principal(true) }
          : { ...noToken, challenge: tokens?.toChallenge() };
      const vouched = tickets.take(authorization);
      if (vouched !== undefined) return { ok: true, principal: vouched };
      const bearer = readBearer(authorization);
      if (bearer === undefined) return { ...wrongToken, challenge: tokens?.toChallenge('invalid_token') };
      return admitBearer(bearer, request, local);
    },
    vouch: (admitted) => tickets.give(admitted),
  };
}

const wrongHost = refuse(
  403,
  'permission_denied',
  'this Host is not ours; add it to allowedHosts if it should be',
);
const wrongOrigin = refuse(
  403,
  'permission_denied',
  'this Origin may not call us; add it to allowedOrigins if it should',
);
const wrongToken = refuse(
  401,
  'principal_unknown',
  "the token is not this node's; its token file holds the right one, and `drey keys create` makes a key",
);
const noToken = refuse(
  401,
  'principal_unknown',
  'a key or token is needed here; send Authorization: Bearer and the key',
);

/** An unknown address counts as local: the listener itself is bound to loopback then. */
function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return true;
  return address === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(address);
}

/** Three parts of base64url, as a signed token has them. */
function looksLikeToken(bearer: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(bearer);
}

function readBearer(authorization: string): string | undefined {
  if (authorization.length > charactersMax) return undefined;
  return /^bearer +([^\s]+)$/i.exec(authorization)?.[1];
}

/** Compares digests, so that neither content nor length of the token can be timed. */
function isSame(given: string, token: string | undefined): boolean {
  if (token === undefined || token.trim() === '') return false;
  return timingSafeEqual(toSha(given), toSha(token.trim()));
}

function toSha(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
