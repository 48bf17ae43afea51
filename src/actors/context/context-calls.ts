/**
 * Tool calls in a context: the keys that the upstream's configuration names are handed to it in `_meta`, and what its
 * result says about them is one transaction of the context's actor. The rest of arguments and result stays untouched.
 */
import { z } from 'zod';
import type { ContextAsked } from '../../../machines/context-views.ts';
import { pick } from '../../../machines/context-state.ts';
import type { ContextState } from '../../../machines/context-state.ts';
import type { CallCommand, CallOutcome, RawJson } from '../../../machines/words/calls.ts';
import { ContextKeys, ContextValues } from '../../../machines/words/contexts.ts';
import { isDreyError } from '../../../machines/words/errors.ts';
import { record } from '../../access/access.ts';
import type { Redactor } from '../../access/access.ts';
import { listMembers } from '../../upstream/upstream.ts';
import { withContext } from './context-run.ts';
import type { ContextRun, RunEffect, WithContextOptions } from './context-run.ts';

/** The member of `_meta` in which a context travels, in both directions. */
export const contextMetaKey = 'drey/context';

/** Which keys an upstream is given and may write; names, or patterns with `*` at the end. */
export interface ContextKeyRules {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

export interface ContextCallsOptions extends WithContextOptions {
  readonly redactor: Redactor;
  /** The rules for a tool under the name that clients use. */
  readonly rulesFor: (name: string) => ContextKeyRules | undefined;
}

/** What a result may say about its context. */
const Update = z.object({ set: ContextValues.optional(), remove: ContextKeys.optional() });

export interface ContextCall extends ContextAsked {
  readonly command: CallCommand;
  call(command: CallCommand): Promise<CallOutcome>;
}

/** Makes the call; a context that refuses it is the call's refusal. */
export async function callInContext(options: ContextCallsOptions, asked: ContextCall): Promise<CallOutcome> {
  const rules = options.rulesFor(asked.command.name);
  const refused: string[] = [];
  let run: ContextRun<CallOutcome>;
  try {
    run = await withContext(options, asked, async ({ version, state }) => {
      const meta = toMeta(asked, rules, version, state);
      const outcome = await asked.call({ ...asked.command, meta });
      return { value: outcome, effect: toEffect(outcome, rules, options.redactor, refused) };
    });
  } catch (error) {
    if (!isDreyError(error)) throw error;
    return { outcome: 'refused', code: error.code, message: error.message, retryAfterMs: undefined };
  }
  const { value } = run;
  if (value.outcome !== 'finished') return value;
  return { ...value, result: stamp(value.result, toStamp(asked, run, refused)) };
}

/** The client's `_meta` with the context as the upstream may see it, and without what the client said of it. */
function toMeta(
  { command, contextId }: ContextCall,
  rules: ContextKeyRules | undefined,
  version: number,
  state: ContextState,
): RawJson | undefined {
  const others = listMembers(command.meta ?? '{}').filter(({ key }) => key !== contextMetaKey);
  const members = others.map(({ rawKey, raw }) => `${rawKey}:${raw}`);
  if (rules !== undefined) {
    const readable = Object.keys(state).filter((key) => isNamed(rules.read, key));
    const told = { id: contextId, version, values: pick(state, readable) };
    members.push(`${JSON.stringify(contextMetaKey)}:${JSON.stringify(told)}`);
  }
  return members.length === 0 ? undefined : `{${members.join(',')}}`;
}

/** Only a call that succeeded leaves something behind. */
function toEffect(
  outcome: CallOutcome,
  rules: ContextKeyRules | undefined,
  redactor: Redactor,
  refused: string[],
): RunEffect | undefined {
  if (outcome.outcome !== 'finished' || outcome.isError) return undefined;
  const kept = record(outcome.result, redactor);
  const result = kept.cut ? { cut: true, sizeBytes: kept.sizeBytes, hash: kept.hash } : kept.value;
  const update = readUpdate(outcome.result);
  if (update === undefined) return { result };
  if (!update.success) {
    refused.push(z.prettifyError(update.error).slice(0, 300));
    return { result };
  }
  const { set = {}, remove = [] } = update.data;
  const may = (key: string): boolean => {
    const isAllowed = rules !== undefined && isNamed(rules.write, key);
    if (!isAllowed) refused.push(key);
    return isAllowed;
  };
  return { result, changes: pick(set, Object.keys(set).filter(may)), removed: remove.filter(may) };
}

function readUpdate(result: RawJson): z.ZodSafeParseResult<z.infer<typeof Update>> | undefined {
  // Most results say nothing, and none of them is parsed for it.
  if (!result.includes(contextMetaKey)) return undefined;
  // Of two members of one name the last counts, as it does for JSON.parse: the call is done, and is not refused for it.
  const meta = listMembers(result).findLast(({ key }) => key === '_meta')?.raw;
  if (meta === undefined || !meta.startsWith('{')) return undefined;
  const raw = listMembers(meta).findLast(({ key }) => key === contextMetaKey)?.raw;
  return raw === undefined ? undefined : Update.safeParse(JSON.parse(raw));
}

function toStamp(
  { contextId }: ContextCall,
  { end, version }: ContextRun<CallOutcome>,
  refused: readonly string[],
): object {
  const told = { id: contextId, version: end?.ok === true ? end.version : version };
  const error = end?.ok === false ? { error: { code: end.error.code, message: end.error.message } } : {};
  return { ...told, ...(refused.length === 0 ? {} : { refused: refused.slice(0, 20) }), ...error };
}

/** The result with this in its `_meta`; everything else as it came. */
function stamp(result: RawJson, told: object): RawJson {
  const own = `${JSON.stringify(contextMetaKey)}:${JSON.stringify(told)}`;
  const members = listMembers(result);
  const meta = members.find(({ key }) => key === '_meta');
  const isObject = meta?.raw.startsWith('{') === true;
  const others = !isObject ? [] : listMembers(meta.raw).filter(({ key }) => key !== contextMetaKey);
  const stamped = `{${[own, ...others.map(({ rawKey, raw }) => `${rawKey}:${raw}`)].join(',')}}`;
  const rest = members.filter(({ key }) => key !== '_meta').map(({ rawKey, raw }) => `${rawKey}:${raw}`);
  return `{${[`"_meta":${stamped}`, ...rest].join(',')}}`;
}

function isNamed(names: readonly string[], key: string): boolean {
  return names.some((name) => (name.endsWith('*') ? key.startsWith(name.slice(0, -1)) : name === key));
}
