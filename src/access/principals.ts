/**
 * Who may come in. On loopback, with a valid Host and Origin and no Authorization, the caller is the node's local
 * principal; everywhere else a bearer token is asked for. A browser that was tricked into calling us (DNS rebinding,
 * a foreign page) is refused before anything else is looked at.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ErrorCode } from '../../machines/words/errors.ts';
import { ownerScopes } from '../../machines/words/scopes.ts';

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

export type Admission =
  | { readonly ok: true; readonly principal: Principal }
  | { readonly ok: false; readonly status: 401 | 403; readonly code: ErrorCode; readonly sentence: string };

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
}

export interface Door {
  admit(request: AdmissionRequest): Admission;
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];
const charactersMax = 4_096;

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
  return {
    admit(request) {
      const host = request.host?.toLowerCase();
      if (host === undefined || (!isAnyHost && !hosts.has(host))) {
        return refuse(
          403,
          'permission_denied',
          'this Host is not ours; add it to allowedHosts if it should be',
        );
      }
      if (request.origin !== undefined && !origins.has(request.origin.toLowerCase())) {
        return refuse(
          403,
          'permission_denied',
          'this Origin may not call us; add it to allowedOrigins if it should',
        );
      }
      const local = options.loopback && isLoopback(request.remoteAddress);
      if (request.authorization !== undefined) {
        return isTokenOf(request.authorization, options.token)
          ? { ok: true, principal: principal(local) }
          : refuse(
              401,
              'principal_unknown',
              "the token is not this node's; its token file holds the right one",
            );
      }
      if (local && !options.requireToken) return { ok: true, principal: principal(true) };
      return refuse(
        401,
        'principal_unknown',
        'a token is needed here; send Authorization: Bearer and the token',
      );
    },
  };
}

function refuse(status: 401 | 403, code: ErrorCode, sentence: string): Admission {
  return { ok: false, status, code, sentence };
}

/** An unknown address counts as local: the listener itself is bound to loopback then. */
function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return true;
  return address === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/i.test(address);
}

/** Compares digests, so that neither content nor length of the token can be timed. */
function isTokenOf(authorization: string, token: string | undefined): boolean {
  if (token === undefined || token.trim() === '' || authorization.length > charactersMax) return false;
  const given = /^bearer +([^\s]+)$/i.exec(authorization)?.[1];
  if (given === undefined) return false;
  return timingSafeEqual(toSha(given), toSha(token.trim()));
}

function toSha(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
