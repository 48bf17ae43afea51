/**
 * Text that was wrapped: base64 of either alphabet (in one line or in lines of a mail) and hexadecimal. What it says is
 * shown to whoever looks for secrets; what does not decode to plain text is none.
 */

import { isUtf8 } from 'node:buffer';

/** Runs that may hold text; shorter ones cannot hold a secret. */
const runs = /[A-Za-z0-9+/_-]{16,}={0,2}/g;
/** The same, also in lines of a mail or of a certificate. */
const runsInLines =
  /(?:[A-Za-z0-9+/]{76}\r?\n){1,4000}[A-Za-z0-9+/]{0,76}={0,2}|(?:[A-Za-z0-9+/]{64}\r?\n){1,4000}[A-Za-z0-9+/]{0,64}={0,2}|[A-Za-z0-9+/_-]{16,}={0,2}/g;
const fullLine = /[A-Za-z0-9+/]{64}\r?\n/;
const decodedBytesMax = 256 * 1024;
/** Looked at first, so that the many runs that are words or ids cost little. */
const probeCharacters = 16;
/** Pieces of a path that are looked at. */
const piecesMax = 64;

export interface Wrapped {
  readonly start: number;
  readonly end: number;
  /** What the run says. */
  readonly text: string;
}

/** Every run of a text that says something when it is unwrapped. */
export function findWrapped(text: string): Wrapped[] {
  const found: Wrapped[] = [];
  for (const match of text.matchAll(fullLine.test(text) ? runsInLines : runs)) {
    for (const { at, run } of toParts(match[0])) {
      const said = unwrap(run);
      if (said === undefined) continue;
      found.push({ start: match.index + at, end: match.index + at + run.length, text: said });
      break;
    }
  }
  return found;
}

/** The whole run, or what stands in it between slashes, or behind a path or a name. */
function toParts(run: string): { at: number; run: string }[] {
  const parts = [{ at: 0, run }];
  let start = 0;
  for (const piece of run.includes('/') ? run.split('/', piecesMax) : []) {
    if (piece.length >= probeCharacters) parts.push({ at: start, run: piece });
    start += piece.length + 1;
  }
  for (const sign of ['/', '_', '-']) {
    const at = run.lastIndexOf(sign) + 1;
    if (at > 0 && run.length - at >= probeCharacters) parts.push({ at, run: run.slice(at) });
  }
  return parts;
}

function unwrap(run: string): string | undefined {
  if (run.length > decodedBytesMax) return undefined;
  const encodings = /^[0-9A-Fa-f]+$/.test(run) ? (['hex', 'base64'] as const) : (['base64'] as const);
  for (const encoding of encodings) {
    if (!isPlain(Buffer.from(run.slice(0, probeCharacters), encoding))) continue;
    const bytes = Buffer.from(run, encoding);
    const said = bytes.length >= 6 && isPlain(bytes) ? readText(bytes) : undefined;
    if (said !== undefined) return said;
  }
  return undefined;
}

/** Asked first, since most runs are no text, and a decoder that throws costs more than all the rest. */
function readText(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? decoder.decode(bytes) : undefined;
}

const decoder = new TextDecoder();

/** No control characters but those of lines. */
function isPlain(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  for (const byte of bytes) {
    if (byte < 32 ? byte !== 9 && byte !== 10 && byte !== 13 : byte === 127) return false;
  }
  return true;
}
