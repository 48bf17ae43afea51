/**
 * OTLP's protobuf as the JSON it has as well: just the fields that are read here, everything else is skipped over. Field
 * numbers are those of opentelemetry-proto (trace.proto, common.proto). It throws a sentence on bytes that are none.
 */
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { limits } from '../../machines/words/limits.ts';
import type { JsonObject } from './json-lines.ts';
import type { TraceBatch } from './otlp.ts';

type Field = (reader: BinaryReader, depth: number) => unknown;
/** By field number: the name in JSON, how to read it, and whether it stands in a list. */
type Message = Readonly<Record<number, readonly [name: string, read: Field, isList?: 'list']>>;

const text: Field = (reader) => reader.string();
const hex: Field = (reader) => toHex(reader.bytes());
const nanoseconds: Field = (reader) => String(reader.fixed64());
const message =
  (fields: () => Message): Field =>
  (reader, depth) =>
    readMessage(reader, reader.uint32(), fields(), depth + 1);

const anyValue: Message = {
  1: ['stringValue', text],
  2: ['boolValue', (reader) => reader.bool()],
  3: ['intValue', (reader) => String(reader.int64())],
  4: ['doubleValue', (reader) => reader.double()],
  5: ['arrayValue', message(() => ({ 1: ['values', message(() => anyValue), 'list'] }))],
  6: ['kvlistValue', message(() => ({ 1: ['values', message(() => keyValue), 'list'] }))],
};
const keyValue: Message = { 1: ['key', text], 2: ['value', message(() => anyValue)] };
const attributes = ['attributes', message(() => keyValue), 'list'] as const;
const event: Message = { 2: ['name', text], 3: attributes };
const span: Message = {
  1: ['traceId', hex],
  2: ['spanId', hex],
  4: ['parentSpanId', hex],
  5: ['name', text],
  7: ['startTimeUnixNano', nanoseconds],
  9: attributes,
  11: ['events', message(() => event), 'list'],
  15: ['status', message(() => ({ 3: ['code', (reader) => reader.int32()] }))],
};
const resourceSpans: Message = {
  1: ['resource', message(() => ({ 1: attributes }))],
  2: ['scopeSpans', message(() => ({ 2: ['spans', message(() => span), 'list'] })), 'list'],
};
const request: Message = { 1: ['resourceSpans', message(() => resourceSpans), 'list'] };

/** A batch (`ExportTraceServiceRequest`) in the shape of its JSON; throws where the bytes are no such message. */
export function decodeTraces(bytes: Uint8Array): TraceBatch {
  const reader = new BinaryReader(bytes);
  return { resourceSpans: [], ...readMessage(reader, bytes.length, request, 0) };
}

function readMessage(reader: BinaryReader, sizeBytes: number, fields: Message, depth: number): JsonObject {
  const end = reader.pos + sizeBytes;
  if (end > reader.len) throw new RangeError('a message is longer than its bytes');
  const found: Record<string, unknown> = {};
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    const field = fields[number];
    if (field === undefined || depth > limits.messageDepthMax) {
      reader.skip(type, number);
      continue;
    }
    const [name, read, isList] = field;
    const value = read(reader, depth);
    if (isList !== 'list') found[name] = value;
    else if (Array.isArray(found[name])) found[name].push(value);
    else found[name] = [value];
  }
  return found;
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes.subarray(0, 64), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
