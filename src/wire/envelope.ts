/**
 * Envelopes: what a message on the bus looks like, as one line of JSON. What cannot be understood is answered with a
 * reason, so that the follower parks it; nothing is ever dropped here and nothing unknown is let through.
 */
import { z } from 'zod';
import { DreyError } from '../../machines/words/errors.ts';
import {
  type AnyEvent,
  type DreyEvent,
  eventData,
  EventFrame,
  eventVersion,
  isEventType,
} from '../../machines/words/events.ts';
import { Address, Token } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';

/** A message for an actor, wherever it lives; nobody replies to it. */
export const Command = z.object({
  /** Also the message id on the bus: telling twice is telling once. */
  id: z.string().min(1).max(200),
  at: z.iso.datetime(),
  to: Address,
  /** In the imperative: `pause`, `hold`, `apply`. */
  verb: Token,
  data: z.unknown().optional(),
  causation: z.string().max(200).optional(),
  correlation: z.string().max(200).optional(),
  traceparent: z.string().max(100).optional(),
  version: z.literal(eventVersion),
});
export type Command = z.infer<typeof Command>;

/**
 * A message that nobody could handle, and why. The original stays in its stream under `sequence`; 0 where it never was in
 * one, and `body` is all of it.
 */
export const DeadLetter = z.object({
  reason: z.string().max(4_000),
  code: z.string().max(100),
  stream: z.string(),
  sequence: z.number().int().nonnegative(),
  subject: z.string(),
  /** Who gave up: the durable's name. */
  by: z.string(),
  attempts: z.number().int().nonnegative(),
  at: z.iso.datetime(),
  /** The message as text; its beginning when it is large. */
  body: z.string(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;

/** Of a body kept in a dead letter; escaping makes it six times as large at worst, and that must fit as well. */
export const deadBodyBytesMax = limits.envelopeBytesMax / 8;

/** Why a message is parked. `unknown_*` may be understood by a newer node; the others by nobody. */
export type ParkedCode =
  | 'too_large'
  | 'malformed'
  | 'unknown_version'
  | 'unknown_type'
  | 'refused_type'
  | 'invalid';

/** A message that was understood, or the reason to park it. */
export type Parsed<T> =
  | { readonly parked: false; readonly value: T }
  | { readonly parked: true; readonly code: ParkedCode; readonly reason: string };

/** One line of JSON; throws `envelope_invalid` for what a reader would refuse on sight. */
export function encodeEvent(event: DreyEvent): Uint8Array {
  if (!isEventType(event.type)) {
    throw new DreyError(
      'envelope_invalid',
      `"${String(event.type).slice(0, 80)}" is no event type; see machines/words/events.ts`,
    );
  }
  return encode(event, `the event ${event.id}`);
}

/** One line of JSON; throws `envelope_invalid`. */
export function encodeCommand(command: Command): Uint8Array {
  return encode(command, `the command ${command.id}`);
}

/** Reads an event; a message that is none is parked with the reason. Never throws. */
export function readEvent(bytes: Uint8Array): Parsed<AnyEvent> {
  const json = readJson(bytes);
  if (json.parked) return json;
  const frame = json.value;
  const type = frame['type'];
  if (frame['version'] !== eventVersion) {
    return park(
      'unknown_version',
      `version ${show(frame['version'])} is not known here; this node knows ${eventVersion}`,
    );
  }
  if (typeof type !== 'string') return park('invalid', 'the event has no type');
  if (type.startsWith('xstate.'))
    return park('refused_type', `"${type.slice(0, 80)}" belongs to the actor runtime`);
  if (!isEventType(type)) return park('unknown_type', `the type ${show(type)} is not known here`);
  const head = EventFrame.safeParse(frame);
  if (!head.success) return park('invalid', z.prettifyError(head.error));
  const data = eventData[type].safeParse(frame['data']);
  if (!data.success) return park('invalid', z.prettifyError(data.error));
  // The frame and the data were checked against the same type one line above; TypeScript cannot relate the two.
  return { parked: false, value: { ...head.data, data: data.data } as AnyEvent };
}

/** Reads an event or throws `envelope_invalid`. */
export function parseEvent(bytes: Uint8Array): AnyEvent {
  const parsed = readEvent(bytes);
  if (!parsed.parked) return parsed.value;
  throw new DreyError('envelope_invalid', `a message is no event: ${parsed.reason}`, {
    details: { code: parsed.code },
  });
}

/** Reads a command; a message that is none is parked with the reason. Never throws. */
export function readCommand(bytes: Uint8Array): Parsed<Command> {
  const json = readJson(bytes);
  if (json.parked) return json;
  if (json.value['version'] !== eventVersion) {
    return park(
      'unknown_version',
      `version ${show(json.value['version'])} is not known here; this node knows ${eventVersion}`,
    );
  }
  const parsed = Command.safeParse(json.value);
  return parsed.success
    ? { parked: false, value: parsed.data }
    : park('invalid', z.prettifyError(parsed.error));
}

/** A dead letter as bytes; the body is cut so that the letter itself always fits. */
export function encodeDeadLetter(letter: Omit<DeadLetter, 'body'>, body: Uint8Array): Uint8Array {
  const text = Buffer.from(body.subarray(0, deadBodyBytesMax)).toString('utf8');
  return Buffer.from(JSON.stringify({ ...letter, reason: letter.reason.slice(0, 4_000), body: text }));
}

function encode(message: object, what: string): Uint8Array {
  const bytes = Buffer.from(JSON.stringify(message));
  if (bytes.length > limits.envelopeBytesMax) {
    throw new DreyError(
      'envelope_invalid',
      `${what} has ${bytes.length} bytes; an envelope may have ${limits.envelopeBytesMax}`,
    );
  }
  return bytes;
}

function readJson(bytes: Uint8Array): Parsed<Record<string, unknown>> {
  if (bytes.length > limits.envelopeBytesMax) {
    return park(
      'too_large',
      `the message has ${bytes.length} bytes; an envelope may have ${limits.envelopeBytesMax}`,
    );
  }
  try {
    const json: unknown = JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'),
    );
    return isRecord(json)
      ? { parked: false, value: json }
      : park('malformed', 'the message is no JSON object');
  } catch {
    return park('malformed', 'the message is not JSON');
  }
}

function isRecord(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function park(code: ParkedCode, reason: string): { parked: true; code: ParkedCode; reason: string } {
  return { parked: true, code, reason };
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 80);
}
