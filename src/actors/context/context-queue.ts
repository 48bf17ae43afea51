/**
 * Changes of contexts that were accepted while the database was away: kept on this node in the order they came, given
 * to the contexts' actors when it is back, each with what it expected. They are decided there, and may be refused.
 */
import { z } from 'zod';
import { ContextCaller } from '../../../machines/words/contexts.ts';
import { DreyError, errorCodes, isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import type { ErrorCode } from '../../../machines/words/errors.ts';
import type { ContextWritten } from '../../../machines/context-views.ts';
import type { Clock, Log } from '../clock.ts';
import { isAway } from './context-replicas.ts';
import { ContextCommit } from './context.ts';
import type { ContextAnswer, ContextName } from './contexts.ts';

/** Changes that wait, and bytes of them. */
export const contextQueueMax = 1_000;
export const contextQueueBytesMax = 16 * 1024 * 1024;
/** Outcomes that can be asked for; the oldest is forgotten first. */
export const contextOutcomesMax = 1_000;
const retryMs = 1_000;

/** A change as it waits. */
export const QueuedChange = z.object({
  requestId: z.string().min(1).max(200),
  /** What its actor knows it by; a line of an older version has none. */
  commitId: z.string().min(1).max(200).optional(),
  namespace: z.string(),
  contextId: z.string(),
  by: ContextCaller,
  change: ContextCommit,
});
export interface QueuedChange extends ContextName {
  readonly requestId: string;
  readonly commitId?: string | undefined;
  readonly by: ContextCaller;
  readonly change: ContextCommit;
}

const Done = z.object({
  requestId: z.string(),
  commitId: z.string().optional(),
  namespace: z.string(),
  contextId: z.string().optional(),
  principal: z.string(),
  code: z.string().nullable(),
  version: z.number(),
});
type Done = z.infer<typeof Done>;

const Line = z.union([z.object({ queued: QueuedChange }), z.object({ done: Done })]);

/** Lines of a file that survives the process. */
export interface LineFile {
  read(): readonly string[];
  /** Appended for good when it returns; throws when it could not be. */
  append(line: string): void;
  /** Whole, or not at all. */
  replace(lines: readonly string[]): void;
}

export interface ContextQueueOptions {
  readonly file: LineFile;
  readonly apply: (change: QueuedChange) => Promise<ContextAnswer>;
  readonly clock: Pick<Clock, 'schedule'>;
  readonly log: Log;
}

export class ContextQueue {
  readonly #options: ContextQueueOptions;
  #waiting: { readonly change: QueuedChange; readonly bytes: number }[] = [];
  readonly #outcomes = new Map<string, Done>();
  #bytes = 0;
  #work: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: ContextQueueOptions) {
    this.#options = options;
    for (const line of options.file.read()) this.#replay(line);
    this.#compact();
    this.#begin();
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Whether changes of this context wait: what comes now has to come after them. */
  isWaiting({ namespace, contextId }: ContextName): boolean {
    return this.#waiting.some(
      ({ change }) => change.namespace === namespace && change.contextId === contextId,
    );
  }

  /** Keeps a change; throws `limit_reached` where no more can wait. */
  add(change: QueuedChange): void {
    if (this.#waiting.some((one) => toKey(one.change) === toKey(change))) return;
    const line = JSON.stringify({ queued: change });
    if (this.size >= contextQueueMax || this.#bytes + line.length > contextQueueBytesMax)
      throw new DreyError(
        'limit_reached',
        `${this.size} changes wait on this node for the database, and no more are taken; try again later`,
      );
    this.#options.file.append(line);
    this.#waiting.push({ change, bytes: line.length });
    this.#bytes += line.length;
    this.#begin();
  }

  /** What became of a change; undefined for one that this principal did not ask for here. */
  outcome({
    namespace,
    contextId,
    by,
    requestId,
  }: Omit<ContextName, 'contextId'> & {
    readonly contextId?: string | undefined;
    readonly by: ContextCaller;
    readonly requestId: string;
  }): ContextWritten | undefined {
    const isMeant = (of: Omit<Done, 'code' | 'version'>): boolean =>
      of.requestId === requestId &&
      of.namespace === namespace &&
      (contextId === undefined || of.contextId === undefined || of.contextId === contextId) &&
      (by.isAdmin || of.principal === by.principal);
    const isWaiting = this.#waiting.some(({ change }) =>
      isMeant({ ...change, principal: change.by.principal }),
    );
    if (isWaiting) return { outcome: 'pending', requestId };
    const done = [...this.#outcomes.values()].findLast(isMeant);
    if (done === undefined) return undefined;
    const { code, version } = done;
    return code === null
      ? { outcome: 'stored', requestId, version }
      : { outcome: 'refused', requestId, code: toCode(code), version };
  }

  /** Resolves when nothing is being applied any more; what waits stays in the file. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#work;
  }

  #begin(): void {
    if (this.#isClosed || this.#work !== undefined || this.size === 0) return;
    this.#cancel?.();
    this.#work = this.#applyAll().finally(() => {
      this.#work = undefined;
      if (!this.#isClosed && this.size > 0)
        this.#cancel = this.#options.clock.schedule(retryMs, () => this.#begin());
    });
  }

  async #applyAll(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined && !this.#isClosed; next = this.#waiting[0]) {
      const { change, bytes } = next;
      const settled = await this.#apply(change);
      if (settled === undefined) return;
      this.#options.file.append(JSON.stringify({ done: settled }));
      this.#waiting.shift();
      this.#bytes -= bytes;
      this.#remember(settled);
    }
    if (this.size === 0) this.#compact();
  }

  /** Undefined while the database is away. */
  async #apply(change: QueuedChange): Promise<Done | undefined> {
    const { requestId, commitId, namespace, contextId, by } = change;
    const done = { requestId, commitId, namespace, contextId, principal: by.principal };
    try {
      const answer = await this.#options.apply(change);
      return { ...done, code: answer.ok ? null : answer.code, version: answer.version };
    } catch (error) {
      if (isAway(error)) return undefined;
      this.#options.log.warn({ requestId, err: toPlainError(error) }, 'a queued change was not taken');
      return { ...done, code: isDreyError(error) ? error.code : 'unexpected', version: 0 };
    }
  }

  #remember(done: Done): void {
    this.#outcomes.set(toKey(done), done);
    const [oldest] = this.#outcomes.keys();
    if (this.#outcomes.size > contextOutcomesMax && oldest !== undefined) this.#outcomes.delete(oldest);
  }

  /** A torn line is what the process was writing when it died: nobody was told of it. */
  #replay(text: string): void {
    const line = Line.safeParse(parse(text));
    if (!line.success) {
      this.#options.log.warn({ bytes: text.length }, 'a line of the queue of changes was torn');
      return;
    }
    if ('queued' in line.data) {
      const change = line.data.queued;
      this.#waiting.push({ change, bytes: text.length });
      this.#bytes += text.length;
      return;
    }
    const { done } = line.data;
    const index = this.#waiting.findIndex(({ change }) => toKey(change) === toKey(done));
    this.#bytes -= this.#waiting[index]?.bytes ?? 0;
    this.#waiting = this.#waiting.filter((_, at) => at !== index);
    this.#remember(done);
  }

  /** The file holds what waits and what can be asked for, and nothing else. */
  #compact(): void {
    const queued = this.#waiting.map(({ change }) => JSON.stringify({ queued: change }));
    const done = [...this.#outcomes.values()].map((one) => JSON.stringify({ done: one }));
    if (queued.length + done.length === 0 && this.#options.file.read().length === 0) return;
    this.#options.file.replace([...done, ...queued]);
  }
}

/** Ids of requests are made up by callers, and two of them may make up the same one; only here they are told apart. */
function toKey({
  namespace,
  commitId,
  requestId,
}: Pick<Done, 'namespace' | 'commitId' | 'requestId'>): string {
  return `${namespace}/${commitId ?? requestId}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toCode(code: string): ErrorCode {
  return Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : 'unexpected';
}
