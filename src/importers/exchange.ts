/**
 * One logged exchange with a model's API, whatever the logger wrapped it in: the request's input, the response, a name
 * for the conversation. Shared by the formats that log requests; it knows nothing of what messages hold.
 */
import { isObject } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { nameCharsMax, toTime } from './values.ts';

export interface Exchange {
  /** Messages or items of the request; undefined where the log holds none. */
  readonly input: unknown;
  readonly response: JsonObject | undefined;
  /** A name that the log gives the conversation. */
  readonly conversation: string | undefined;
  /** The id of the response that this one goes on from. */
  readonly previous: string | undefined;
  readonly at: string | undefined;
}

/** Reads one object; `key` is what the API calls its input. */
export function toExchange(value: JsonObject, key: 'messages' | 'input'): Exchange {
  const layers = [
    value,
    value['request'],
    value['body'],
    inner(value['request'], 'body'),
    value['kwargs'],
  ].filter(isObject);
  const holder = layers.find((layer) => key in layer);
  const response = toResponse(value);
  const previous = [response, holder, value].map((from) => toName(from?.['previous_response_id']));
  return {
    input: holder?.[key],
    response,
    conversation: toConversation(value, holder?.['conversation']),
    previous: previous.find((name) => name !== undefined),
    at: toExchangeTime(value, response),
  };
}

function toResponse(value: JsonObject): JsonObject | undefined {
  const inside = [
    inner(value['response'], 'body'),
    value['response'],
    inner(value['result'], 'message'),
    value['completion'],
  ];
  return inside.find(isObject) ?? (isResponse(value) ? value : undefined);
}

const names = ['conversation_id', 'thread_id', 'session_id'];

function toConversation(value: JsonObject, conversation: unknown): string | undefined {
  const given = [
    ...names.map((name) => value[name]),
    inner(conversation, 'id'),
    conversation,
    value['custom_id'],
    value['id'],
  ];
  return given.map(toName).find((name) => name !== undefined);
}

function toExchangeTime(value: JsonObject, response: JsonObject | undefined): string | undefined {
  const times = [
    value['timestamp'],
    value['created_at'],
    value['created'],
    response?.['created'],
    response?.['created_at'],
  ];
  return times.map((time) => toTime(time) ?? toSeconds(time)).find((time) => time !== undefined);
}

/** A response of one of the APIs that stands by itself. */
function isResponse(value: JsonObject): boolean {
  return (
    Array.isArray(value['choices']) ||
    Array.isArray(value['output']) ||
    (value['type'] === 'message' && value['role'] === 'assistant')
  );
}

function inner(value: unknown, key: string): unknown {
  return isObject(value) ? value[key] : undefined;
}

function toName(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= nameCharsMax ? value : undefined;
}

/** Seconds since 1970, as OpenAI writes times. */
function toSeconds(value: unknown): string | undefined {
  if (typeof value !== 'number' || !(value > 0) || value > 1e11) return undefined;
  return toTime(new Date(value * 1_000).toISOString());
}
