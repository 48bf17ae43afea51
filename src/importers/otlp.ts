/**
 * OTLP's JSON as plain spans: attributes flattened to a map, ids and times as the tracer meant them. Described at
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding and in opentelemetry-proto's trace.proto.
 */
import { limits } from '../../machines/words/limits.ts';
import { isObject } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';

export type Attributes = ReadonlyMap<string, unknown>;

export interface OtlpEvent {
  readonly name: string;
  readonly attributes: Attributes;
}

export interface OtlpSpan {
  readonly trace: string;
  readonly id: string;
  readonly parent: string | undefined;
  readonly name: string;
  readonly startedMs: number | undefined;
  readonly failed: boolean;
  readonly attributes: Attributes;
  readonly resource: Attributes;
  readonly events: readonly OtlpEvent[];
}

/** Attributes that are read of one span, and events. */
const attributesMax = 1_000;
const eventsMax = 200;

/** A batch of spans (`ExportTraceServiceRequest`). */
export interface TraceBatch {
  readonly resourceSpans: readonly unknown[];
}

/** Whether an object is a batch of traces. */
export function isTraces(value: unknown): value is TraceBatch {
  return isObject(value) && (Array.isArray(value['resourceSpans']) || Array.isArray(value['resource_spans']));
}

/** The spans of a batch; broken ones are told one by one. */
export function* toSpans(
  batch: JsonObject | TraceBatch,
  onBad: (reason: string) => void,
): Generator<OtlpSpan> {
  const value: JsonObject = { ...batch };
  for (const resourceSpans of toList(value['resourceSpans'] ?? value['resource_spans'])) {
    const held = resourceSpans['resource'];
    const resource = toAttributes(isObject(held) ? held['attributes'] : undefined);
    const scopes =
      resourceSpans['scopeSpans'] ??
      resourceSpans['scope_spans'] ??
      resourceSpans['instrumentationLibrarySpans'];
    for (const scope of toList(scopes)) {
      for (const span of toList(scope['spans'])) {
        const read = toSpan(span, resource);
        if (read === undefined) onBad('a span has no traceId or no spanId');
        else yield read;
      }
    }
  }
}

/** A log record that belongs to a trace: what used to be an event of a span. */
export interface OtlpRecord extends OtlpEvent {
  readonly trace: string;
  readonly span: string | undefined;
  readonly atMs: number | undefined;
}

/** The log records of a line that name a trace; none where it holds no logs. */
export function* toRecordsOfTraces(value: JsonObject): Generator<OtlpRecord> {
  for (const resourceLogs of toList(value['resourceLogs'] ?? value['resource_logs'])) {
    for (const scope of toList(resourceLogs['scopeLogs'] ?? resourceLogs['scope_logs'])) {
      for (const record of toList(scope['logRecords'] ?? scope['log_records'])) {
        const trace = toId(record['traceId'] ?? record['trace_id']);
        if (trace !== undefined) yield toRecord(record, trace);
      }
    }
  }
}

function toRecord(record: JsonObject, trace: string): OtlpRecord {
  const attributes = new Map(toAttributes(record['attributes']));
  const body = toValue(record['body'], 0);
  if (isObject(body)) for (const [key, value] of Object.entries(body)) attributes.set(key, value);
  const name = record['eventName'] ?? record['event_name'] ?? attributes.get('event.name');
  return {
    trace,
    span: toId(record['spanId'] ?? record['span_id']),
    atMs: toMs(record['timeUnixNano'] ?? record['time_unix_nano']),
    name: typeof name === 'string' ? name : '',
    attributes,
  };
}

function toSpan(span: JsonObject, resource: Attributes): OtlpSpan | undefined {
  const trace = toId(span['traceId'] ?? span['trace_id']);
  const id = toId(span['spanId'] ?? span['span_id']);
  if (trace === undefined || id === undefined) return undefined;
  const status = isObject(span['status']) ? span['status']['code'] : undefined;
  return {
    trace,
    id,
    parent: toId(span['parentSpanId'] ?? span['parent_span_id']),
    name: typeof span['name'] === 'string' ? span['name'].slice(0, 300) : '',
    startedMs: toMs(span['startTimeUnixNano'] ?? span['start_time_unix_nano']),
    failed: status === 2 || status === 'STATUS_CODE_ERROR' || status === 'ERROR',
    attributes: toAttributes(span['attributes']),
    resource,
    events: toList(span['events'])
      .slice(0, eventsMax)
      .map((event) => ({
        name: typeof event['name'] === 'string' ? event['name'] : '',
        attributes: toAttributes(event['attributes']),
      })),
  };
}

/** Ids are lower-case hex; an absent parent may be written as '' or as zeros. */
function toId(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 128 || /^0*$/.test(value)) return undefined;
  return /^[0-9A-F]+$/i.test(value) ? value.toLowerCase() : value;
}

/** Nanoseconds since 1970 as text, or as a number by writers that do not know better. */
function toMs(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\d{7,20}$/.test(value)) return Number(value.slice(0, -6));
  return typeof value === 'number' && value > 0 ? Math.floor(value / 1e6) : undefined;
}

function toAttributes(list: unknown): Attributes {
  const attributes = new Map<string, unknown>();
  // Some exporters write a plain object.
  if (isObject(list)) {
    for (const [key, value] of Object.entries(list).slice(0, attributesMax)) attributes.set(key, value);
    return attributes;
  }
  for (const entry of toList(list).slice(0, attributesMax)) {
    if (typeof entry['key'] === 'string') attributes.set(entry['key'], toValue(entry['value'], 0));
  }
  return attributes;
}

/** An AnyValue as the value it holds. */
function toValue(value: unknown, depth: number): unknown {
  if (!isObject(value) || depth > limits.messageDepthMax) return undefined;
  for (const kind of [
    'stringValue',
    'boolValue',
    'doubleValue',
    'string_value',
    'bool_value',
    'double_value',
    'bytesValue',
  ]) {
    if (kind in value) return value[kind];
  }
  const whole = value['intValue'] ?? value['int_value'];
  if (typeof whole === 'number') return whole;
  if (typeof whole === 'string') return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
  const list = value['arrayValue'] ?? value['array_value'];
  if (isObject(list)) return toList(list['values']).map((item) => toValue(item, depth + 1));
  const map = value['kvlistValue'] ?? value['kvlist_value'];
  if (!isObject(map)) return undefined;
  return Object.fromEntries(
    toList(map['values']).flatMap((item) =>
      typeof item['key'] === 'string' ? [[item['key'], toValue(item['value'], depth + 1)]] : [],
    ),
  );
}

function toList(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
