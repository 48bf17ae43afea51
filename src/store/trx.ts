/** Transactions as the tables get them: of one namespace, or over all of them. Made by the store alone. */
import type { Transaction } from 'kysely';
import type { AuditOutcome, AuditSeverity } from '../../machines/words/audit.ts';
import type { Tables } from './schema.ts';

/** An audit entry as the columns take it; position, time and hashes come with the commit. */
export interface StorableAudit {
  readonly principal: string;
  readonly action: string;
  readonly object: string;
  readonly outcome: AuditOutcome;
  readonly severity: AuditSeverity;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  readonly argsHash: string;
}

/** A transaction that sees and writes one namespace. */
export interface Trx {
  readonly namespace: string;
  readonly db: Transaction<Tables>;
  /** What may be written down of a value: a copy without secrets. Where nobody handed a way in, the value itself. */
  readonly hide: <T>(value: T) => T;
  /** Audit entries that are written with the commit; see `appendAudit`. */
  readonly audited: StorableAudit[];
  /** Namespaces that this store has seen committed: there is no way to take one away. */
  readonly known: KnownNamespaces;
}

export interface KnownNamespaces {
  has(namespace: string): boolean;
  add(namespace: string): void;
  delete(namespace: string): void;
}

/** A transaction over all namespaces, on the few tables where that is needed. */
export interface SystemTrx {
  readonly system: true;
  readonly db: Transaction<Tables>;
}
