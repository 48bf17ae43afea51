/**
 * Bytes in, one JSON-RPC message out, or the reason why not. Every transport passes through here, so that all of them
 * refuse the same things: bad UTF-8, malformed JSON, too deep, duplicate keys, ids that would come back changed.
 */
import { parseJSONRPCMessage } from '@modelcontextprotocol/server';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { limits } from '../../../machines/words/limits.ts';
import { countMembers, outlineJson } from './json-outline.ts';
import { rpc } from './rpc-errors.ts';

export type ParsedMessage =
  | { readonly ok: true; readonly text: string; readonly body: unknown }
  | { readonly ok: false; readonly code: number; readonly sentence: string };

/** Narrowed to an object with string keys; nothing is known of the values. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The message in the SDK's own shape; undefined for what is not JSON-RPC 2.0. */
export function toJsonRpc(body: unknown): JSONRPCMessage | undefined {
  try {
    return parseJSONRPCMessage(body);
  } catch {
    return undefined;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads one message. A byte order mark is accepted and ignored, on every transport. */
export function parseMessage(bytes: Uint8Array): ParsedMessage {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return refuse(rpc.parseError, 'Parse error: the message is not valid UTF-8');
  }
  const outline = outlineJson(text, limits.messageDepthMax);
  if (outline.depth > limits.messageDepthMax) {
    return refuse(
      rpc.invalidRequest,
      `Invalid request: JSON nests deeper than ${limits.messageDepthMax} levels`,
    );
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return refuse(rpc.parseError, 'Parse error: the message is not valid JSON');
  }
  const count = countMembers(body);
  if (count.members !== outline.members) {
    return refuse(rpc.invalidRequest, 'Invalid request: an object names the same key twice');
  }
  if (count.widest > limits.messageKeysMax) {
    return refuse(rpc.invalidParams, `Invalid params: an object has more than ${limits.messageKeysMax} keys`);
  }
  const sentence = checkId(body);
  return sentence === undefined ? { ok: true, text, body } : refuse(rpc.invalidRequest, sentence);
}

function refuse(code: number, sentence: string): ParsedMessage {
  return { ok: false, code, sentence };
}

/** Why the message's id cannot be used; undefined when it can, or when there is none. */
function checkId(body: unknown): string | undefined {
  if (Array.isArray(body))
    return 'Invalid request: JSON-RPC batches are not supported; send one message at a time';
  if (!isRecord(body)) return 'Invalid request: a message is a JSON object';
  if (!Object.hasOwn(body, 'id')) return undefined;
  const id = body['id'];
  if (typeof id === 'number') {
    return Number.isSafeInteger(id)
      ? undefined
      : 'Invalid request: a numeric id must be an integer below 2^53';
  }
  if (typeof id !== 'string') return 'Invalid request: an id is a string or an integer';
  return id.length <= limits.requestIdMax
    ? undefined
    : `Invalid request: an id has at most ${limits.requestIdMax} characters`;
}
