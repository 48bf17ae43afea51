/**
 * Whether an audit log is what was once written: every row is hashed again and compared with its neighbours and with
 * anchors that were laid outside of the database. It only reads, page by page.
 */
import { auditGenesis } from '../../machines/words/audit.ts';
import type { AuditFault, AuditReport } from '../../machines/words/audit.ts';
import { toDigest } from '../../machines/words/ids.ts';
import type { Store } from './open.ts';
import { pageMax } from './pages.ts';
import { listAudit, toAuditBody } from './tables/audit.ts';
import type { AuditRow } from './tables/audit.ts';

/** Faults that are told; one is enough to distrust the log. */
export const auditFaultsMax = 100;

/** What was known of a chain at some moment, from elsewhere. */
export interface AuditAnchor {
  readonly position: number;
  readonly hash: string;
}

/** The hash that a row should have, given the one before it that it names. */
export function toAuditHash(namespace: string, row: AuditRow): string {
  const { position, at, previousHash } = row;
  return toDigest(`${previousHash}\n${position}\n${at}\n${toAuditBody(namespace, row)}`);
}

/** Reads a namespace's whole log and tells what is wrong with it, the first fault first. */
export async function verifyAudit(
  store: Pick<Store, 'inNamespace' | 'auditedTo'>,
  namespace: string,
  anchors: readonly AuditAnchor[],
): Promise<AuditReport> {
  // Known before the first row is read: what is written meanwhile may not be seen any more.
  const writtenTo = store.auditedTo(namespace);
  const check = new ChainCheck(namespace, anchors);
  for (let from = 0; ;) {
    const rows = await store.inNamespace(namespace, (trx) =>
      listAudit(trx, { from, order: 'oldest', limit: pageMax }),
    );
    for (const row of rows) check.take(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageMax) break;
    from = last.position;
  }
  return check.end(writtenTo);
}

const nothing = { position: 0, hash: auditGenesis };

/** Rows go in, oldest first; faults come out. */
class ChainCheck {
  readonly #namespace: string;
  readonly #anchors = new Map<number, Set<string>>();
  readonly #faults: AuditFault[] = [];
  #rows = 0;
  #last = nothing;
  /** The hash of the row before the last one. */
  #earlier: string | undefined;
  /** Up to here the rows are the ones that were anchored. */
  #anchored = 0;

  constructor(namespace: string, anchors: readonly AuditAnchor[]) {
    this.#namespace = namespace;
    for (const { position, hash } of anchors) {
      const known = this.#anchors.get(position) ?? new Set();
      this.#anchors.set(position, known.add(hash));
    }
  }

  take(row: AuditRow): void {
    this.#rows += 1;
    const gapAt = this.#last.position + 1;
    if (row.position > gapAt) {
      const missing = row.position - gapAt;
      this.#tell(gapAt, 'missing', `${missing} row(s) from ${gapAt} on are gone`);
    } else {
      this.#compare(row);
    }
    this.#compareAnchors(row);
    this.#earlier = this.#last.hash;
    this.#last = row;
  }

  /** Who is to blame where two neighbours disagree: the one that does not agree with itself, or the one before it. */
  #compare(row: AuditRow): void {
    const { position } = row;
    const isLinked = row.previousHash === this.#last.hash;
    const isItself = toAuditHash(this.#namespace, row) === row.hash;
    if (isLinked && isItself) return;
    if (isLinked) return this.#tell(position, 'changed', `row ${position} is not what was written`);
    if (isItself && position > 1) {
      return this.#tell(
        position - 1,
        'changed',
        `row ${position - 1} is not the one that row ${position} follows`,
      );
    }
    if (row.previousHash === this.#earlier && position > 1) {
      return this.#tell(position - 1, 'inserted', `row ${position - 1} was put in later`);
    }
    this.#tell(position, 'changed', `row ${position} is not what was written at this place`);
  }

  #compareAnchors({ position, hash }: AuditRow): void {
    const known = this.#anchors.get(position);
    if (known === undefined) return;
    if (known.size === 1 && known.has(hash)) {
      this.#anchored = position;
      return;
    }
    const since = this.#anchored + 1;
    this.#tell(
      since,
      'rewritten',
      `the anchor of row ${position} names another hash: rows from ${since} on were rewritten`,
    );
  }

  end(writtenTo: number): AuditReport {
    const { position, hash } = this.#last;
    const furthest = Math.max(0, ...this.#anchors.keys());
    if (furthest > position) {
      this.#tell(
        position + 1,
        'cut',
        `an anchor names row ${furthest}, but the log ends with row ${position}`,
      );
    }
    if (writtenTo > Math.max(position, furthest)) {
      this.#tell(
        position + 1,
        'cut',
        `this process wrote row ${writtenTo}, but the log ends with row ${position}`,
      );
    }
    return {
      namespace: this.#namespace,
      isWhole: this.#faults.length === 0,
      rows: this.#rows,
      head: { position, hash },
      anchors: this.#anchors.size,
      anchoredTo: this.#anchored,
      faults: this.#faults,
    };
  }

  #tell(position: number, kind: AuditFault['kind'], sentence: string): void {
    const isTold = this.#faults.some((fault) => fault.position === position && fault.kind === kind);
    if (!isTold && this.#faults.length < auditFaultsMax) this.#faults.push({ position, kind, sentence });
  }
}
