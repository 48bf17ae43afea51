/**
 * Whether a caller may do what it asks for. What is missing is one scope, named in the refusal and, over HTTP, in a
 * challenge, so that a client knows what to ask its user for; nothing else is told.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { mayDo } from '../../machines/words/scopes.ts';
import type { Scope } from '../../machines/words/scopes.ts';
import type { GatewayNeeds, Principal } from './needs.ts';

/** Throws `permission_denied` for who lacks the scope. */
export function assertMay(principal: Principal, scope: Scope): void {
  if (mayDo(principal, scope)) return;
  throw new DreyError('permission_denied', toSentence(scope), { details: { scope } });
}

/** What a refusal says. */
export function toSentence(scope: Scope): string {
  return `this needs the scope ${scope}; ask for a key or a token that has it`;
}

/** The scope that somebody lacked, where that is what was thrown. */
export function readLacking(error: unknown): string | undefined {
  if (!(error instanceof DreyError) || error.code !== 'permission_denied') return undefined;
  const { scope } = error.details;
  return typeof scope === 'string' ? scope : undefined;
}

/** The headers of a refusal over HTTP for a scope that is missing (RFC 6750). */
export function toLackingHeaders(
  { authorization }: Pick<GatewayNeeds, 'authorization'>,
  scope: string,
): Readonly<Record<string, string>> {
  const plain = `Bearer error="insufficient_scope", scope="${scope}"`;
  return { 'www-authenticate': authorization?.toChallenge(scope) ?? plain };
}
