/** Approvals of tools in the audit log: who let which definition through, and what stood before. */
import { appendAudit } from '../../store/store.ts';
import type { Trx } from '../../store/store.ts';
import type { PinFact } from '../../upstream/upstream.ts';

/** Adds the entry where the fact is an approval; `by` is the principal. */
export async function auditApproval(
  trx: Trx,
  { type, server, tool, hash, was }: PinFact,
  by = '',
): Promise<void> {
  if (type !== 'tool.approved') return;
  const object = `${server}/${tool}`;
  const details = { hash, was };
  await appendAudit(trx, {
    action: 'tool_approved',
    severity: 'HIGH',
    principal: by,
    object,
    outcome: 'done',
    details,
  });
}
