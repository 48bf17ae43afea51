/**
 * The audit log as the gateway sees it: read, verified against anchors, and told of refusals. A refusal is an event at
 * once, also while the database is away; its row is written as soon as there is one. Who is refused all the time gets a
 * few rows and a count, so that nobody can fill the log.
 */
import { toPlainError } from '../../machines/words/errors.ts';
import { toDigest } from '../../machines/words/ids.ts';
import type { Announcer, Clock, Log } from '../actors/actors.ts';
import type { AuditNeed, AuditRefusal } from '../gateway/gateway.ts';
import { appendAudit, ensureNamespace, listAudit, verifyAudit } from '../store/store.ts';
import type { AuditAnchor, Store } from '../store/store.ts';

export interface AuditingOptions {
  readonly store: Pick<Store, 'inNamespace' | 'auditedTo'>;
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly log: Log;
  /** Everything that is known about a namespace's chain outside of the database. */
  readonly anchors: (namespace: string) => Promise<readonly AuditAnchor[]>;
}

/** Refusals of one kind by one principal are told one by one this often in a window, then counted. */
export const refusalsToldMax = 20;
export const refusalWindowMs = 10_000;
/** Principals and kinds that are counted at a time. */
const countsMax = 1_000;
/** Refusals that wait for the database; the oldest go first, and their events stay. */
export const waitingRefusalsMax = 1_000;
const retryMs = 2_000;
/** An answer waits no longer than this for its row. */
const writeMsMax = 1_000;

interface Count {
  readonly seen: Set<string>;
  readonly last: AuditRefusal;
  repeated: number;
}

/** Builds that part of the gateway's needs. */
export function createAuditing(options: AuditingOptions): AuditNeed {
  const refusals = new Refusals(options);
  const { store } = options;
  return {
    refused: (refusal) => refusals.take(refusal),
    list: (namespace, question) => store.inNamespace(namespace, (trx) => listAudit(trx, question)),
    verify: async (namespace) => verifyAudit(store, namespace, await options.anchors(namespace)),
  };
}

/** Tells refusals and writes them down. */
class Refusals {
  readonly #options: AuditingOptions;
  readonly #counts = new Map<string, Count>();
  #waiting: AuditRefusal[] = [];
  #isRetrying = false;

  constructor(options: AuditingOptions) {
    this.#options = options;
  }

  async take(refusal: AuditRefusal): Promise<void> {
    if (!this.#isTold(refusal)) return;
    const written = this.#tell(refusal);
    await Promise.race([
      written,
      new Promise<void>((done) => this.#options.clock.schedule(writeMsMax, done)),
    ]);
  }

  /** Whether this one is told by itself; otherwise it is counted. */
  #isTold(refusal: AuditRefusal): boolean {
    const { principal, action } = refusal;
    const key = `${principal.namespace}/${action}/${principal.id}`;
    const count = this.#counts.get(key);
    if (count === undefined) {
      if (this.#counts.size >= countsMax) return false;
      const seen = new Set([toKind(refusal)]);
      this.#counts.set(key, { seen, last: refusal, repeated: 0 });
      this.#options.clock.schedule(refusalWindowMs, () => this.#endWindow(key));
      return true;
    }
    const kind = toKind(refusal);
    if (count.seen.has(kind) || count.seen.size >= refusalsToldMax) {
      count.repeated += 1;
      return false;
    }
    count.seen.add(kind);
    return true;
  }

  #endWindow(key: string): void {
    const count = this.#counts.get(key);
    this.#counts.delete(key);
    if (count === undefined || count.repeated === 0) return;
    void this.#tell({ ...count.last, details: { ...count.last.details, repeated: count.repeated } });
  }

  async #tell(refusal: AuditRefusal): Promise<void> {
    const { action, severity, object, details, principal } = refusal;
    const log = { namespace: principal.namespace, kind: 'audit', id: 'log' } as const;
    const told = { action, severity, principal: principal.id, object: object.slice(0, 300), details };
    this.#options.announcer.announce('audit.refused', log, told);
    try {
      await this.#write(refusal);
    } catch (error) {
      this.#options.log.warn({ err: toPlainError(error), action }, 'a refusal waits to be written down');
      this.#waiting = [...this.#waiting.slice(1 - waitingRefusalsMax), refusal];
      this.#retryLater();
    }
  }

  async #write({ principal, ...entry }: AuditRefusal): Promise<void> {
    await this.#options.store.inNamespace(principal.namespace, async (trx) => {
      await ensureNamespace(trx);
      await appendAudit(trx, { ...entry, principal: principal.id, outcome: 'refused' });
    });
  }

  #retryLater(): void {
    if (this.#isRetrying) return;
    this.#isRetrying = true;
    this.#options.clock.schedule(retryMs, () => void this.#retry());
  }

  async #retry(): Promise<void> {
    this.#isRetrying = false;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        await this.#write(next);
      } catch {
        this.#retryLater();
        return;
      }
      this.#waiting = this.#waiting.filter((one) => one !== next);
    }
  }
}

function toKind({ object, details }: AuditRefusal): string {
  return toDigest(JSON.stringify([object, details]));
}
