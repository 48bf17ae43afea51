/**
 * Items of OpenAI's Responses API as facts, for logs of that API and for the clients that keep its items as they are.
 * Described at https://platform.openai.com/docs/api-reference/responses/object (input and output items). Items that
 * say nothing about calls (reasoning, the model's words) are passed over in silence.
 */
import { toAnswered, toArguments, toSpokenText } from './contents.ts';
import type { Answered } from './contents.ts';
import { isObject } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { toServedName } from './tool-names.ts';
import type { Fact } from './turns.ts';
import { nameCharsMax, toTaskText } from './values.ts';

/** Tools that run at the model's maker, whose calls carry their answer, and where their arguments stand. */
const hosted = new Map([
  ['web_search_call', ['web_search', 'action']],
  ['file_search_call', ['file_search', 'queries']],
  ['code_interpreter_call', ['code_interpreter', 'code']],
  ['image_generation_call', ['image_generation', 'prompt']],
] as const);

const calls = new Set([
  'function_call',
  'custom_tool_call',
  'local_shell_call',
  'computer_call',
  'shell_call',
  'apply_patch_call',
  'tool_search_call',
]);

/** The facts of one item, or the reason why it is none. */
export function readItem(item: JsonObject): readonly Fact[] | string {
  const type = item['type'] ?? (typeof item['role'] === 'string' ? 'message' : undefined);
  if (typeof type !== 'string') return 'no item of a response: it has no type';
  if (type === 'message') return readMessage(item);
  if (type === 'mcp_call') return readMcpCall(item);
  const known = hosted.get(type as 'web_search_call');
  if (known !== undefined) return readHosted(item, known);
  if (calls.has(type)) return readCall(item, type);
  if (type.endsWith('_output') && typeof item['call_id'] === 'string') return readOutput(item);
  return [];
}

/** Whether an object looks like an item that tells of a call. */
export function isCallItem(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value['type'] === 'string' &&
    (calls.has(value['type']) || value['type'] === 'mcp_call' || value['type'].endsWith('_call_output')) &&
    (typeof value['call_id'] === 'string' || typeof value['id'] === 'string')
  );
}

function readMessage(item: JsonObject): Fact[] {
  if (item['role'] !== 'user') return [];
  const task = toTaskText(toSpokenText(item['content']));
  return task === '' ? [] : [{ kind: 'prompt', task }];
}

function readCall(item: JsonObject, type: string): Fact[] | string {
  const id = toId(item['call_id']) ?? toId(item['id']);
  const name = toServedName(item['namespace'], item['name'] ?? type.replace(/_call$/, ''));
  if (id === undefined || name === undefined) return `a ${type.slice(0, 40)} item has no id or no name`;
  const args = item['arguments'] ?? item['input'] ?? item['action'] ?? item['operation'];
  return [{ kind: 'call', id, ...name, args: toArguments(args) }];
}

function readOutput(item: JsonObject): Fact[] {
  const id = toId(item['call_id']);
  return id === undefined ? [] : [{ kind: 'answer', id, ...toOutput(item['output']) }];
}

function readMcpCall(item: JsonObject): Fact[] | string {
  const id = toId(item['id']);
  const name = toServedName(item['server_label'], item['name']);
  if (id === undefined || name === undefined) return 'an mcp_call item has no id or no name';
  const call: Fact = { kind: 'call', id, ...name, args: toArguments(item['arguments']) };
  const failed = item['error'] !== undefined && item['error'] !== null;
  if (!failed && (item['output'] === undefined || item['output'] === null)) return [call];
  const { result, error } = failed ? toAnswered(item['error']) : toAnswered(item['output']);
  return [call, { kind: 'answer', id, result, error: failed || error }];
}

function readHosted(item: JsonObject, [tool, argument]: readonly [string, string]): Fact[] {
  const id = toId(item['id']);
  if (id === undefined) return [];
  const value = item[argument];
  const args = isObject(value) ? value : value === undefined ? {} : { [argument]: value };
  const result = item['results'] ?? item['outputs'] ?? undefined;
  return [
    { kind: 'call', id, server: undefined, tool, args },
    { kind: 'answer', id, result, error: item['status'] === 'failed' },
  ];
}

/** An output with what the client wrote around it taken off: exit codes say whether a command went well. */
function toOutput(output: unknown): Answered {
  const { result, error } = toAnswered(output);
  if (typeof result === 'string') {
    const exit = exitPattern.exec(result.slice(0, 400));
    if (exit === null) return { result, error: error || failedPattern.test(result.slice(0, 100)) };
    const body = result.indexOf('\nOutput:\n');
    return { result: body < 0 ? result : result.slice(body + 9), error: error || exit[1] !== '0' };
  }
  if (!isObject(result)) return { result, error };
  const metadata = result['metadata'];
  if (
    isObject(metadata) &&
    typeof metadata['exit_code'] === 'number' &&
    typeof result['output'] === 'string'
  ) {
    return { result: result['output'], error: error || metadata['exit_code'] !== 0 };
  }
  if (typeof result['success'] === 'boolean' && 'content' in result) {
    return { result: toAnswered(result['content']).result, error: error || !result['success'] };
  }
  return { result, error };
}

const exitPattern = /^(?:Exit code:|Process exited with code) (-?\d+)$/m;
const failedPattern =
  /^(?:aborted|execution error|exec command (?:failed|rejected)|failed to parse function arguments|unsupported call|apply_patch verification failed|tool call error)/i;

function toId(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= nameCharsMax ? value : undefined;
}
