/**
 * The embedding worker: finds out what memories mean, after they were stored and never before that is answered. What has
 * no vector yet is read from the database, so a crash, an outage or another model only means that there is more to do.
 */
import { isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import type { Redactor } from '../../access/access.ts';
import type { MemoryVector, Store, Turn, Unembedded } from '../../store/store.ts';
import { listNamespaces, readUnembedded, saveVectors } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import type { Embedder } from './embedder.ts';
import { isTextRefused } from './embedding-endpoint.ts';

export interface EmbeddingWorkerOptions {
  readonly store: Pick<Store, 'inNamespace' | 'inSystem'>;
  readonly embedder: Pick<Embedder, 'embed'>;
  readonly redactor: Pick<Redactor, 'redactText'>;
  /** Whose vectors they are. */
  readonly space: string;
  readonly batchSize: number;
  /** The turn of going through everything, which one node of all has; undefined while another has it. */
  readonly takeTurn: () => Promise<Pick<Turn, 'release'> | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  /** It cannot go on. */
  readonly broke: (error: unknown) => void;
}

/** Memories that were stored just now and wait; what comes on top is found when everything is gone through. */
export const dueMax = 1_000;
/** How often everything is gone through, and how soon after a failure or while another node does. */
export const passEveryMs = 60 * 60_000;
export const againMs = 15_000;
const harmless = 'a memory';

/** Finds out what memories mean, until it is stopped. */
export class EmbeddingWorker {
  readonly #options: EmbeddingWorkerOptions;
  readonly #due = new Map<string, Set<string>>();
  readonly #end = new AbortController();
  #dueCount = 0;
  /** When the last pass through everything ended. */
  #passedAt = 0;
  /** There may be memories without a vector that nobody noted. */
  #isBehind = true;
  #running: Promise<void> | undefined;
  #cancel = (): void => undefined;
  /** After a failure nothing is begun until the pause is over. */
  #isPaused = false;

  constructor(options: EmbeddingWorkerOptions) {
    this.#options = options;
    this.#wake();
  }

  /** This memory was stored or changed. */
  note(namespace: string, memoryId: string): void {
    if (this.#dueCount >= dueMax) {
      this.#isBehind = true;
      return;
    }
    const ids = this.#due.get(namespace) ?? new Set();
    this.#due.set(namespace, ids);
    if (!ids.has(memoryId)) this.#dueCount += 1;
    ids.add(memoryId);
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    this.#cancel();
    await this.#running;
  }

  get #isStopped(): boolean {
    return this.#end.signal.aborted;
  }

  #wake(): void {
    if (this.#running !== undefined || this.#isPaused || this.#isStopped) return;
    this.#cancel();
    this.#running = this.#work().then(
      (pauseMs) => this.#rest(pauseMs),
      (error: unknown) => {
        this.#running = undefined;
        this.#options.broke(error);
      },
    );
  }

  #rest(pauseMs: number | undefined): void {
    this.#running = undefined;
    if (this.#isStopped) return;
    this.#isPaused = pauseMs !== undefined;
    // Fresh memories do not put off the pass through all of them.
    const untilPassMs = Math.max(0, this.#passedAt + passEveryMs - this.#options.clock.monotonic());
    this.#cancel = this.#options.clock.schedule(pauseMs ?? untilPassMs, () => {
      this.#isPaused = false;
      this.#isBehind = true;
      this.#wake();
    });
    if (this.#dueCount > 0) this.#wake();
  }

  /** Does what there is to do; answers how long to leave it, where something failed. */
  async #work(): Promise<number | undefined> {
    try {
      await this.#takeDue();
      if (!this.#isBehind) return undefined;
      if (!(await this.#passAll())) return againMs;
      this.#passedAt = this.#options.clock.monotonic();
      return undefined;
    } catch (error) {
      if (this.#isStopped) return undefined;
      // Wrong settings do not get right by themselves: whoever looks at the node is to see them.
      if (isTextRefused(error)) throw error;
      if (isDreyError(error) && (error.code === 'config_invalid' || error.code === 'upstream_unauthorized'))
        throw error;
      this.#isBehind = true;
      const waitMs = isDreyError(error) ? Number(error.details['retryAfterMs'] ?? 0) : 0;
      this.#options.log.debug({ err: toPlainError(error) }, 'memories wait for their vectors');
      return Math.max(againMs, waitMs);
    }
  }

  async #takeDue(): Promise<void> {
    const { batchSize } = this.#options;
    for (let [first] = this.#due; first !== undefined && !this.#isStopped; [first] = this.#due) {
      const [namespace, ids] = first;
      const memoryIds = [...ids].slice(0, batchSize);
      for (const id of memoryIds) ids.delete(id);
      this.#dueCount -= memoryIds.length;
      if (ids.size === 0) this.#due.delete(namespace);
      await this.#embed(namespace, await this.#read(namespace, { memoryIds }));
    }
  }

  /** Goes through all namespaces; false where that is another node's turn. */
  async #passAll(): Promise<boolean> {
    const { store, takeTurn } = this.#options;
    const turn = await takeTurn();
    if (turn === undefined) return false;
    try {
      this.#isBehind = false;
      for (const { namespace } of await store.inSystem(listNamespaces)) await this.#pass(namespace);
      return true;
    } finally {
      await turn.release();
    }
  }

  async #pass(namespace: string): Promise<void> {
    const { batchSize } = this.#options;
    let after: string | undefined;
    for (;;) {
      if (this.#isStopped) return;
      const some = await this.#read(namespace, after === undefined ? {} : { after });
      await this.#embed(namespace, some);
      // What was stored just now does not wait for all that is older.
      await this.#takeDue();
      after = some.at(-1)?.memoryId;
      if (some.length < batchSize) return;
    }
  }

  #read(
    namespace: string,
    which: { readonly memoryIds?: readonly string[]; readonly after?: string },
  ): Promise<readonly Unembedded[]> {
    const { store, space, batchSize, clock } = this.#options;
    const now = toIso(clock.now());
    return store.inNamespace(namespace, (trx) =>
      readUnembedded(trx, { ...which, space, now, limit: batchSize }),
    );
  }

  async #embed(namespace: string, memories: readonly Unembedded[]): Promise<void> {
    if (memories.length === 0) return;
    const { store, space } = this.#options;
    const vectors = await this.#ask(memories);
    await store.inNamespace(namespace, (trx) => saveVectors(trx, space, vectors));
  }

  /** In halves where the endpoint will not have them together: one text must not keep the others waiting for ever. */
  async #ask(memories: readonly Unembedded[]): Promise<readonly MemoryVector[]> {
    const { embedder, redactor } = this.#options;
    try {
      // Rules may have been added since it was stored.
      const texts = memories.map(({ content }) => redactor.redactText(content));
      const vectors = await embedder.embed(texts, this.#end.signal);
      return memories.map(({ memoryId, digest }, place) => ({
        memoryId,
        digest,
        vector: vectors[place] ?? null,
      }));
    } catch (error) {
      if (!isTextRefused(error)) throw error;
      const [only] = memories;
      if (memories.length === 1 && only !== undefined) return [await this.#askAgain(only)];
      const middle = Math.ceil(memories.length / 2);
      return [...(await this.#ask(memories.slice(0, middle))), ...(await this.#ask(memories.slice(middle)))];
    }
  }

  /**
   * The last word on a memory that was refused alone. Where harmless words are refused, too, the fault is not the
   * memory's and nothing is marked; and one bad replica of several may have refused it, so it is asked for once more.
   */
  async #askAgain({ memoryId, digest, content }: Unembedded): Promise<MemoryVector> {
    const { embedder, redactor, log } = this.#options;
    await embedder.embed([harmless], this.#end.signal);
    try {
      const [vector = null] = await embedder.embed([redactor.redactText(content)], this.#end.signal);
      return { memoryId, digest, vector };
    } catch (error) {
      if (!isTextRefused(error)) throw error;
      log.warn({ memory: memoryId, err: toPlainError(error) }, 'a memory has no vector');
      return { memoryId, digest, vector: null };
    }
  }
}
