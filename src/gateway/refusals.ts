/**
 * Refusals that are written down: naming somebody else's namespace, and asking for what one has no scope for. It looks
 * at what was thrown where answers are made, so that every tool and resource is covered without saying so.
 */
import { isDreyError } from '../../machines/words/errors.ts';
import type { GatewayNeeds, Principal } from './needs.ts';

type Needs = Pick<GatewayNeeds, 'audit'>;

/** Writes it down where it is such a refusal; never throws. `object` is the tool or path that was asked for. */
export async function auditRefusal(
  { audit }: Needs,
  asked: { readonly principal: Principal; readonly object: string },
  error: unknown,
): Promise<void> {
  if (!isDreyError(error) || error.code !== 'permission_denied') return;
  const { claimedNamespace, verifiedNamespace, scope } = error.details;
  if (typeof claimedNamespace === 'string') {
    const details = { claimed_namespace: claimedNamespace, verified_namespace: verifiedNamespace };
    await audit.refused({ ...asked, action: 'acontext_namespace_mismatch', severity: 'CRITICAL', details });
  } else if (typeof scope === 'string') {
    await auditMissingScope({ audit }, asked, scope);
  }
}

/** Somebody asked for what a scope is needed for that was not given. */
export async function auditMissingScope(
  { audit }: Needs,
  asked: { readonly principal: Principal; readonly object: string },
  scope: string,
): Promise<void> {
  await audit.refused({ ...asked, action: 'permission_refused', severity: 'MEDIUM', details: { scope } });
}
