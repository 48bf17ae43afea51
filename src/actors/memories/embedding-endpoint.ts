/**
 * One request to an OpenAI-compatible endpoint of embeddings: texts there, as many vectors back, or an error that says
 * whose fault it was. It knows nothing of memories, follows no redirect with a key, and reads no more than it asked for.
 */
import { z } from 'zod';
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import type { ErrorCode } from '../../../machines/words/errors.ts';

export interface EmbeddingEndpoint {
  /** The whole address. */
  readonly url: string;
  readonly model: string;
  readonly dimensions: number;
  /** Asks for vectors of that length. */
  readonly shorten: boolean;
  readonly key: string | undefined;
}

export type Vector = readonly number[];

const Answer = z.object({
  data: z.array(
    z.object({
      index: z.number().int().optional(),
      // Also numbers that none can be made of: they say something about the text, not about the endpoint.
      embedding: z.array(z.custom<number | null>((one) => typeof one === 'number' || one === null)),
    }),
  ),
});

/** Characters that one number of a vector takes at most, and what else an answer holds. */
const numberMax = 32;
const restMax = 256 * 1024;
/** Of a refusal's own words so many are told. */
const reasonMax = 300;
const retryAfterMaxMs = 10 * 60_000;

/** These words it will not have, alone or with others; that says nothing about other texts. */
export function isTextRefused(error: unknown): boolean {
  return isDreyError(error) && error.details['refused'] === true;
}

/** The vectors of these texts, in their order; the signal ends the request. */
export async function embedTexts(
  endpoint: EmbeddingEndpoint,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<readonly Vector[]> {
  const answer = await ask(endpoint, texts, signal);
  const bytesMax = restMax + texts.length * endpoint.dimensions * numberMax;
  const body = await readText(answer, bytesMax).catch((cause: unknown) => {
    throw isDreyError(cause) ? cause : broken('its answer broke off', cause);
  });
  if (!answer.ok) throw toRefusal(answer, body, endpoint.key);
  return toVectors(body, endpoint, texts.length);
}

async function ask(
  { url, model, dimensions, shorten, key }: EmbeddingEndpoint,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      redirect: 'error',
      signal,
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({ model, input: texts, ...(shorten ? { dimensions } : {}) }),
    });
  } catch (cause) {
    throw new DreyError('resource_unavailable', `the embedding endpoint at ${toPlace(url)} does not answer`, {
      cause,
    });
  }
}

function toVectors(body: string, { dimensions }: EmbeddingEndpoint, count: number): readonly Vector[] {
  const parsed = Answer.safeParse(toJson(body));
  if (!parsed.success) throw broken('its answer is not in the format of OpenAI');
  const vectors: (Vector | undefined)[] = Array.from({ length: count });
  for (const [place, { index = place, embedding }] of parsed.data.data.entries()) {
    if (embedding.length !== dimensions)
      throw new DreyError(
        'config_invalid',
        `the embedding endpoint's vectors have ${embedding.length} dimensions and "embeddings" in drey.json says ${dimensions}`,
      );
    vectors[index] = toUsable(embedding);
  }
  const whole = vectors.filter((vector) => vector !== undefined);
  if (whole.length !== count || vectors.length !== count)
    throw broken(`it was given ${count} texts and answered with ${whole.length} vectors`);
  return whole;
}

/** As the database keeps it; one that points nowhere, or beyond what it can hold, is like nothing and in no index. */
function toUsable(embedding: readonly (number | null)[]): Vector {
  const vector = embedding.map((one) => Math.fround(one ?? Number.NaN));
  const length = Math.fround(vector.reduce((sum, one) => sum + one * one, 0));
  if (length > 0 && Number.isFinite(length)) return vector;
  const what = length === 0 ? 'is zero' : 'has numbers that are none, or beyond what the database holds';
  throw refused('argument_invalid', `the embedding endpoint fails: one of its vectors ${what}`);
}

/** Statuses below 500 that are not about the texts. */
const notOfTexts: ReadonlySet<number> = new Set([401, 408, 425, 429]);

function toRefusal(answer: Response, body: string, key: string | undefined): DreyError {
  const said = body.replaceAll(/\s+/g, ' ').slice(0, reasonMax);
  const words = key === undefined ? said : said.replaceAll(key, '[redacted]');
  const sentence = `the embedding endpoint answers ${answer.status}: ${words || answer.statusText}`;
  const { status } = answer;
  if (status === 401) return new DreyError('upstream_unauthorized', sentence);
  if (status >= 400 && status < 500 && !notOfTexts.has(status)) return refused(toCode(status), sentence);
  if (status < 400) return new DreyError('config_invalid', sentence);
  const retryAfterMs = Number(answer.headers.get('retry-after') ?? Number.NaN) * 1_000;
  const details = Number.isFinite(retryAfterMs)
    ? { retryAfterMs: Math.min(Math.max(retryAfterMs, 0), retryAfterMaxMs) }
    : {};
  return new DreyError('resource_unavailable', sentence, { details });
}

/** What it is where other texts are refused with it, too. */
function toCode(status: number): ErrorCode {
  if (status === 403) return 'upstream_unauthorized';
  return status === 400 || status === 413 || status === 422 ? 'argument_invalid' : 'config_invalid';
}

function refused(code: ErrorCode, sentence: string): DreyError {
  return new DreyError(code, sentence, { details: { refused: true } });
}

async function readText({ body }: Response, bytesMax: number): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw broken(`its answer has more than ${bytesMax} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return toJsonOfPython(text);
  }
}

/** Python writes numbers that are none as they are, which is no JSON. */
function toJsonOfPython(text: string): unknown {
  try {
    return JSON.parse(text.replaceAll(/(?<=[[,\s])-?(?:NaN|Infinity)(?=[\],\s])/g, 'null'));
  } catch {
    return undefined;
  }
}

function broken(why: string, cause?: unknown): DreyError {
  return new DreyError('upstream_failed', `the embedding endpoint fails: ${why}`, { cause });
}

function toPlace(url: string): string {
  return new URL(url).host;
}
