/**
 * Exports of Langfuse: a trace downloaded as JSON with its observations and scores, tables of traces, observations or
 * scores as JSON or JSONL, pages of the API. Names come in camel case (API) and snake case (blob storage). Described at
 * https://langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields and .../faq/all/export-single-trace-or-session.
 */
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import { toAskedText } from './asked-text.ts';
import { toAnswered, toArguments } from './contents.ts';
import type { Importer, NumberedLine, OnBad } from './importer.ts';
import { isObject, toObjects, toSampleObjects } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { toServedName } from './tool-names.ts';
import { createTraces } from './traces.ts';
import type { Span, Traces } from './traces.ts';
import { nameCharsMax, toWord } from './values.ts';
import { toVerdict } from './verdicts.ts';

/** Langfuse traces: tool observations are the calls, scores that speak of the task are its outcome. */
export const langfuse: Importer = {
  name: 'langfuse',
  title: 'Langfuse traces, observations and scores',
  recognises: (sample) =>
    toSampleObjects(sample).some((value) => toRows(value).some((row) => toKind(row) !== undefined)),
  read,
};

async function* read(
  lines: AsyncIterable<NumberedLine>,
  onBad: OnBad,
): AsyncGenerator<ImportedEpisode, void, undefined> {
  const traces = createTraces('langfuse');
  for await (const { line, value } of toObjects(lines, onBad)) {
    const rows = toRows(value).filter((row) => toKind(row) !== undefined);
    if (rows.length === 0) onBad({ line, reason: 'no trace, observation or score' });
    for (const row of rows) yield* takeRow(traces, row);
  }
  yield* traces.closeAll();
}

type Kind = 'trace' | 'observation' | 'score';

/** The rows of a line: a page of the API, a session's traces, or one row. */
function toRows(value: JsonObject): readonly JsonObject[] {
  const list = Array.isArray(value['data'])
    ? value['data']
    : Array.isArray(value['traces'])
      ? value['traces']
      : undefined;
  // A download wraps the trace: {trace: {...}, observations: [...], scores: [...]}.
  if (list === undefined && isObject(value['trace'])) return [{ ...value['trace'], ...pickLists(value) }];
  return list === undefined ? [value] : list.filter(isObject);
}

function pickLists(value: JsonObject): JsonObject {
  return {
    ...(Array.isArray(value['observations']) ? { observations: value['observations'] } : {}),
    ...(Array.isArray(value['scores']) ? { scores: value['scores'] } : {}),
  };
}

function toKind(row: JsonObject): Kind | undefined {
  if (!isName(row['id'])) return undefined;
  const trace = get(row, 'traceId', 'trace_id');
  if (trace === undefined) {
    const isTrace = ['observations', 'input', 'projectId', 'project_id'].some((key) => key in row);
    return isTrace && isName(row['timestamp']) ? 'trace' : undefined;
  }
  if (!isName(trace)) return undefined;
  if (typeof row['type'] === 'string' && isName(get(row, 'startTime', 'start_time'))) return 'observation';
  const isScore = ['value', 'stringValue', 'string_value'].some((key) => key in row);
  return isScore && typeof row['name'] === 'string' ? 'score' : undefined;
}

function* takeRow(traces: Traces, row: JsonObject): Generator<ImportedEpisode> {
  const kind = toKind(row);
  if (kind === 'observation') yield* traces.take(readObservation(row));
  else if (kind === 'score') {
    const verdict = toScore(row);
    if (verdict !== undefined) yield* traces.judge(toWord(get(row, 'traceId', 'trace_id')), verdict);
  } else if (kind === 'trace') {
    const inside = { traceId: row['id'] };
    yield* traces.take(readTrace(row));
    for (const list of [row['observations'], row['scores']]) {
      if (!Array.isArray(list)) continue;
      for (const item of list) {
        if (!isObject(item)) continue;
        const whole = { ...inside, ...item };
        if (toKind(whole) !== 'trace') yield* takeRow(traces, whole);
      }
    }
  }
}

function readTrace(row: JsonObject): Span {
  const conversation = get(row, 'sessionId', 'session_id');
  return {
    trace: toWord(row['id']),
    id: toWord(row['id']),
    parent: undefined,
    startedMs: toMs(row['timestamp']),
    conversation: isName(conversation) ? conversation : undefined,
    agent: typeof row['name'] === 'string' ? row['name'].slice(0, nameCharsMax) : undefined,
    task: toAskedText(row['input']),
    failed: false,
  };
}

function readObservation(row: JsonObject): Span {
  const parent = get(row, 'parentObservationId', 'parent_observation_id');
  const trace = toWord(get(row, 'traceId', 'trace_id'));
  const named =
    toWord(row['type']).toUpperCase() === 'TOOL' ? toServedName(undefined, row['name']) : undefined;
  const { result, error } = toAnswered(row['output'] ?? undefined);
  return {
    trace,
    id: toWord(row['id']),
    // Below the trace, whose own input comes first.
    parent: isName(parent) ? parent : trace,
    startedMs: toMs(get(row, 'startTime', 'start_time')),
    task: named === undefined ? toAskedText(row['input']) : undefined,
    call: named === undefined ? undefined : { ...named, args: toArguments(row['input']), result },
    failed: row['level'] === 'ERROR' || error,
  };
}

function toScore(row: JsonObject) {
  const label = get(row, 'stringValue', 'string_value');
  const { value } = row;
  const isBoolean = get(row, 'dataType', 'data_type') === 'BOOLEAN';
  const score = isBoolean && typeof value === 'number' ? value >= 0.5 : value;
  return toVerdict(row['name'], typeof value === 'string' ? value : label, score);
}

function get(row: JsonObject, camel: string, snake: string): unknown {
  return row[camel] ?? row[snake] ?? undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= nameCharsMax;
}

/** ISO 8601, or the same in UTC without zone and with a blank, as blob storage has it. */
function toMs(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d[T ][\d:.]{5,20}(?:Z|[+-]\d\d:\d\d)?$/.test(value))
    return undefined;
  const text = value.replace(' ', 'T');
  const ms = Date.parse(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}
