/**
 * Which texts look as if chance had made them: keys and tokens, as against names, paths, hashes, UUIDs and numbers of
 * things, which learning needs. Hexadecimal and one-case text never counts: there an id looks like a key.
 */

/** Shorter runs are ids of things too often. */
export const randomCharactersMin = 32;
const segmentCharactersMin = 16;
const awsSecretCharacters = 40;

/** True for a run of letters, digits, `_` and `-` (or `+`, `/`, `=`) that nobody would write or choose. */
export function isRandom(run: string): boolean {
  if (run.length < randomCharactersMin) return false;
  if (
    run.length === awsSecretCharacters &&
    /^[A-Za-z0-9/+]+$/.test(run) &&
    hasAllCases(run) &&
    toBits(run) >= 4.4
  ) {
    return !/[a-z]{7}/.test(run);
  }
  return run.split(/[-_/+=]/).some(isRandomSegment);
}

function isRandomSegment(segment: string): boolean {
  if (segment.length < segmentCharactersMin || !hasAllCases(segment)) return false;
  if ((segment.match(/\d+/g)?.length ?? 0) < 2) return false;
  let changes = 0;
  for (let at = 1; at < segment.length; at += 1) {
    if (toCase(segment.charCodeAt(at)) !== toCase(segment.charCodeAt(at - 1))) changes += 1;
  }
  return changes / (segment.length - 1) >= 0.4 && toBits(segment) >= 3.5;
}

function hasAllCases(text: string): boolean {
  return /[a-z]/.test(text) && /[A-Z]/.test(text) && /\d/.test(text);
}

function toCase(code: number): number {
  if (code >= 97) return 2;
  return code >= 65 ? 1 : 0;
}

/** Shannon's entropy of a text in bits a character. */
export function toBits(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
