/**
 * Which namespace a request is about: the caller's own unless another one is named, and naming another one is for
 * those who may. It never tells whether the other namespace exists.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { Namespace } from '../../machines/words/ids.ts';
import type { Principal } from './needs.ts';

/** The namespace meant; throws `argument_invalid` or `permission_denied`. */
export function resolveNamespace(requested: string | undefined, own: string, principal: Principal): string {
  if (requested === undefined || requested === own) return own;
  if (!Namespace.safeParse(requested).success) {
    throw new DreyError(
      'argument_invalid',
      `namespace must be 1 to 255 characters of a-z, 0-9, _ and -, got ${JSON.stringify(requested.slice(0, 60))}`,
    );
  }
  if (!principal.mayNameNamespaces) {
    throw new DreyError(
      'permission_denied',
      `you may only use your own namespace "${own}"; leave the namespace out, or ask for a key of "${requested}"`,
      // Who answers writes it down; see `auditRefusal`.
      { details: { claimedNamespace: requested, verifiedNamespace: own } },
    );
  }
  return requested;
}
