/** What a principal may do, as words that keys and access tokens carry. A scope never names a namespace. */
import { z } from 'zod';

/** Every scope there is. */
export const Scope = z.enum([
  'audit:read',
  'context:admin',
  'context:read',
  'context:write',
  'events:read',
  'feedback:write',
  'import:write',
  'key:admin',
  'learning:control',
  'memory:read',
  'memory:write',
  'node:control',
  'node:read',
  'node:shutdown',
  'pattern:write',
  'session:read',
  'sop:activate',
  'sop:read',
  'sop:write',
  'task:write',
  'tool:approve',
  'tool:call',
]);
export type Scope = z.infer<typeof Scope>;

/** What a key carries when it is made without saying more: what an agent needs for its work. */
export const agentScopes: readonly Scope[] = [
  'context:read',
  'context:write',
  'feedback:write',
  'memory:read',
  'memory:write',
  'session:read',
  'sop:read',
  'task:write',
  'tool:call',
];

/** What the owner of a node may do: everything. */
export const ownerScopes: readonly Scope[] = Scope.options;

/** Whether somebody with these scopes may do this. */
export function mayDo(principal: { readonly scopes: readonly string[] }, scope: Scope): boolean {
  return principal.scopes.includes(scope);
}
