/**
 * What texts mean, asked of an endpoint behind a breaker: in batches with retries for memories, and once within a short
 * time for a question, whose answers are kept for a while. A question is never kept waiting: it has no meaning then.
 */
import { DreyError, isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import { toDigest } from '../../../machines/words/ids.ts';
import { toAbortSignal } from '../../../machines/words/stop.ts';
import type { Breaker, CallOutcome } from '../breaker/breaker.ts';
import type { Clock, Log } from '../clock.ts';
import { toChance } from '../clock.ts';
import { retry, toRetrySettings } from '../calls/retry.ts';
import { withTimeout } from '../calls/timeout.ts';
import { embedTexts, isTextRefused } from './embedding-endpoint.ts';
import type { EmbeddingEndpoint, Vector } from './embedding-endpoint.ts';

export interface EmbedderOptions {
  readonly endpoint: EmbeddingEndpoint;
  readonly timeoutMs: number;
  readonly queryTimeoutMs: number;
  /** One for memories and one for questions: too slow for the one may be quick enough for the other. */
  readonly breakers: { readonly memories: Gate; readonly questions: Gate };
  readonly clock: Clock;
  readonly log: Log;
}

type Gate = Pick<Breaker, 'permit' | 'done'>;

/** Meanings of questions that are kept, and questions that are asked at once; more go by words alone. */
export const queriesKeptMax = 500;
export const queriesAtOnceMax = 16;
/** Characters of a question that are asked for. */
const queryMax = 2_000;
const retries = toRetrySettings({ tries: 4, baseMs: 500, capMs: 20_000 });

/** The meanings of texts, by one model. */
export class Embedder {
  readonly #options: EmbedderOptions;
  /** By namespace and question, so that nobody learns from its speed what others asked; the last used are the last. */
  readonly #kept = new Map<string, Vector>();
  #asking = 0;

  constructor(options: EmbedderOptions) {
    this.#options = options;
  }

  /** The meanings of memories; throws what it was refused with, when trying again does not help. */
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly Vector[]> {
    const { clock, timeoutMs, breakers } = this.#options;
    const chance = (): number => toChance(clock);
    return retry(() => this.#ask(texts, { gate: breakers.memories, ms: timeoutMs, signal }), {
      settings: retries,
      clock,
      chance,
      signal,
    });
  }

  /** The meaning of a question; undefined where it cannot be had in time. */
  async toQuery(namespace: string, question: string): Promise<Vector | undefined> {
    const { queryTimeoutMs, breakers, log } = this.#options;
    const text = question.slice(0, queryMax);
    const key = toDigest(`${namespace}\n${text}`);
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#keep(key, known);
      return known;
    }
    if (this.#asking >= queriesAtOnceMax) return undefined;
    this.#asking += 1;
    try {
      const [vector] = await this.#ask([text], { gate: breakers.questions, ms: queryTimeoutMs });
      if (vector !== undefined) this.#keep(key, vector);
      return vector;
    } catch (error) {
      log.debug({ err: toPlainError(error) }, 'a question is searched for by its words alone');
      return undefined;
    } finally {
      this.#asking -= 1;
    }
  }

  #keep(key: string, vector: Vector): void {
    this.#kept.delete(key);
    this.#kept.set(key, vector);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > queriesKeptMax && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** One try behind the breaker. */
  async #ask(
    texts: readonly string[],
    { gate, ms, signal }: { readonly gate: Gate; readonly ms: number; readonly signal?: AbortSignal },
  ): Promise<readonly Vector[]> {
    const { clock, endpoint } = this.#options;
    const admission = gate.permit();
    if (!admission.ok) {
      const retryAfterMs = admission.retryAfterMs ?? undefined;
      throw new DreyError(
        'breaker_open',
        'the embedding endpoint failed too often and is left alone for now',
        {
          details: retryAfterMs === undefined ? {} : { retryAfterMs },
        },
      );
    }
    const startedAt = clock.monotonic();
    const done = (outcome: CallOutcome): void =>
      gate.done(admission.permit, outcome, clock.monotonic() - startedAt);
    try {
      const vectors = await withTimeout({ ms, signal, clock, what: 'the embedding endpoint' }, (inner) =>
        embedTexts(endpoint, texts, toAbortSignal(inner)),
      );
      done('ok');
      return vectors;
    } catch (error) {
      done(toVerdict(error));
      throw error;
    }
  }
}

/** A text that the endpoint will not have says nothing about the endpoint. */
function toVerdict(error: unknown): CallOutcome {
  const isCancelled = isDreyError(error) && error.code === 'call_cancelled';
  return isCancelled || isTextRefused(error) ? 'ignored' : 'err';
}
