/**
 * A log of conversations, whole ones or bare messages one a line, as episodes: what the formats of the message APIs have
 * in common. What a message says is each format's own business.
 */
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import { toExchange } from './exchange.ts';
import type { NumberedLine, OnBad } from './importer.ts';
import { isObject, toObjects } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { createTurns } from './turns.ts';
import type { Fact, Turns } from './turns.ts';

export interface MessageFormat {
  readonly name: string;
  /** Whether a line is a message by itself. */
  readonly isMessage: (value: JsonObject) => boolean;
  /** Whether such a message opens a conversation. */
  readonly opens: (message: JsonObject) => boolean;
  /** The messages of a logged conversation, the response's last. */
  readonly toMessages: (value: JsonObject) => readonly unknown[];
  /** What a message says, or the reason why it is none. */
  readonly readMessage: (message: JsonObject) => readonly Fact[] | string;
}

/** Reads a log of one format. */
export async function* readMessageLog(
  lines: AsyncIterable<NumberedLine>,
  onBad: OnBad,
  source: string,
  format: MessageFormat,
): AsyncGenerator<ImportedEpisode, void, undefined> {
  /** Conversations are counted, not lines: a broken line between them renames nothing. */
  let count = 0;
  const start = (named?: string): Turns => {
    count += named === undefined ? 1 : 0;
    const conversation = named ?? `${source}#${count}`;
    return createTurns({
      source: format.name,
      agent: '',
      conversation: () => conversation,
      unanswered: 'left out',
    });
  };
  let loose: Turns | undefined;
  for await (const { line, value } of toObjects(lines, onBad)) {
    if (format.isMessage(value)) {
      if (format.opens(value)) {
        yield* loose?.close() ?? [];
        loose = undefined;
      }
      loose ??= start();
      yield* takeMessages(loose, [value], { format, line, onBad, at: undefined });
      continue;
    }
    const messages = format.toMessages(value);
    if (messages.length === 0) {
      onBad({ line, reason: 'no conversation: it has no messages' });
      continue;
    }
    const { conversation, at } = toExchange(value, 'messages');
    const turns = start(conversation);
    yield* takeMessages(turns, messages, { format, line, onBad, at });
    yield* turns.close();
  }
  yield* loose?.close() ?? [];
}

interface Place {
  readonly format: MessageFormat;
  readonly line: number;
  readonly onBad: OnBad;
  readonly at: string | undefined;
}

function* takeMessages(
  turns: Turns,
  messages: readonly unknown[],
  { format, line, onBad, at }: Place,
): Generator<ImportedEpisode> {
  for (const message of messages) {
    const facts = isObject(message) ? format.readMessage(message) : 'a message is no object';
    if (typeof facts === 'string') onBad({ line, reason: facts });
    else for (const fact of facts) yield* turns.take(fact, at);
  }
}
