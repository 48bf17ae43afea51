/**
 * One request to an OpenAI-compatible endpoint of embeddings: texts there, as many vectors back, or an error that says
 * whose fault it was. It knows nothing of memories, follows no redirect with a key, and reads no more than it asked for.
 */
import { z } from 'zod';
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';

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
  data: z.array(z.object({ index: z.number().int().optional(), embedding: z.array(z.number()) })),
});

/** Characters that one number of a vector takes at most, and what else an answer holds. */
const numberMax = 32;
const restMax = 256 * 1024;
/** Of a refusal's own words so many are told. */
const reasonMax = 300;
const retryAfterMaxMs = 10 * 60_000;

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
    // One that points nowhere is like nothing, and no index can hold it.
    if (!embedding.some((one) => one !== 0)) throw broken('one of its vectors is zero');
    vectors[index] = embedding;
  }
  const whole = vectors.filter((vector) => vector !== undefined);
  if (whole.length !== count || vectors.length !== count)
    throw broken(`it was given ${count} texts and answered with ${whole.length} vectors`);
  return whole;
}

function toRefusal(answer: Response, body: string, key: string | undefined): DreyError {
  const said = body.replaceAll(/\s+/g, ' ').slice(0, reasonMax);
  const words = key === undefined ? said : said.replaceAll(key, '[redacted]');
  const sentence = `the embedding endpoint answers ${answer.status}: ${words || answer.statusText}`;
  const { status } = answer;
  if (status === 401 || status === 403) return new DreyError('upstream_unauthorized', sentence);
  if (status === 400 || status === 413 || status === 422) return new DreyError('argument_invalid', sentence);
  if (status !== 429 && status < 500) return new DreyError('config_invalid', sentence);
  const retryAfterMs = Number(answer.headers.get('retry-after') ?? Number.NaN) * 1_000;
  const details = Number.isFinite(retryAfterMs)
    ? { retryAfterMs: Math.min(Math.max(retryAfterMs, 0), retryAfterMaxMs) }
    : {};
  return new DreyError('resource_unavailable', sentence, { details });
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
    return undefined;
  }
}

function broken(why: string, cause?: unknown): DreyError {
  return new DreyError('upstream_failed', `the embedding endpoint fails: ${why}`, { cause });
}

function toPlace(url: string): string {
  return new URL(url).host;
}
