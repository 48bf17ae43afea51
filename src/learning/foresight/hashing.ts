/** Numbers for texts, the same on every machine. What is hashed cannot be read back: nothing of a result is kept in clear. */

/** A number from 0 to 2^32 - 1 for a text (FNV-1a, mixed). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash, 0);
}

/** A whole number below 2^53 for a text: for telling texts apart without keeping them. */
export function hashWide(text: string): number {
  let one = 0x811c9dc5;
  let other = 0x1b873593;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, 0x01000193);
    other = Math.imul(((other << 13) | (other >>> 19)) + code, 0x5bd1e995);
  }
  return mix(one, other) * 0x200000 + (mix(other, one) >>> 11);
}

/** One number of two. */
export function mix(one: number, other: number): number {
  let mixed = Math.imul(one ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(other + 0x7f4a7c15, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x297a2d39);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
