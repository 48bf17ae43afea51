/** What is said where a context is not there, not the asker's, or not as it was expected to be. */
import type { ContextPermission } from '../../../machines/words/contexts.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import type { ContextAnswer } from './contexts.ts';

/** The same for what does not exist and for what is somebody else's. */
export function unknown(): DreyError {
  return new DreyError('context_unknown', 'there is no context with this id that you may use');
}

/** Somebody may use the context, but not like this. */
export function denied(permission: ContextPermission): DreyError {
  return new DreyError(
    'permission_denied',
    `this needs the permission "${permission}" in this context; whoever administers it can give it`,
  );
}

/** A refusal of the context's actor, for the one who asked. */
export function toRefusal(
  { code, version }: Extract<ContextAnswer, { ok: false }>,
  permission: ContextPermission,
): DreyError {
  if (code === 'context_unknown') return unknown();
  if (code === 'permission_denied') return denied(permission);
  return new DreyError(code, sentences[code] ?? `the context refused this at version ${version}`, {
    details: { version },
  });
}

const sentences: Readonly<Record<string, string>> = {
  revision_conflict:
    'the context is not as it was expected to be; read it again and try with what it holds now',
  transition_refused: 'this context is archived and takes no more changes',
  limit_reached: 'the context takes no more of this now; see its limits',
};
