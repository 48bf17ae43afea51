/**
 * Conversations with OpenAI's chat API and all that speak like it, one a line: `{messages: [...]}` (the format of
 * fine-tuning files), logged requests with their responses, stored completions, or bare messages one a line. Described
 * at https://platform.openai.com/docs/api-reference/chat/create.
 */
import { toAnswered, toArguments, toSpokenText } from './contents.ts';
import { toExchange } from './exchange.ts';
import type { Importer } from './importer.ts';
import { isObject, toSampleObjects } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { readMessageLog } from './message-log.ts';
import { toServedName } from './tool-names.ts';
import type { Fact } from './turns.ts';
import { nameCharsMax, toTaskText, toWord } from './values.ts';

/** Chat messages; nobody says how a conversation ended, so outcomes are unknown. */
export const openaiChat: Importer = {
  name: 'openai-chat',
  title: 'OpenAI chat messages',
  recognises: (sample) =>
    toSampleObjects(sample).some((value) => isMessage(value) || toMessages(value).some(isMessage)),
  read: (lines, onBad, source) =>
    readMessageLog(lines, onBad, source, {
      name: 'openai-chat',
      isMessage,
      opens: ({ role }) => role === 'system' || role === 'developer',
      toMessages,
      readMessage,
    }),
};

/** The request's messages, then what the model answered. */
function toMessages(value: JsonObject): readonly unknown[] {
  const { input, response } = toExchange(value, 'messages');
  const choices = response?.['choices'];
  const answer: unknown = Array.isArray(choices) && isObject(choices[0]) ? choices[0]['message'] : undefined;
  const messages: readonly unknown[] = Array.isArray(input) ? input : [];
  return isObject(answer) ? [...messages, answer] : messages;
}

const roles = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

function isMessage(value: unknown): value is JsonObject {
  return (
    isObject(value) &&
    typeof value['role'] === 'string' &&
    roles.has(value['role']) &&
    ('content' in value || 'tool_calls' in value || 'function_call' in value)
  );
}

function readMessage(message: JsonObject): readonly Fact[] | string {
  switch (message['role']) {
    case 'user': {
      const task = toTaskText(toSpokenText(message['content']));
      return task === '' ? [] : [{ kind: 'prompt', task }];
    }
    case 'assistant':
      return readCalls(message);
    case 'tool':
    case 'function': {
      // The API before tool calls had ids: the function's name is all there is.
      const id = message['tool_call_id'] ?? message['name'];
      if (typeof id !== 'string') return 'a tool message has no tool_call_id';
      return [{ kind: 'answer', id, ...toAnswered(message['content']) }];
    }
    default:
      return [];
  }
}

function readCalls(message: JsonObject): readonly Fact[] | string {
  const facts: Fact[] = [];
  const legacy = message['function_call'];
  if (isObject(legacy)) {
    const name = toServedName(undefined, legacy['name']);
    if (name === undefined) return 'a function_call has no name';
    facts.push({ kind: 'call', id: toWord(legacy['name']), ...name, args: toArguments(legacy['arguments']) });
  }
  const calls = message['tool_calls'];
  if (!Array.isArray(calls)) return facts;
  for (const call of calls) {
    const fact = isObject(call) ? toCall(call) : undefined;
    if (fact === undefined) return 'a tool call has no id or no name';
    facts.push(fact);
  }
  return facts;
}

function toCall(call: JsonObject): Fact | undefined {
  // A custom tool takes text instead of JSON.
  const custom = isObject(call['custom']) ? call['custom'] : undefined;
  const called = isObject(call['function']) ? call['function'] : custom;
  const name = toServedName(undefined, called?.['name']);
  const id = call['id'];
  if (name === undefined || typeof id !== 'string' || id === '' || id.length > nameCharsMax) return undefined;
  return { kind: 'call', id, ...name, args: toArguments(called?.['arguments'] ?? called?.['input']) };
}
