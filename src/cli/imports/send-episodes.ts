/**
 * Sends episodes to the node as they are read: NDJSON in several requests, each bounded in episodes and bytes, with
 * back-pressure from the node to the file. Memory stays the same for a file of any size.
 */
import type { ClientRequest } from 'node:http';
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import { limits } from '../../../machines/words/limits.ts';
import type { Answer, NodeClient } from '../node-client.ts';

const episodesPerRequest = 500;
/** A request's body must have arrived within the node's bound for requests. */
const bytesPerRequest = 16 * 1024 * 1024;
/** Lines are gathered up to this size before they are written. */
const writeCharsMin = 64 * 1024;

export interface SentCounts {
  readonly episodes: number;
  readonly calls: number;
  readonly duplicates: number;
}

export interface SendHooks {
  /** Called for each episode that was written. */
  readonly onSent: (episode: ImportedEpisode) => void;
  /** Called for an episode that is too large to be sent. */
  readonly onTooLarge: (episode: ImportedEpisode) => void;
  /** Called with each answer's counts. */
  readonly onCounted: (counts: SentCounts) => void;
}

export interface SendOptions extends SendHooks {
  readonly client: NodeClient;
  readonly namespace: string | undefined;
}

/** Sends all episodes of a file. */
export async function sendEpisodes(
  episodes: AsyncIterable<ImportedEpisode>,
  options: SendOptions,
): Promise<void> {
  const source = episodes[Symbol.asyncIterator]();
  try {
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      await sendRequest(next.value, source, options);
    }
  } finally {
    await source.return?.();
  }
}

/** One request: the first episode and those that follow it, up to the bounds. */
async function sendRequest(
  first: ImportedEpisode,
  source: AsyncIterator<ImportedEpisode>,
  options: SendOptions,
): Promise<void> {
  const { client, namespace } = options;
  const { request, answer } = await client.upload('/import', { namespace }, 'application/x-ndjson');
  // An early answer ends the writing; it is told when it is awaited below.
  const early = { isAnswered: false };
  const onAnswer = (): void => {
    early.isAnswered = true;
  };
  const settled = answer.then(onAnswer, onAnswer);
  let sizeBytes = 0;
  let gathered = '';
  try {
    let current: ImportedEpisode | undefined = first;
    for (let count = 1; current !== undefined && !early.isAnswered; count += 1) {
      const line = toLine(current, options);
      sizeBytes += line.length;
      gathered += line;
      if (gathered.length >= writeCharsMin) {
        await write(request, gathered, settled);
        gathered = '';
      }
      if (count >= episodesPerRequest || sizeBytes >= bytesPerRequest) break;
      const next: IteratorResult<ImportedEpisode> = await source.next();
      current = next.done === true ? undefined : next.value;
    }
  } catch (error) {
    // What was read until then still counts.
    await finish(request, gathered, answer, options).catch(() => undefined);
    throw error;
  }
  await finish(request, gathered, answer, options);
}

async function finish(
  request: ClientRequest,
  gathered: string,
  answer: Promise<Answer>,
  options: SendOptions,
): Promise<void> {
  request.end(gathered);
  const { value } = await answer.catch((error: unknown) => {
    throw toBrokenOff(error, options.client.address.url);
  });
  options.onCounted(toCounts(value));
}

/** A node that was there before the request, and ends it without a word, did so for a reason of its own. */
function toBrokenOff(error: unknown, url: string): unknown {
  if (!isDreyError(error) || error.code !== 'node_unreachable') return error;
  if (!['EPIPE', 'ECONNRESET'].includes(String(error.details['cause']))) return error;
  const sentence = `The node at ${url} broke off the import.`;
  const details = {
    hint: 'Its log says why. What it took in before is kept; the same import can be repeated.',
  };
  return new DreyError('node_unreachable', sentence, { cause: error, details });
}

function toLine(episode: ImportedEpisode, options: SendOptions): string {
  const line = `${JSON.stringify(episode)}\n`;
  if (line.length > limits.messageBytesMax / 3 && Buffer.byteLength(line) > limits.messageBytesMax) {
    options.onTooLarge(episode);
    return '';
  }
  options.onSent(episode);
  return line;
}

async function write(request: ClientRequest, text: string, settled: Promise<void>): Promise<void> {
  if (request.write(text)) return;
  let wake = (): void => undefined;
  const drained = new Promise<void>((resolve) => {
    wake = resolve;
  });
  request.once('drain', wake);
  request.once('close', wake);
  await Promise.race([drained, settled]);
  request.off('drain', wake);
  request.off('close', wake);
}

function toCounts(value: unknown): SentCounts {
  if (typeof value === 'object' && value !== null) {
    const { episodes, calls, duplicates } = value as Record<keyof SentCounts, unknown>;
    if (typeof episodes === 'number' && typeof calls === 'number') {
      return { episodes, calls, duplicates: typeof duplicates === 'number' ? duplicates : 0 };
    }
  }
  throw new DreyError('unexpected', 'The node did not say how many episodes it took in.');
}
