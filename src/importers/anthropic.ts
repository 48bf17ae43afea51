/**
 * Conversations with Anthropic's Messages API, one a line: `{messages: [...]}`, logged requests with their responses,
 * batch results, or bare messages one a line. Blocks of MCP servers and of Anthropic's own tools are read as well.
 * Described at https://docs.anthropic.com/en/api/messages and .../agents-and-tools/mcp-connector.
 */
import { toAnswered, toSpokenText } from './contents.ts';
import { toExchange } from './exchange.ts';
import type { Importer } from './importer.ts';
import { isObject, toSampleObjects } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { readMessageLog } from './message-log.ts';
import { toServedName } from './tool-names.ts';
import type { Fact } from './turns.ts';
import { nameCharsMax, toTaskText, toWord } from './values.ts';

/** Messages with tool blocks; nobody says how a conversation ended, so outcomes are unknown. */
export const anthropic: Importer = {
  name: 'anthropic',
  title: 'Anthropic messages',
  recognises: (sample) =>
    toSampleObjects(sample).some((value) => [value, ...toMessages(value)].some(hasToolBlock)),
  read: (lines, onBad, source) =>
    readMessageLog(lines, onBad, source, {
      name: 'anthropic',
      isMessage,
      // Messages have no system among them: nothing tells where one conversation ends.
      opens: () => false,
      toMessages,
      readMessage,
    }),
};

/** The request's messages, then what the model answered. */
function toMessages(value: JsonObject): readonly unknown[] {
  const { input, response } = toExchange(value, 'messages');
  const messages: readonly unknown[] = Array.isArray(input) ? input : [];
  return response !== undefined && isMessage(response) ? [...messages, response] : messages;
}

function isMessage(value: unknown): value is JsonObject {
  return isObject(value) && (value['role'] === 'user' || value['role'] === 'assistant') && 'content' in value;
}

const calls = new Set(['tool_use', 'server_tool_use', 'mcp_tool_use']);

function isAnswer(type: unknown): boolean {
  return typeof type === 'string' && type.endsWith('tool_result');
}

function hasToolBlock(message: unknown): boolean {
  if (!isMessage(message) || !Array.isArray(message['content'])) return false;
  return message['content'].some(
    (block) => isObject(block) && (calls.has(toWord(block['type'])) || isAnswer(block['type'])),
  );
}

function readMessage(message: JsonObject): readonly Fact[] | string {
  const content = message['content'];
  const blocks: readonly unknown[] = Array.isArray(content) ? content : [{ type: 'text', text: content }];
  const facts: Fact[] = [];
  for (const block of blocks) {
    if (!isObject(block)) continue;
    const fact = calls.has(toWord(block['type']))
      ? toCall(block)
      : isAnswer(block['type'])
        ? toAnswer(block)
        : undefined;
    if (typeof fact === 'string') return fact;
    if (fact !== undefined) facts.push(fact);
  }
  if (message['role'] !== 'user') return facts;
  const task = toTaskText(
    toSpokenText(blocks.filter((block) => isObject(block) && block['type'] === 'text')),
  );
  // Text beside an answer comments on it; the task goes on.
  return task === '' || facts.length > 0 ? facts : [{ kind: 'prompt', task }];
}

function toCall(block: JsonObject): Fact | string {
  const name = toServedName(block['server_name'], block['name']);
  const id = block['id'];
  if (name === undefined || typeof id !== 'string' || id === '' || id.length > nameCharsMax) {
    return 'a tool block has no id or no name';
  }
  return { kind: 'call', id, ...name, args: block['input'] ?? {} };
}

function toAnswer(block: JsonObject): Fact | string {
  const id = block['tool_use_id'];
  if (typeof id !== 'string') return 'a tool result block has no tool_use_id';
  const content = block['content'];
  // Anthropic's own tools answer with one block, whose type says when it is an error.
  const failed = isObject(content) && toWord(content['type']).endsWith('_error');
  const { result, error } = toAnswered(content);
  return { kind: 'answer', id, result, error: error || failed || block['is_error'] === true };
}
