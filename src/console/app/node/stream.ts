/**
 * A stream of the node, read for as long as wanted: one that breaks is opened again, with growing pauses. The browser's
 * own reader of server-sent events could not send a key.
 */
import { request } from './ask.ts';

const reconnectMs = { first: 500, most: 10_000 };
/** Characters of one message; what is longer is left out. */
const messageMax = 4 * 1024 * 1024;

export interface StreamParts {
  readonly path: () => string;
  readonly opened: () => void;
  readonly take: (message: unknown) => void;
  readonly broke: (error: unknown) => void;
}

/** Reads until the signal says that it is enough. */
export async function keepReading(
  { path, opened, take, broke }: StreamParts,
  signal: AbortSignal,
): Promise<void> {
  let waitMs = reconnectMs.first;
  while (!signal.aborted) {
    try {
      const answer = await request(path(), { signal });
      waitMs = reconnectMs.first;
      opened();
      await readMessages(answer, take);
      broke(undefined);
    } catch (error) {
      if (signal.aborted) return;
      broke(error);
    }
    await pause(waitMs);
    waitMs = Math.min(waitMs * 2, reconnectMs.most);
  }
}

/** Reads the messages of one answer to its end. */
export async function readMessages(answer: Response, take: (message: unknown) => void): Promise<void> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  if (reader === undefined) return;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const messages = (rest + value).split('\n\n');
    rest = messages.pop() ?? '';
    if (rest.length > messageMax) rest = '';
    for (const message of messages) {
      const data = message
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => line.slice(6))
        .join('\n');
      if (data !== '') take(JSON.parse(data));
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
