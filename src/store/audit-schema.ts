/** The audit log as TypeScript sees it: the columns of `infra/postgres/0015-audit.ts`. */
import type { ColumnType } from 'kysely';
import type { AuditSeverity } from '../../machines/words/audit.ts';

export interface AuditTable {
  namespace: string;
  position: number;
  at: ColumnType<string, string | undefined, string>;
  principal: string;
  action: string;
  object: string;
  outcome: string;
  severity: AuditSeverity;
  details: ColumnType<unknown, string | undefined, string>;
  request_id: string;
  args_hash: string;
  previous_hash: string;
  hash: string;
}
