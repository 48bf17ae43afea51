/**
 * Codex's rollouts (`~/.codex/sessions/<year>/<month>/<day>/rollout-<time>-<id>.jsonl`, also packed with zstd). Lines
 * are `{timestamp, type, payload}` as in `codex-rs/protocol/src/protocol.rs` (RolloutItem: session_meta,
 * response_item, event_msg, turn_context, compacted); rollouts of 2025's first half hold bare items. What
 * `codex exec --json` prints is read as well.
 */
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import { isExecLine, readExecLine } from './codex-exec.ts';
import { fromToolResult } from './contents.ts';
import type { Importer, NumberedLine, OnBad } from './importer.ts';
import { isObject, toObjects, toSampleObjects } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { readItem } from './response-items.ts';
import { createTurns } from './turns.ts';
import type { Fact, Turns } from './turns.ts';
import { nameCharsMax, toResult, toTaskText, toTime, toWord } from './values.ts';

/** Sessions of Codex; outcomes are unknown, except that an interrupted turn has failed. */
export const codex: Importer = {
  name: 'codex',
  title: 'Codex rollouts',
  recognises: (sample) => toSampleObjects(sample).some((value) => isRolloutLine(value) || isExecLine(value)),
  read,
};

/** Lines that open a user message but were written by the client, not by the person. */
const notSaid =
  /^(?:<(?:environment_context|user_instructions|permissions|turn_aborted|skill|collaboration_mode|subagent_notification|user_shell_command|hook_prompt|model_switch|personality_spec|apps_instructions)\b|# AGENTS\.md instructions)/;

async function* read(
  lines: AsyncIterable<NumberedLine>,
  onBad: OnBad,
  source: string,
): AsyncGenerator<ImportedEpisode, void, undefined> {
  let session: string | undefined;
  let said: string | undefined;
  const turns: Turns = createTurns({
    source: 'codex',
    agent: 'codex',
    conversation: () => session ?? source,
    unanswered: 'failed',
  });
  for await (const { line, value } of toObjects(lines, onBad)) {
    const facts = readLine(value);
    if (typeof facts === 'string') {
      onBad({ line, reason: facts });
      continue;
    }
    // A fork repeats the first lines of another session: the file's own comes first.
    session ??= toSessionId(value);
    for (const fact of facts) {
      // Told twice: as an event and as the item the model is given.
      if (fact.kind === 'prompt' && fact.task === said && said !== '') continue;
      if (fact.kind !== 'answer') said = fact.kind === 'prompt' ? fact.task : undefined;
      yield* turns.take(fact, toTime(value['timestamp']));
    }
  }
  yield* turns.close();
}

function readLine(value: JsonObject): readonly Fact[] | string {
  if (isEnveloped(value)) {
    const payload = value['payload'];
    if (!isObject(payload)) return `a ${toWord(value['type']).slice(0, 40)} line has no payload`;
    if (value['type'] === 'response_item') return withoutInserted(readItem(payload));
    return value['type'] === 'event_msg' ? readEvent(payload) : [];
  }
  if (typeof value['record_type'] === 'string') return [];
  if (isExecLine(value)) return readExecLine(value);
  if (typeof value['type'] === 'string') return withoutInserted(readItem(value));
  return isOldMeta(value) ? [] : 'no rollout line: it has no type';
}

function withoutInserted(facts: readonly Fact[] | string): readonly Fact[] | string {
  return typeof facts === 'string'
    ? facts
    : facts.filter((fact) => fact.kind !== 'prompt' || !notSaid.test(fact.task));
}

function readEvent(payload: JsonObject): readonly Fact[] {
  switch (payload['type']) {
    case 'user_message': {
      const task = toTaskText(typeof payload['message'] === 'string' ? payload['message'] : '');
      return task === '' || notSaid.test(task) ? [] : [{ kind: 'prompt', task }];
    }
    case 'turn_aborted':
      return payload['reason'] === 'replaced' ? [] : [{ kind: 'interrupt' }];
    case 'mcp_tool_call_end':
      return readMcpEnd(payload);
    default:
      return [];
  }
}

/** The one place where a rollout says whether an MCP tool failed. */
function readMcpEnd(payload: JsonObject): readonly Fact[] {
  const id = payload['call_id'];
  const result = payload['result'];
  if (typeof id !== 'string' || !isObject(result)) return [];
  const ok = result['Ok'];
  if (isObject(ok)) return [{ kind: 'answer', id, ...fromToolResult(ok) }];
  const failure = result['Err'];
  return typeof failure === 'string' ? [{ kind: 'answer', id, result: toResult(failure), error: true }] : [];
}

const lineTypes = new Set(['session_meta', 'response_item', 'event_msg', 'turn_context', 'compacted']);

function isEnveloped(value: JsonObject): boolean {
  return typeof value['type'] === 'string' && (lineTypes.has(value['type']) || 'payload' in value);
}

function isRolloutLine(value: JsonObject): boolean {
  if (typeof value['record_type'] === 'string') return value['record_type'] === 'state';
  return isEnveloped(value)
    ? lineTypes.has(toWord(value['type'])) && isObject(value['payload'])
    : isOldMeta(value);
}

function isOldMeta(value: JsonObject): boolean {
  return (
    typeof value['id'] === 'string' && toTime(value['timestamp']) !== undefined && 'instructions' in value
  );
}

function toSessionId(value: JsonObject): string | undefined {
  if (value['type'] === 'thread.started') return toId(value['thread_id']);
  const meta = value['type'] === 'session_meta' ? value['payload'] : isOldMeta(value) ? value : undefined;
  return isObject(meta) ? toId(meta['id']) : undefined;
}

function toId(id: unknown): string | undefined {
  return typeof id === 'string' && id !== '' && id.length <= nameCharsMax ? id : undefined;
}
