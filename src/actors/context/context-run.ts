/**
 * Any command can run in a context: permission is checked and the state read before it, and what it changed is committed
 * with its result and the time in one version after it. A command that fails changes nothing.
 */
import type { ContextAsked } from '../../../machines/context-views.ts';
import type { ContextState } from '../../../machines/context-state.ts';
import { toDigest } from '../../../machines/words/ids.ts';
import type { DreyError } from '../../../machines/words/errors.ts';
import { toDreyError } from '../../../machines/words/errors.ts';
import type { Clock } from '../clock.ts';
import { toIso } from '../clock.ts';
import { toRefusal } from './context-refusals.ts';
import type { SharedContexts } from './shared-contexts.ts';

/** Keys that each command leaves behind. */
const lastResultKey = 'last_result';
const lastTimeKey = 'last_operation_time';
/** A larger result is kept as its size and digest only. */
export const lastResultBytesMax = 16 * 1024;

/** What a command did to its context; undefined where it changed nothing and is not to be noted. */
export interface RunEffect {
  readonly changes?: ContextState;
  readonly removed?: readonly string[];
  /** What is kept of its result; redacted by whoever runs it. */
  readonly result: unknown;
}

export type RunEnd =
  | { readonly ok: true; readonly version: number }
  /** The command was done, but the context does not know. */
  | { readonly ok: false; readonly error: DreyError };

export interface ContextRun<T> {
  readonly value: T;
  /** Undefined where there was nothing to commit. */
  readonly end: RunEnd | undefined;
  /** The version it saw. */
  readonly version: number;
}

export interface WithContextOptions {
  readonly contexts: Pick<SharedContexts, 'held' | 'commit'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** Runs a command in a context; throws what `held` throws, and what the command throws. */
export async function withContext<T>(
  { contexts, clock }: WithContextOptions,
  asked: ContextAsked,
  command: (seen: { readonly version: number; readonly state: ContextState }) => Promise<{
    readonly value: T;
    readonly effect: RunEffect | undefined;
  }>,
): Promise<ContextRun<T>> {
  const { stored } = await contexts.held(asked, 'execute');
  const { version, content: state } = stored;
  const { value, effect } = await command({ version, state });
  if (effect === undefined) return { value, end: undefined, version };
  const { changes = {}, removed = [], result } = effect;
  const noted = { [lastResultKey]: toLastResult(result), [lastTimeKey]: toIso(clock.now()) };
  try {
    const answer = await contexts.commit(asked, {
      changes: { ...changes, ...noted },
      removed: [...removed],
      needs: 'execute',
      mayCreate: false,
    });
    const end = answer.ok
      ? { ok: true as const, version: answer.version }
      : { ok: false as const, error: toRefusal(answer, 'execute') };
    return { value, end, version };
  } catch (error) {
    return { value, end: { ok: false, error: toDreyError(error) }, version };
  }
}

function toLastResult(result: unknown): unknown {
  const json = JSON.stringify(result) ?? 'null';
  const sizeBytes = Buffer.byteLength(json);
  return sizeBytes <= lastResultBytesMax ? (result ?? null) : { cut: true, sizeBytes, hash: toDigest(json) };
}
