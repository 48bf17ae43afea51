/**
 * What stands in a secret's place: `[redacted:<kind>:<mark>]`. The mark is a keyed hash, the same for equal secrets of one
 * namespace; without the key nobody can test guesses, and two namespaces cannot be compared.
 */
import { createHmac, hash } from 'node:crypto';

/** How every token begins. */
export const tokenStart = '[redacted:';

const shape = String.raw`\[redacted:[a-z0-9]{1,20}:[0-9a-f]{8,16}\]`;

/** A text that is one token and nothing else. */
export const wholeToken = new RegExp(`^${shape}$`);
/** Every token in a text; without a group, for finding places. */
export const everyToken = new RegExp(shape, 'g');

/** Hexadecimal characters of a mark: 2^48 values, so that a million secrets of one namespace rarely share one. */
const markCharacters = 12;

/** Makes the tokens and hashes of one namespace. */
export interface Marker {
  token(kind: string, secret: string): string;
  /** A hash of bytes that may hold a secret; nobody without the key can test guesses against it. */
  digest(bytes: string | Uint8Array): string;
}

/** Creates the marker of a namespace. */
export function createMarker(key: string | Uint8Array, namespace: string): Marker {
  // Digested first, so that neither length nor content of the key meets a secret in the clear.
  const own = createHmac('sha256', hash('sha256', key, 'buffer'))
    .update(namespace)
    .digest('hex');
  return {
    // In one go, since a text may hold thousands; the key goes first and always has one length.
    token: (kind, secret) =>
      `[redacted:${kind}:${hash('sha256', `${own}:${secret}`, 'hex').slice(0, markCharacters)}]`,
    digest: (bytes) => createHmac('sha256', own).update(bytes).digest('hex'),
  };
}
