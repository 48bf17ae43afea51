/**
 * Runs exported from LangSmith, one a line or in one list (`client.list_runs`, the runs API), nested `child_runs`
 * included. Described at https://docs.langchain.com/langsmith/run-data-format.
 */
import type { ImportedEpisode, Outcome } from '../../machines/words/episodes.ts';
import { toAskedText } from './asked-text.ts';
import { toAnswered } from './contents.ts';
import type { Answered } from './contents.ts';
import type { Importer, NumberedLine, OnBad } from './importer.ts';
import { isObject, toObjects, toSampleObjects } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { toServedName } from './tool-names.ts';
import { createTraces } from './traces.ts';
import type { Span } from './traces.ts';
import { nameCharsMax, toResult, toWord } from './values.ts';
import { toVerdict } from './verdicts.ts';

/** Runs that are read of one tree. */
const runsMax = 10_000;

/** LangSmith runs: a trace is a task, its tool runs are the calls, feedback is its outcome. */
export const langsmith: Importer = {
  name: 'langsmith',
  title: 'LangSmith runs',
  recognises: (sample) => toSampleObjects(sample).some((value) => toRuns(value).some(isRun)),
  read,
};

async function* read(
  lines: AsyncIterable<NumberedLine>,
  onBad: OnBad,
): AsyncGenerator<ImportedEpisode, void, undefined> {
  const traces = createTraces('langsmith');
  for await (const { line, value } of toObjects(lines, onBad)) {
    const runs = toRuns(value);
    if (!runs.some(isRun)) {
      onBad({ line, reason: 'no run: it has no id or no run_type' });
      continue;
    }
    for (const run of toAllRuns(runs)) yield* traces.take(readRun(run));
  }
  yield* traces.closeAll();
}

/** The runs and those below them, level by level: the depth of a tree is foreign. */
function toAllRuns(runs: readonly unknown[]): readonly JsonObject[] {
  const all = runs.filter(isRun).slice(0, runsMax);
  for (let at = 0; at < all.length; at += 1) {
    const run = all[at];
    const children = run?.['child_runs'];
    if (run === undefined || !Array.isArray(children)) continue;
    const above = { trace_id: run['trace_id'] ?? run['id'], parent_run_id: run['id'] };
    const room = children.filter(isRun).slice(0, Math.max(0, runsMax - all.length));
    all.push(...room.map((child) => ({ ...above, ...child })));
  }
  return all;
}

/** The runs of a line: one, or a page of the API. */
function toRuns(value: JsonObject): readonly unknown[] {
  return Array.isArray(value['runs']) ? value['runs'] : [value];
}

function isRun(value: unknown): value is JsonObject {
  return isObject(value) && isName(value['id']) && typeof value['run_type'] === 'string';
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= nameCharsMax;
}

function readRun(run: JsonObject): Span {
  const answer = toOutputs(run);
  const failed =
    (typeof run['error'] === 'string' && run['error'] !== '') || run['status'] === 'error' || answer.error;
  const id = toWord(run['id']);
  const extra = isObject(run['extra']) && isObject(run['extra']['metadata']) ? run['extra']['metadata'] : {};
  const conversation = [extra['thread_id'], extra['session_id'], extra['conversation_id']].find(isName);
  const named = run['run_type'] === 'tool' ? toServedName(undefined, run['name']) : undefined;
  return {
    trace: isName(run['trace_id']) ? run['trace_id'] : id,
    id,
    parent: isName(run['parent_run_id']) ? run['parent_run_id'] : undefined,
    startedMs: toMs(run['start_time']),
    conversation,
    task: named === undefined ? toAskedText(run['inputs']) : undefined,
    call:
      named === undefined ? undefined : { ...named, args: toInputs(run['inputs']), result: answer.result },
    failed,
    verdict: toFeedback(run['feedback_stats']),
  };
}

/** A tool's inputs: the arguments themselves, or a text around them under `input`. */
function toInputs(inputs: unknown): unknown {
  if (!isObject(inputs)) return inputs ?? {};
  const { input } = inputs;
  if (Object.keys(inputs).length !== 1 || input === undefined) return inputs;
  return typeof input === 'string' ? (isObject(toResult(input)) ? toResult(input) : inputs) : input;
}

function toOutputs(run: JsonObject): Answered {
  const outputs = run['outputs'];
  if (!isObject(outputs)) return { result: outputs ?? run['error'] ?? undefined, error: false };
  const output =
    Object.keys(outputs).length === 1 ? (outputs['output'] ?? outputs['result'] ?? outputs) : outputs;
  // A LangChain tool message, with what the tool said in its content.
  const message = isObject(output) && isObject(output['kwargs']) ? output['kwargs'] : output;
  const said =
    isObject(message) && 'content' in message && ('tool_call_id' in message || message['type'] === 'tool');
  const { result, error } = toAnswered(said ? message['content'] : message);
  return { result, error: error || (said && message['status'] === 'error') };
}

function toFeedback(stats: unknown): Outcome | undefined {
  if (!isObject(stats)) return undefined;
  const verdicts = Object.entries(stats)
    .slice(0, 100)
    .map(([name, value]) =>
      isObject(value) ? toVerdict(name, value['value'], value['avg'] ?? value['score']) : undefined,
    );
  return verdicts.includes('failure') ? 'failure' : verdicts.find((verdict) => verdict !== undefined);
}

/** ISO 8601, with or without a zone (then UTC), or milliseconds since 1970. */
function toMs(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]{5,20}(?:Z|[+-]\d\d:\d\d)?$/.test(value))
    return undefined;
  const ms = Date.parse(/(?:Z|[+-]\d\d:\d\d)$/.test(value) ? value : `${value}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}
