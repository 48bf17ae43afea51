/**
 * What an API key looks like: `drey_<id>_<secret>_<checksum>`. The prefix is for people and scanners, the id finds the
 * row, the secret proves, and the checksum tells a typo without asking anybody. The house keeps a digest only.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

export const keyPrefix = 'drey_';
const pattern = /^drey_([a-z2-7]{16})_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/;
const idAlphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const idCharacters = 16;
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 32 bytes. */
const secretCharacters = 43;
const sumCharacters = 6;

/** A key that was made now; the text is shown to one person, once. */
export interface MadeKey {
  readonly keyId: string;
  readonly text: string;
  readonly digest: string;
}

/** Makes a key; `random` gives 16 fresh bytes at a time. */
export function makeKey(random: () => Uint8Array): MadeKey {
  const [forId, one, two] = [random(), random(), random()];
  const keyId = Array.from(forId.subarray(0, idCharacters), (byte) => idAlphabet.charAt(byte & 31)).join('');
  const secret = toBase62(BigInt(`0x${toHex(one)}${toHex(two)}`), secretCharacters);
  const body = `${keyPrefix}${keyId}_${secret}`;
  const text = `${body}_${toChecksum(body)}`;
  return { keyId, text, digest: toKeyDigest(text).toString('hex') };
}

/** The id in a key that is written right; undefined for anything else. */
export function readKeyId(text: string): string | undefined {
  const [whole, keyId, , sum] = pattern.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return toChecksum(whole.slice(0, -sumCharacters - 1)) === sum ? keyId : undefined;
}

/** What is stored of a key. It holds 256 random bits, so that a slow hash would protect nothing. */
export function toKeyDigest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Compares a shown key with a stored digest, in the same time whatever they are. */
export function isKeyOf(text: string, digest: Buffer): boolean {
  return digest.length === 32 && timingSafeEqual(toKeyDigest(text), digest);
}

function toChecksum(body: string): string {
  return toBase62(BigInt(crc32(body)), sumCharacters);
}

function toBase62(value: bigint, characters: number): string {
  let rest = value;
  let text = '';
  for (let index = 0; index < characters; index += 1) {
    text = base62.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
