/**
 * JSON-RPC frames of the raw path, written by concatenation and read by slicing: arguments, results and errors pass as
 * the bytes they came in. Only `_meta` is re-composed, because what it says about the other hop (protocol version,
 * client, progress token) would be wrong on this one.
 */
import type { RawJson } from '../../machines/words/calls.ts';
import { isDreyError } from '../../machines/words/errors.ts';
import { listMembers, sliceMembers } from './slice.ts';

/** Ids of our own requests; the SDK's are numbers. */
export const ownIdPrefix = 'drey-';

/** Nesting allowed in an upstream's answer: it is deeper than what a client may send, for directory trees and the like. */
export const answerDepthMax = 256;

/** A request of ours, ready to send. */
export interface OwnRequest {
  readonly id: string;
  readonly method: string;
  /** The tool, prompt or resource it is about; a header names it in the 2026 era. */
  readonly subject: string | undefined;
  readonly text: RawJson;
  /** The progress token that the client chose, if any. */
  readonly clientToken: RawJson | undefined;
  /** Headers that mirror arguments, in the 2026 era. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RequestParts {
  readonly id: string;
  readonly method: string;
  readonly subject?: string | undefined;
  /** Members of `params` without `_meta`, as `"key":value`. */
  readonly members: readonly RawJson[];
  readonly meta?: RawJson | undefined;
  /** Stands in `_meta`, in the place of the client's own where it has one. */
  readonly traceparent?: string | undefined;
  /** What a 2026-era request says about us in `_meta`, as `"key":value` members; empty in the 2025 era. */
  readonly envelope: RawJson;
  /** The client's capabilities, for an envelope whose client said nothing of them in `meta`. */
  readonly capabilities?: Readonly<Record<string, unknown>> | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What one message of an upstream is to us. */
export type Frame =
  | { readonly kind: 'answer'; readonly id: string; readonly result: RawJson }
  | { readonly kind: 'error'; readonly id: string; readonly error: RawJson }
  | { readonly kind: 'progress'; readonly id: string; readonly params: RawJson }
  /** For the SDK, or for the call on whose stream it came. */
  | { readonly kind: 'other'; readonly method: RawJson | undefined; readonly isRequest: boolean }
  | { readonly kind: 'broken'; readonly id: string | undefined; readonly why: string };

/** Writes a request: `{"jsonrpc":"2.0","id":"drey-7","method":…,"params":{…}}`. */
export function writeRequest(parts: RequestParts): OwnRequest {
  const { id, method, subject, members, headers = {} } = parts;
  const { meta, clientToken } = writeMeta(parts);
  const params = meta === '' ? members : [...members, `"_meta":{${meta}}`];
  const body = params.length === 0 ? '' : `,"params":{${params.join(',')}}`;
  const text = `{"jsonrpc":"2.0","id":"${id}","method":${JSON.stringify(method)}${body}}`;
  return { id, method, subject, text, clientToken, headers };
}

/** Tells the upstream that nobody waits for an answer any more. */
export function writeCancel(id: string, reason: string): RawJson {
  return `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"${id}","reason":${JSON.stringify(reason)}}}`;
}

/** A progress notification as the client knows it: its own token instead of ours. */
export function writeProgress(params: RawJson, clientToken: RawJson): RawJson {
  const members = listMembers(params, answerDepthMax).map(({ key, rawKey, raw }) =>
    key === 'progressToken' ? `${rawKey}:${clientToken}` : `${rawKey}:${raw}`,
  );
  return `{"jsonrpc":"2.0","method":"notifications/progress","params":{${members.join(',')}}}`;
}

/** The frame on one line, as stdio wants it. Line breaks in valid JSON are only spaces between values. */
export function toOneLine(json: RawJson): RawJson {
  return json.includes('\n') || json.includes('\r') ? json.replaceAll(/[\r\n]+/g, ' ') : json;
}

/** True when a message could be one of ours: most others are told apart by this alone. */
export function mayBeOwn(json: RawJson): boolean {
  return json.includes(`"${ownIdPrefix}`);
}

/** Reads one message; never throws. */
export function readFrame(json: RawJson): Frame {
  try {
    return readSliced(json);
  } catch (error) {
    if (!isDreyError(error)) throw error;
    return { kind: 'broken', id: guessId(json), why: error.message };
  }
}

/** The id in a message that cannot be read: unescaped quotes occur only where JSON has structure. */
export function guessId(text: string): string | undefined {
  return /"id"\s*:\s*"(drey-[0-9]{1,16})"/.exec(text)?.[1];
}

function readSliced(json: RawJson): Frame {
  const { id, method, params, result, error } = sliceMembers(
    json,
    ['id', 'method', 'params', 'result', 'error'],
    answerDepthMax,
  );
  if (method === '"notifications/progress"' && params !== undefined) {
    const { progressToken } = sliceMembers(params, ['progressToken'], answerDepthMax);
    const own = toOwnId(progressToken);
    if (own !== undefined) return { kind: 'progress', id: own, params };
  }
  const own = method === undefined ? toOwnId(id) : undefined;
  if (own === undefined)
    return { kind: 'other', method, isRequest: method !== undefined && id !== undefined };
  if (error !== undefined && result === undefined) return { kind: 'error', id: own, error };
  if (result !== undefined && error === undefined) return { kind: 'answer', id: own, result };
  return { kind: 'broken', id: own, why: 'the answer has not exactly one of result and error' };
}

function toOwnId(raw: RawJson | undefined): string | undefined {
  return raw?.startsWith(`"${ownIdPrefix}`) ? raw.slice(1, -1) : undefined;
}

/** In the 2026 era a result may ask the client for something: what the client can do is what we can do for it. */
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';
/** About the other hop, therefore never forwarded. */
const hopKeys = new Set([
  'io.modelcontextprotocol/protocolVersion',
  'io.modelcontextprotocol/clientInfo',
  capabilitiesKey,
]);
const progressKey = 'progressToken';
const traceKey = 'traceparent';
/** Means something in the 2026 era only. */
const logLevelKey = 'io.modelcontextprotocol/logLevel';

function writeMeta(request: RequestParts): { meta: RawJson; clientToken: RawJson | undefined } {
  const { id, meta, traceparent } = request;
  const envelope = writeEnvelope(request);
  if (meta === undefined && traceparent === undefined) return { meta: envelope, clientToken: undefined };
  const trace = traceparent === undefined ? '' : `"${traceKey}":${JSON.stringify(traceparent)}`;
  let unwritten = trace;
  let clientToken: RawJson | undefined;
  const parts = [envelope];
  for (const { key, rawKey, raw } of meta === undefined ? [] : listMembers(meta)) {
    if (hopKeys.has(key) || (key === logLevelKey && envelope === '')) continue;
    if (key === traceKey && trace !== '') {
      parts.push(trace);
      unwritten = '';
    } else if (key !== progressKey) {
      parts.push(`${rawKey}:${raw}`);
    } else if (clientToken === undefined) {
      clientToken = raw;
      parts.push(`"${progressKey}":"${id}"`);
    }
  }
  parts.push(unwritten);
  return { meta: parts.filter((part) => part !== '').join(','), clientToken };
}

function writeEnvelope({ envelope, meta, capabilities }: RequestParts): RawJson {
  if (envelope === '') return '';
  const named = meta?.includes(capabilitiesKey) === true ? sliceMembers(meta, [capabilitiesKey]) : undefined;
  const can = named?.[capabilitiesKey] ?? JSON.stringify(capabilities ?? {});
  return `${envelope},"${capabilitiesKey}":${can}`;
}
