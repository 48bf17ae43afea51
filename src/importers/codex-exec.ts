/**
 * What `codex exec --json` prints: events of a thread (`thread.started`, `turn.*`, `item.*`) as in
 * `codex-rs/exec/src/exec_events.rs`. Items carry their own answer once they are completed.
 */
import { fromToolResult } from './contents.ts';
import { isObject } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { toServedName } from './tool-names.ts';
import type { Fact } from './turns.ts';
import { nameCharsMax, toResult, toWord } from './values.ts';

/** Whether an object is a line of it. */
export function isExecLine(value: JsonObject): boolean {
  if (value['type'] === 'thread.started') return typeof value['thread_id'] === 'string';
  return /^(?:turn\.(?:started|completed|failed)|item\.(?:started|updated|completed))$/.test(
    toWord(value['type']),
  );
}

/** The facts of one line; a turn opens an episode, since nobody's words are printed. */
export function readExecLine(value: JsonObject): readonly Fact[] | string {
  if (value['type'] === 'turn.started') return [{ kind: 'prompt', task: '' }];
  if (value['type'] === 'turn.failed') return [{ kind: 'interrupt' }];
  if (value['type'] !== 'item.completed') return [];
  const { item } = value;
  return isObject(item) ? readItem(item) : 'an item.completed line has no item';
}

function readItem(item: JsonObject): readonly Fact[] | string {
  const tool = toTool(item);
  if (tool === undefined) return [];
  const id = toWord(item['id']);
  if (id === '' || id.length > nameCharsMax || tool.name === undefined) return 'an item has no id or no tool';
  return [
    { kind: 'call', id, ...tool.name, args: tool.args },
    { kind: 'answer', id, result: tool.result, error: tool.error || item['status'] === 'failed' },
  ];
}

function toTool(item: JsonObject) {
  const { type } = item;
  const own = { name: toServedName(undefined, type), error: false };
  if (type === 'command_execution') {
    const exit = item['exit_code'];
    const result = toResult(toWord(item['aggregated_output']));
    return {
      ...own,
      args: { command: item['command'] },
      result,
      error: typeof exit === 'number' && exit !== 0,
    };
  }
  if (type === 'file_change')
    return { ...own, args: { changes: item['changes'] ?? [] }, result: item['status'] };
  if (type === 'web_search') return { ...own, args: { query: item['query'] }, result: undefined };
  if (type !== 'mcp_tool_call') return undefined;
  const { result, error } = item;
  const failed = isObject(error) ? { result: error['message'], error: true } : undefined;
  const said = isObject(result) ? fromToolResult(result) : { result, error: false };
  return {
    name: toServedName(item['server'], item['tool']),
    args: item['arguments'] ?? {},
    ...(failed ?? said),
  };
}
