/** Reads server-sent events: bytes in, messages and comments out. One message at most is held at a time. */
import { DreyError } from '../../machines/words/errors.ts';

/** The longest message that is read; an envelope on the bus is shorter. */
const messageCharsMax = 4 * 1024 * 1024;

export type StreamItem =
  | { readonly kind: 'message'; readonly data: string }
  | { readonly kind: 'comment'; readonly text: string };

/** Splits a stream of bytes into its messages. A message cut off by the stream's end is dropped, as the format wants it. */
export async function* toStreamItems(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<StreamItem, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > messageCharsMax) {
      throw new DreyError(
        'body_too_large',
        `A message of the node is longer than ${messageCharsMax} characters.`,
      );
    }
    for (const ended of lines) {
      const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended;
      if (line.startsWith(':')) yield { kind: 'comment', text: line.slice(1).trim() };
      else if (line.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
      else if (line === '' && data.length > 0) {
        yield { kind: 'message', data: data.join('\n') };
        data = [];
      }
    }
  }
}
