/**
 * What of a change to a context is kept. Names are for lists and lines, and never hold a secret; values are what agents
 * store for each other, and are kept as they are unless the house hides them, too. Keys are names, and stay.
 */
import { contextNameMax } from '../../../machines/words/contexts.ts';
import type { Redactor } from '../../access/access.ts';
import type { ContextCommit } from './context.ts';

type Values = Record<string, unknown>;

/** The change as it may be written down; the same once more changes nothing. */
export function hideIn(redactor: Redactor, change: ContextCommit, hidesValues: boolean): ContextCommit {
  const { name, changes, patches, expected } = change;
  const named =
    name === undefined || name === ''
      ? change
      : { ...change, name: redactor.redactText(name).slice(0, contextNameMax) };
  if (!hidesValues) return named;
  // What was an object is one again.
  const hide = (values: Values): Values => redactor.redact(values) as Values;
  return {
    ...named,
    ...(changes === undefined ? {} : { changes: hide(changes) }),
    ...(patches === undefined ? {} : { patches: hide(patches) }),
    ...(expected === undefined ? {} : { expected: hide(expected) }),
  };
}
