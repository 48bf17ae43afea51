/**
 * `call_tool` taken apart: the call it stands for, with the arguments sliced out as they are. From there on it is that
 * tool's call: its session counts it, its event names it, its result goes out untouched.
 */
import type { RawJson } from '../../../machines/words/calls.ts';
import { sliceMembers } from '../../upstream/upstream.ts';
import type { ToolView } from '../tool-view.ts';
import { callToolName } from '../tools/tools.ts';
import { isRecord } from './parse-message.ts';
import { errorFrame, toRpcError } from './rpc-errors.ts';

/** What a tool may be called. */
export const toolName = /^[A-Za-z0-9_.-]{1,128}$/;

interface Wrapping {
  readonly call: { readonly id: RawJson; readonly name: string; readonly args: RawJson };
  readonly view: ToolView;
}

export type Unwrapped<T> =
  | { readonly ok: true; readonly run: T }
  | { readonly ok: false; readonly frame: RawJson };

/** The very same run where it is any other call. */
export function unwrapCall<T extends Wrapping>(run: T): Unwrapped<T> {
  const { call, view } = run;
  if (call.name !== callToolName || view.own(callToolName) === undefined) return { ok: true, run };
  const refuse = (sentence: string): Unwrapped<T> => ({
    ok: false,
    frame: errorFrame(call.id, toRpcError('argument_invalid', sentence)),
  });
  const given: unknown = JSON.parse(call.args);
  const name = isRecord(given) ? given['name'] : undefined;
  if (typeof name !== 'string' || !toolName.test(name) || name === callToolName)
    return refuse('arguments.name must be the name of a tool as find_tools gives it');
  const { arguments: args = '{}' } = sliceMembers(call.args, ['arguments']);
  if (!args.startsWith('{')) return refuse('arguments.arguments must be an object');
  return { ok: true, run: { ...run, call: { ...call, name, args } } };
}
