/**
 * What speaks against a binding: episodes in which the place it names was there, and what was used is not what it gives.
 * Where nothing can be told (a value that was hidden, or matches by chance) nothing speaks against it.
 */
import type { Binding } from '../../machines/words/sops.ts';
import { bounds } from './bounds.ts';
import type { Case, CaseCall } from './case.ts';
import { isTelling } from './selectors.ts';
import type { Argument } from './sources.ts';
import { readTask } from './task-words.ts';

/** One episode, laid along the steps. */
export interface Trail {
  readonly one: Case;
  readonly calls: readonly CaseCall[];
  /** The call that took each step; -1 where none did. */
  readonly callOfStep: readonly number[];
}

/** One argument as one episode filled it. */
export interface Use {
  readonly trail: Trail;
  readonly callId: string;
  readonly argument: Argument;
}

/** A binding with what speaks against it, out of the uses that it does not explain, newest first. */
export function withExceptions(binding: Binding, others: readonly Use[]): Binding {
  const against = others.filter((use) => speaksAgainst(binding, use));
  if (against.length === 0) return binding;
  const exceptions = against.slice(0, bounds.exceptionsMax).map(({ callId }) => callId);
  return { ...binding, against: against.length, exceptions };
}

function speaksAgainst({ from, step, path, selector }: Binding, { trail, argument }: Use): boolean {
  if (isUnknown(argument)) return false;
  if (from === 'constant') return true;
  if (argument.value !== undefined && !isTelling(argument.value)) return false;
  if (from === 'task') return readTask(trail.one.text.task, selector ?? '') !== undefined;
  const source = trail.calls[trail.callOfStep[step ?? -1] ?? -1];
  // Of so many sources some were let go: this one may have been among them.
  const isCut = argument.sources.filter((each) => each.from !== 'task').length >= bounds.sourcesMax;
  if (source === undefined || isCut) return false;
  if (from === 'result') return source.gave.includes(`\n${path ?? ''}\n`);
  return from === 'argument' && source.args.some((each) => `/${each.path}` === path);
}

/** A value of which a part was hidden. */
function isUnknown({ value, tainted, sources }: Argument): boolean {
  return value === undefined && tainted && sources.length === 0;
}
