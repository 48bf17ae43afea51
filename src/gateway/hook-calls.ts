/** One event of a client's hook, as it is told, and the call that some of them report. */
import { z } from 'zod';
import { createId, toStableId } from '../../machines/words/ids.ts';
import type { ObservedCall } from '../../machines/words/calls.ts';
import type { GatewayNeeds, Principal } from './needs.ts';
import { ownToolSets, toOwnToolNames } from './tools/tools.ts';

const word = (charactersMax: number) => z.string().min(1).max(charactersMax);

/** What Claude Code gives its hooks; what is not named here is not looked at. */
export const HookEvent = z.object({
  hook_event_name: word(60),
  session_id: word(200),
  /** UserPromptSubmit. */
  prompt: z.string().max(1_000_000).optional(),
  /** SessionStart: startup, resume, clear or compact. */
  source: z.string().max(60).optional(),
  /** PostToolUse and PostToolUseFailure. */
  tool_name: word(300).optional(),
  tool_use_id: word(200).optional(),
  tool_input: z.unknown().optional(),
  tool_response: z.unknown().optional(),
  error: z.unknown().optional(),
  duration_ms: z.number().min(0).max(86_400_000).optional(),
});
export type HookEvent = z.output<typeof HookEvent>;

const serverCharsMax = 100;
/** Also of sets that are switched off: another node of the house may have them on. */
const allOwnNames = new Set(toOwnToolNames([...ownToolSets.keys()], true));

/** The call an event reports; undefined where it went through us, which has its event already. */
export function toObserved(
  event: HookEvent,
  principal: Principal,
  needs: GatewayNeeds,
): ObservedCall | undefined {
  const { tool_name: given, session_id: conversation, tool_use_id: use } = event;
  const names = given === undefined ? undefined : toNames(given);
  if (names === undefined || names.server === 'drey') return undefined;
  if (names.server !== '' && isOurs(names.tool, needs)) return undefined;
  const isFailure = event.hook_event_name === 'PostToolUseFailure';
  return {
    ...names,
    callId:
      use === undefined
        ? createId('call', needs.ids)
        : toStableId('call', principal.namespace, principal.id, conversation, use),
    args: toJson(event.tool_input ?? {}),
    result: toJson(isFailure ? (event.error ?? event.tool_response) : event.tool_response),
    isError: isFailure || isErrorAnswer(event.tool_response),
    durationMs: event.duration_ms ?? 0,
  };
}

/** `mcp__server__tool` is a server's tool; any other name is one of the client's own. */
function toNames(given: string): Pick<ObservedCall, 'server' | 'tool' | 'name'> {
  const name = given.toWellFormed().replaceAll('\0', '');
  const [, server = '', tool = ''] = /^mcp__(.+?)__(.+)$/s.exec(name) ?? [];
  if (tool === '') return { server: '', tool: name, name };
  return { server: server.slice(0, serverCharsMax), tool, name: `${server}__${tool}` };
}

function isOurs(tool: string, needs: GatewayNeeds): boolean {
  return allOwnNames.has(tool) || needs.catalogue().tools.some(({ name }) => name === tool);
}

function isErrorAnswer(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  return (
    ('isError' in answer && answer.isError === true) || ('is_error' in answer && answer.is_error === true)
  );
}

function toJson(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
