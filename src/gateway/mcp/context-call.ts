/**
 * In which shared context a tool call runs: the one its `_meta` names, else the one its session is attached to, else
 * none. Calls without one cost nothing more than the look.
 */
import type { CallOutcome, RawJson } from '../../../machines/words/calls.ts';
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import { sliceMembers } from '../../upstream/upstream.ts';
import { contextIdField } from '../contexts.ts';
import type { Session } from '../needs.ts';
import { parseArguments } from '../tools/tool.ts';

/** The member of `_meta` that names a context in a request, and tells of it in a reply. */
export const contextMetaKey = 'drey/context';

export type FoundContext =
  | { readonly ok: true; readonly contextId: string | undefined }
  | { readonly ok: false; readonly refusal: CallOutcome };

/** The context's id, or the refusal of what is none. */
export function findContextId(meta: RawJson | undefined, session: Session): FoundContext {
  try {
    const named = meta?.includes(contextMetaKey) === true ? readId(meta) : undefined;
    return { ok: true, contextId: named ?? session.contextId ?? undefined };
  } catch (error) {
    if (!isDreyError(error)) throw error;
    const { code, message } = error;
    return { ok: false, refusal: { outcome: 'refused', code, message, retryAfterMs: undefined } };
  }
}

/** Text, or an object with an `id`: so that what a reply says can be given back. */
function readId(meta: RawJson): string | undefined {
  const raw = sliceMembers(meta, [contextMetaKey])[contextMetaKey];
  if (raw === undefined) return undefined;
  const value: unknown = JSON.parse(raw);
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : value;
  if (typeof id !== 'string')
    throw new DreyError('argument_invalid', `_meta["${contextMetaKey}"] must be the id of a context`);
  return parseArguments(contextIdField, id);
}
