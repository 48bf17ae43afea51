/**
 * What is written down of who did what: one entry a deed or refusal. An entry never holds an argument or a result in
 * clear text, only names, hashes and counts.
 */
import { z } from 'zod';

/** How much a reader should care. */
export const AuditSeverity = z.enum(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']);
export type AuditSeverity = z.infer<typeof AuditSeverity>;

export const AuditOutcome = z.enum(['done', 'refused']);
export type AuditOutcome = z.infer<typeof AuditOutcome>;

/** One entry as it is handed in; position, time and hashes are the database's. */
export interface AuditEntry {
  /** What was done, in the field's words: `acontext_sop_stored`, `key_revoked`. */
  readonly action: string;
  readonly severity: AuditSeverity;
  /** The verified principal, or the part of the house that acted: `learning`. */
  readonly principal: string;
  /** What it was done to: an id, `server/tool`, a namespace. */
  readonly object: string;
  readonly outcome: AuditOutcome;
  readonly requestId?: string | undefined;
  /** sha-256 of the arguments, in hexadecimal. */
  readonly argsHash?: string | undefined;
  /** Ids, hashes, counts; nothing that a person or a tool said. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** What the hash of the row before the first one is said to be. */
export const auditGenesis = '0'.repeat(64);

/** What is wrong with a log, and at which row it begins. */
export const AuditFault = z.object({
  position: z.int(),
  kind: z.enum(['changed', 'missing', 'inserted', 'rewritten', 'cut']),
  sentence: z.string(),
});
export type AuditFault = z.infer<typeof AuditFault>;

/** What came out when a namespace's log was verified. */
export const AuditReport = z.object({
  namespace: z.string(),
  isWhole: z.boolean(),
  rows: z.int(),
  head: z.object({ position: z.int(), hash: z.string() }),
  /** Anchored rows that are known, and the last one of them that agrees. */
  anchors: z.int(),
  anchoredTo: z.int(),
  faults: z.array(AuditFault),
});
export type AuditReport = z.infer<typeof AuditReport>;
