/** What the gateway is given of the audit log: it is read, verified, and told of what was refused. */
import type { AuditReport, AuditSeverity } from '../../machines/words/audit.ts';
import type { Principal } from './needs.ts';

/** An attempt that was refused. */
export interface AuditRefusal {
  readonly principal: Principal;
  readonly action: string;
  readonly severity: AuditSeverity;
  readonly object: string;
  /** Names, hashes and counts; never an argument. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** A row as it is shown. */
export interface AuditRowView {
  readonly position: number;
  readonly at: string;
  readonly principal: string;
  readonly action: string;
  readonly object: string;
  readonly outcome: 'done' | 'refused';
  readonly severity: AuditSeverity;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  readonly argsHash: string;
  readonly previousHash: string;
  readonly hash: string;
}

export interface AuditQuestion {
  readonly order: 'oldest' | 'newest';
  /** Rows beyond this position, in that order. */
  readonly from?: number | undefined;
  readonly limit: number;
  readonly action?: string | undefined;
  readonly severity?: AuditSeverity | undefined;
  readonly principal?: string | undefined;
}

export interface AuditNeed {
  /**
   * Writes a refusal down in the log of the principal's own namespace; resolves when it is there, or at the latest
   * after a moment. Never throws: what was refused stays refused.
   */
  refused(refusal: AuditRefusal): Promise<void>;
  list(namespace: string, question: AuditQuestion): Promise<readonly AuditRowView[]>;
  verify(namespace: string): Promise<AuditReport>;
}
