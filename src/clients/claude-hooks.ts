/** The hooks that Claude Code's settings need so that Drey hears what the person asks and what tools did. */
import { DreyError } from '../../machines/words/errors.ts';
import { isObject, objectAt } from './client.ts';
import type { Change } from './client.ts';
import { changeJson, parseJsonText } from './json-text.ts';

/** Seconds after which Claude Code gives up on a hook; ours ends long before. */
const timeoutSeconds = 5;

/** Tools that go through Drey have their events already; the expression saves starting a process for them. */
const events: Readonly<Record<string, string | undefined>> = {
  SessionStart: undefined,
  UserPromptSubmit: undefined,
  PostToolUse: '^(?!mcp__drey__)',
  PostToolUseFailure: '^(?!mcp__drey__)',
  SessionEnd: undefined,
};

export interface HooksPlan {
  /** Events that get a hook. */
  readonly added: readonly string[];
  /** The settings afterwards; undefined when they have everything. */
  readonly text: string | undefined;
}

/** Adds what is missing to the text of a settings file and leaves other hooks as they are. */
export function planHooks(text: string, command: string): HooksPlan {
  const content = parseJsonText(text);
  if (content === undefined) throw new DreyError('config_invalid', 'The settings are not JSON.');
  const hooks = objectAt(content, ['hooks']) ?? {};
  const changes = Object.entries(events).flatMap(([event, matcher]): Change[] => {
    const groups = Array.isArray(hooks[event]) ? (hooks[event] as readonly unknown[]) : [];
    if (groups.some(hasOurs)) return [];
    const own = {
      ...(matcher === undefined ? {} : { matcher }),
      hooks: [{ type: 'command', command, timeout: timeoutSeconds }],
    };
    return [{ path: ['hooks', event], value: [...groups, own] }];
  });
  if (changes.length === 0) return { added: [], text: undefined };
  return { added: changes.map(({ path }) => path[1] ?? ''), text: changeJson(text, changes) };
}

function hasOurs(group: unknown): boolean {
  if (!isObject(group) || !Array.isArray(group['hooks'])) return false;
  return group['hooks'].some(
    (hook: unknown) => isObject(hook) && /\bdrey(?:\.js)?['"]? hook\b/.test(String(hook['command'])),
  );
}
