/**
 * Logs of OpenAI's Responses API, one a line: responses (`object: "response"`), requests with their responses, or bare
 * items. A response that names its `previous_response_id` goes on in the same conversation. Described at
 * https://platform.openai.com/docs/api-reference/responses.
 */
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import { toExchange } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import type { Importer, NumberedLine, OnBad } from './importer.ts';
import { isObject, toObjects, toSampleObjects } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { isCallItem, readItem } from './response-items.ts';
import { createTurns } from './turns.ts';
import type { Turns } from './turns.ts';
import { nameCharsMax } from './values.ts';

/** Conversations open at a time, each waiting for a response that goes on from its last one. */
const openMax = 64;

/** Responses and their items; nobody says how a conversation ended, so outcomes are unknown. */
export const openaiResponses: Importer = {
  name: 'openai-responses',
  title: 'OpenAI Responses',
  recognises: (sample) => toSampleObjects(sample).some((value) => isCallItem(value) || isLogged(value)),
  read,
};

async function* read(
  lines: AsyncIterable<NumberedLine>,
  onBad: OnBad,
  source: string,
): AsyncGenerator<ImportedEpisode, void, undefined> {
  const chains = createChains(source);
  for await (const { line, value } of toObjects(lines, onBad)) {
    if (isItem(value)) {
      yield* takeItems(chains.loose(), [value], { line, onBad, at: undefined });
      continue;
    }
    const exchange = toExchange(value, 'input');
    const items = toItems(exchange);
    if (items === undefined) {
      onBad({ line, reason: 'no response: it has neither input nor output' });
      continue;
    }
    const turns = chains.continued(exchange);
    yield* takeItems(turns, items, { line, onBad, at: exchange.at });
    yield* chains.waitFor(toResponseId(exchange), turns);
  }
  yield* chains.closeAll();
}

interface Chains {
  /** The conversation of items that stand by themselves. */
  readonly loose: () => Turns;
  /** The conversation an exchange goes on in, or a new one. */
  readonly continued: (exchange: Exchange) => Turns;
  /** Keeps a conversation for the response that names this one; what has to make room is ended. */
  readonly waitFor: (response: string | undefined, turns: Turns) => ImportedEpisode[];
  readonly closeAll: () => ImportedEpisode[];
}

function createChains(source: string): Chains {
  /** By the id of the last response, oldest first. */
  const open = new Map<string, Turns>();
  /** Conversations are counted, not lines: a broken line between them renames nothing. */
  let count = 0;
  let loose: Turns | undefined;
  const start = (named?: string): Turns => {
    count += named === undefined ? 1 : 0;
    const conversation = named ?? `${source}#${count}`;
    return createTurns({
      source: 'openai-responses',
      agent: '',
      conversation: () => conversation,
      unanswered: 'left out',
    });
  };
  const close = (response: string): ImportedEpisode[] => {
    const turns = open.get(response);
    open.delete(response);
    return turns?.close() ?? [];
  };
  return {
    loose: () => (loose ??= start()),
    continued: ({ previous, conversation }) => {
      const before = open.get(previous ?? '');
      open.delete(previous ?? '');
      return before ?? start(conversation);
    },
    waitFor: (response, turns) => {
      if (response === undefined) return turns.close();
      // A response that is there twice is gone on from once.
      const done = close(response);
      open.set(response, turns);
      const [oldest] = open.keys();
      return open.size > openMax && oldest !== undefined ? [...done, ...close(oldest)] : done;
    },
    closeAll: () => [...[...open.keys()].flatMap(close), ...(loose?.close() ?? [])],
  };
}

interface Place {
  readonly line: number;
  readonly onBad: OnBad;
  readonly at: string | undefined;
}

function* takeItems(
  turns: Turns,
  items: readonly unknown[],
  { line, onBad, at }: Place,
): Generator<ImportedEpisode> {
  for (const item of items) {
    const facts = isObject(item) ? readItem(item) : 'an item is no object';
    if (typeof facts === 'string') onBad({ line, reason: facts });
    else for (const fact of facts) yield* turns.take(fact, at);
  }
}

function toItems({ input, response }: Exchange): readonly unknown[] | undefined {
  const output = response?.['output'];
  if (input === undefined && !Array.isArray(output)) return undefined;
  const said = typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input;
  return [
    ...(Array.isArray(said) ? (said as unknown[]) : []),
    ...(Array.isArray(output) ? (output as unknown[]) : []),
  ];
}

function isItem(value: JsonObject): boolean {
  if ('input' in value && !isCallItem(value)) return false;
  return (
    (typeof value['type'] === 'string' &&
      !('output' in value && Array.isArray(value['output'])) &&
      /(?:_call|_output|^message|^reasoning)$/.test(value['type'])) ||
    (value['type'] === undefined && typeof value['role'] === 'string' && 'content' in value)
  );
}

function isLogged(value: JsonObject): boolean {
  const { input, response } = toExchange(value, 'input');
  if (response?.['object'] === 'response' && Array.isArray(response['output'])) return true;
  return Array.isArray(input) && input.some((item) => isCallItem(item));
}

function toResponseId({ response }: Exchange): string | undefined {
  const id = response?.['id'];
  return typeof id === 'string' && id !== '' && id.length <= nameCharsMax ? id : undefined;
}
