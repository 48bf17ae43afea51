/**
 * What a person asked, out of the inputs that tracers record: a text, a list of messages in any of the APIs' spellings,
 * or an object around one of them. It looks into known places only and never recurses without a bound.
 */
import { toSpokenText } from './contents.ts';
import { isObject } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { toTaskText } from './values.ts';

/** Objects around objects around a list of messages: more than the tracers do. */
const depthMax = 4;
/** The longest recorded input that is parsed, in characters. */
const charsMax = 4 * 1024 * 1024;

const places = [
  'messages',
  'input',
  'inputs',
  'question',
  'query',
  'prompt',
  'task',
  'user_input',
  'text',
  'content',
  'kwargs',
  'chat_history',
];

/** The last thing a person said in an input; undefined where nobody did. */
export function toAskedText(value: unknown, depth = 0): string | undefined {
  if (depth > depthMax) return undefined;
  if (typeof value === 'string') return fromText(value, depth);
  if (Array.isArray(value)) return fromMessages(value, depth);
  if (!isObject(value)) return undefined;
  if (isPerson(value)) return fromMessage(value);
  for (const place of places) {
    const text = value[place] === undefined ? undefined : toAskedText(value[place], depth + 1);
    if (text !== undefined) return text;
  }
  return undefined;
}

function fromText(text: string, depth: number): string | undefined {
  if (/^\s*[[{]/.test(text) && text.length <= charsMax) {
    try {
      const value: unknown = JSON.parse(text);
      return toAskedText(value, depth + 1);
    } catch {
      // A text that only looks like JSON is what was asked.
    }
  }
  const task = toTaskText(text);
  return task === '' ? undefined : task;
}

function fromMessages(list: readonly unknown[], depth: number): string | undefined {
  const messages = list.slice(-1_000);
  for (const message of messages.toReversed()) {
    if (isObject(message) && isPerson(message)) {
      const text = fromMessage(message);
      if (text !== undefined) return text;
    }
    const text = toShort(message);
    if (text !== undefined) return text;
  }
  // LangChain batches: a list of lists of messages.
  const [first] = messages;
  return depth < depthMax && Array.isArray(first) ? fromMessages(first, depth + 1) : undefined;
}

/** LangChain's short form: `['user', 'what was asked']`. */
function toShort(message: unknown): string | undefined {
  if (!Array.isArray(message)) return undefined;
  const [role, said] = message as unknown[];
  return (role === 'user' || role === 'human') && typeof said === 'string' ? toTaskText(said) : undefined;
}

function isPerson(message: JsonObject): boolean {
  if (message['role'] === 'user' || message['role'] === 'human' || message['type'] === 'human') return true;
  // A LangChain message as it is serialised: {id: ['langchain', ..., 'HumanMessage'], kwargs: {content}}.
  return Array.isArray(message['id']) && message['id'].at(-1) === 'HumanMessage';
}

function fromMessage(message: JsonObject): string | undefined {
  const kwargs = isObject(message['kwargs']) ? message['kwargs'] : message;
  const text = toTaskText(toSpokenText(kwargs['content'] ?? kwargs['parts'] ?? kwargs['text']));
  return text === '' ? undefined : text;
}
