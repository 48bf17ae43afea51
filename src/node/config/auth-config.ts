/** The part of `drey.json` that says whose access tokens are taken. Without it only keys and the node's own token are. */
import { z } from 'zod';
import { Namespace } from '../../../machines/words/ids.ts';
import { Scope } from '../../../machines/words/scopes.ts';
import { tokenAlgorithms } from '../../access/access.ts';

const Address = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .refine(isSafe, 'must be https, or http on this machine');

/** Where tokens come from and what they must say. */
export const AuthConfig = z
  .strictObject({
    /** The authorization server, exactly as tokens name it in `iss`. */
    issuer: Address,
    /** Who tokens are for; the first is this node's address as clients know it. */
    audience: z.union([z.string().min(1).max(500), z.array(z.string().min(1).max(500)).min(1).max(10)]),
    /** What clients are told to name this node by, where the first audience is no address. */
    resource: Address.optional(),
    /** Where its keys are; found in the issuer's own metadata where this is left out. */
    jwksUri: Address.optional(),
    algorithms: z.array(z.enum(tokenAlgorithms)).min(1).max(9).default(['RS256', 'PS256', 'ES256', 'EdDSA']),
    /** What every token must carry. */
    requiredScopes: z.array(Scope).max(Scope.options.length).default([]),
    /** The claim that tells a subject's namespaces apart. */
    namespaceClaim: z.string().min(1).max(200).optional(),
    /** Unknown subjects become agents of this namespace; without it they are refused. */
    createAgentsIn: Namespace.optional(),
  })
  .transform(({ audience, ...rest }, context) => {
    const list = typeof audience === 'string' ? [audience] : audience;
    const resource = rest.resource ?? list[0] ?? '';
    if (!Address.safeParse(resource).success)
      context.addIssue({ code: 'custom', message: 'auth.audience is no address; say auth.resource as well' });
    return { ...rest, audience: list, resource };
  });
export type AuthSettings = z.output<typeof AuthConfig>;

/** In the clear on this machine only. */
function isSafe(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
