/**
 * Names and identifiers: namespaces, actor addresses, UUIDv7 ids with their one-letter prefixes. Everything here is
 * pure: the clock and chance are arguments, and nothing that could act as a NATS wildcard ever passes.
 */
import { hash } from 'node:crypto';
import { v7 } from 'uuid';
import { z } from 'zod';
import { DreyError } from './errors.ts';

/** The letter that opens an id of each kind in subjects and addresses. */
export const idPrefixes = {
  breaker: 'b',
  call: 'k',
  context: 'c',
  episode: 'e',
  event: 'v',
  feedback: 'f',
  injection: 'i',
  learning: 'l',
  memory: 'm',
  node: 'n',
  pattern: 'a',
  resource: 'r',
  run: 'u',
  session: 's',
  sop: 'p',
  task: 't',
  tool: 'o',
  worker: 'w',
} as const;

export type IdKind = keyof typeof idPrefixes;

/** The namespace of the node's own actors. */
export const systemNamespace = '_system';
export const defaultNamespace = 'default';

/** 1 to 255 characters of a-z, 0-9, `_` and `-`: a single NATS token. */
export const Namespace = z
  .string()
  .regex(/^[a-z0-9_-]{1,255}$/, 'a namespace has 1 to 255 characters of a-z, 0-9, _ and -');
export type Namespace = z.infer<typeof Namespace>;

/** One token of a subject: an actor's or a fact's id. */
export const Token = z
  .string()
  .regex(/^[a-z0-9_-]{1,128}$/, 'an id has 1 to 128 characters of a-z, 0-9, _ and -');

/** Kinds of actor that have an address on the bus. */
export const ActorKind = z.enum([
  'audit',
  'node',
  'session',
  'context',
  'breaker',
  'resource',
  'learning',
  'worker',
  'sop',
  'run',
  'pattern',
  'memory',
  'tool',
  'agent',
]);
export type ActorKind = z.infer<typeof ActorKind>;

export const Address = z.object({ namespace: Namespace, kind: ActorKind, id: Token });
export type Address = z.infer<typeof Address>;

/** `namespace/kind/id`, as people and logs write it. */
export function toAddressText(address: Address): string {
  return `${address.namespace}/${address.kind}/${address.id}`;
}

/** Reads `namespace/kind/id`; throws `argument_invalid`. */
export function parseAddress(text: string): Address {
  const [namespace, kind, id, ...rest] = text.split('/');
  const parsed = Address.safeParse({ namespace, kind, id });
  if (!parsed.success || rest.length > 0) {
    throw new DreyError(
      'argument_invalid',
      `"${text}" is no address; write namespace/kind/id, for instance default/session/s-01jx`,
    );
  }
  return parsed.data;
}

/** The slug a display name gets when its namespace is created: lower case, other characters become `-`. */
export function toNamespace(displayName: string): Namespace {
  const slug = displayName
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 200);
  return slug === displayName ? slug : `${slug || 'ns'}-${toDigest(displayName).slice(0, 8)}`;
}

/** A token made of free text (an upstream's alias, a worker's name); throws nothing, never empty. */
export function toToken(text: string): string {
  const slug = text
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .slice(0, 100);
  return slug === text && slug !== '' ? slug : `${slug}-${toDigest(text).slice(0, 8)}`;
}

/** Clock and chance, handed in: milliseconds since the epoch, and 16 random bytes. */
export interface IdSource {
  readonly now: () => number;
  readonly random: () => Uint8Array;
}

/** A fresh UUIDv7 (RFC 9562) in lower case, without prefix. */
export function createUuid(source: IdSource): string {
  return v7({ msecs: source.now(), random: source.random() });
}

/** A fresh id with its kind's prefix: `s-018f…`. */
export function createId(kind: IdKind, source: IdSource): string {
  return `${idPrefixes[kind]}-${createUuid(source)}`;
}

/** sha-256 in hexadecimal. */
export function toDigest(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex');
}

/** A UUID that is a pure function of its parts: the same natural identity gives the same id (RFC 9562, version 8). */
export function toStableUuid(...parts: readonly string[]): string {
  const hex = toDigest(parts.map((part) => `${part.length}:${part}`).join('|'));
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** A stable id with its kind's prefix. */
export function toStableId(kind: IdKind, ...parts: readonly string[]): string {
  return `${idPrefixes[kind]}-${toStableUuid(kind, ...parts)}`;
}
