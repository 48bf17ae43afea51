/**
 * The headers a 2026-07-28 request must repeat from its body, so that intermediaries can route without reading it: a
 * disagreement means that somebody on the way was misled, and is refused.
 */
import type { IncomingMessage } from 'node:http';

/** The standard headers, each as one value. */
export interface StandardHeaders {
  readonly version: string | undefined;
  readonly method: string | undefined;
  readonly name: string | undefined;
}

const standardNames = ['mcp-protocol-version', 'mcp-method', 'mcp-name', 'mcp-session-id'] as const;

/** Which header came more than once; undefined when none did. */
export function findRepeatedHeader(req: IncomingMessage): string | undefined {
  return standardNames.find((name) => (req.headersDistinct[name]?.length ?? 0) > 1);
}

/** Reads the standard headers; they have been checked for repetition. */
export function readStandardHeaders(req: IncomingMessage): StandardHeaders {
  const one = (name: string) => req.headersDistinct[name]?.[0]?.trim();
  return { version: one('mcp-protocol-version'), method: one('mcp-method'), name: one('mcp-name') };
}

/** What is wrong with the headers of a modern `tools/call`; undefined when they agree with the body. */
export function checkCallHeaders(headers: StandardHeaders, toolName: string): string | undefined {
  return checkNamedHeaders(headers, toolName, 'tool');
}

/** The same for any request; `name` is undefined where the method has none to repeat. */
export function checkNamedHeaders(
  headers: StandardHeaders,
  name: string | undefined,
  what: string,
): string | undefined {
  if (headers.version === undefined) return 'the required MCP-Protocol-Version header is absent';
  if (headers.method === undefined) return 'the required Mcp-Method header is absent';
  if (name === undefined) return undefined;
  if (headers.name === undefined) return 'the required Mcp-Name header is absent';
  const named = decodeHeader(headers.name);
  if (named === undefined) return 'the Mcp-Name header carries an invalid Base64 sentinel value';
  return named === name ? undefined : `the Mcp-Name header does not name the ${what} that the body names`;
}

const sentinel = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/;

/** Undoes the Base64 sentinel; undefined for one that is malformed. What has only one end of it is meant as it is. */
export function decodeHeader(value: string): string | undefined {
  if (!value.startsWith('=?base64?') || !value.endsWith('?=')) return value;
  const encoded = sentinel.exec(value)?.[1];
  if (encoded === undefined || encoded.length % 4 !== 0) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(encoded, 'base64'));
  } catch {
    return undefined;
  }
}
