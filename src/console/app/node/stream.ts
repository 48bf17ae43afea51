/**
 * A stream of the node, read for as long as wanted: one that breaks is opened again, with growing pauses. The browser's
 * own reader of server-sent events could not send a key.
 */
import { request } from './ask.ts';

const reconnectMs = { first: 500, most: 10_000 };
/** A stream that lived so long is taken for a good one: after it the pauses begin anew. */
const livedMs = 10_000;
/** Characters of one message; what is longer is left out. */
const messageMax = 4 * 1024 * 1024;

export interface StreamParts {
  readonly path: () => string;
  readonly opened: () => void;
  readonly take: (message: unknown) => void;
  readonly broke: (error: unknown) => void;
}

/** Reads until the signal says that it is enough; a tab that nobody looks at reads nothing. */
export async function keepReading(
  { path, opened, take, broke }: StreamParts,
  signal: AbortSignal,
): Promise<void> {
  let waitMs = reconnectMs.first;
  while (!signal.aborted) {
    await untilLookedAt(signal);
    const looking = followLooks(signal);
    let openedAt = Infinity;
    try {
      const answer = await request(path(), { signal: looking.signal });
      looking.signal.throwIfAborted();
      openedAt = performance.now();
      opened();
      await readMessages(answer, (message) => {
        // What was read already when it was told to stop is nobody's any more.
        if (!looking.signal.aborted) take(message);
      });
      if (!looking.signal.aborted) broke(undefined);
    } catch (error) {
      if (!looking.signal.aborted) broke(error);
    } finally {
      looking.end();
    }
    if (looking.signal.aborted) continue;
    // A stream that opens and breaks at once is no better than one that does not open.
    if (performance.now() - openedAt >= livedMs) waitMs = reconnectMs.first;
    await pause(waitMs);
    waitMs = Math.min(waitMs * 2, reconnectMs.most);
  }
}

/** Until the tab is looked at, or nobody wants to read any more. */
function untilLookedAt(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const looked = new AbortController();
    const check = (): void => {
      if (document.hidden && !signal.aborted) return;
      looked.abort();
      resolve();
    };
    document.addEventListener('visibilitychange', check, { signal: looked.signal });
    signal.addEventListener('abort', check, { signal: looked.signal });
    check();
  });
}

/** A signal that ends with the given one, or once the tab is hidden; `end` lets go of both. */
function followLooks(signal: AbortSignal): { readonly signal: AbortSignal; readonly end: () => void } {
  const over = new AbortController();
  const ended = new AbortController();
  const check = (): void => {
    if (document.hidden || signal.aborted) over.abort();
  };
  document.addEventListener('visibilitychange', check, { signal: ended.signal });
  signal.addEventListener('abort', check, { signal: ended.signal });
  check();
  return { signal: over.signal, end: () => ended.abort() };
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
