/**
 * One line of a Claude Code session as facts: who said what, which tools were called, what they answered. Lines that
 * carry none of this (summaries, snapshots, progress, whatever later versions add) are passed over in silence.
 */
import { z } from 'zod';
import { toSaid } from './claude-code-prompt.ts';
import type { Said } from './claude-code-prompt.ts';
import { isObject } from './json-lines.ts';
import type { JsonObject } from './json-lines.ts';
import { toToolName } from './tool-names.ts';
import { nameCharsMax, toResult, toTime } from './values.ts';

export interface ToolUse {
  readonly kind: 'call';
  readonly id: string;
  readonly server: string | undefined;
  readonly tool: string;
  readonly args: unknown;
}

export interface ToolAnswer {
  readonly kind: 'answer';
  readonly id: string;
  /** Undefined where the transcript holds no more than a preview. */
  readonly result: unknown;
  readonly error: boolean;
}

export type Fact = Said | ToolUse | ToolAnswer;

/** A line that matters, with its place in the session. */
export interface Entry {
  readonly session: string;
  readonly uuid: string | undefined;
  readonly parent: string | undefined;
  readonly at: string | undefined;
  readonly sidechain: boolean;
  /** The sub-agent's id, where the version writes one. */
  readonly agent: string | undefined;
  readonly facts: readonly Fact[];
}

const Line = z.object({
  type: z.enum(['user', 'assistant']),
  message: z.object({ content: z.union([z.string(), z.array(z.unknown())]) }),
  sessionId: z.string().max(nameCharsMax).optional(),
  /** So it is called where a session is printed; what calls a sub-agent stands beside it. */
  session_id: z.string().max(nameCharsMax).optional(),
  parent_tool_use_id: z.string().max(nameCharsMax).nullish(),
  uuid: z.string().min(1).max(nameCharsMax).optional(),
  parentUuid: z.string().max(nameCharsMax).nullish(),
  timestamp: z.unknown().optional(),
  isSidechain: z.boolean().nullish(),
  isMeta: z.boolean().nullish(),
  isCompactSummary: z.boolean().nullish(),
  isVisibleInTranscriptOnly: z.boolean().nullish(),
  agentId: z.string().max(nameCharsMax).nullish(),
});
type Line = z.infer<typeof Line>;

const Use = z.object({
  type: z.literal('tool_use'),
  id: z.string().min(1).max(nameCharsMax),
  name: z.string().min(1).max(nameCharsMax),
  input: z.unknown().optional(),
});

const Answer = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1).max(nameCharsMax),
  content: z.unknown().optional(),
  is_error: z.boolean().nullish(),
});

/** Reads one object: an entry, the reason why it is none, or undefined for a line that says nothing about calls. */
export function parseEntry(value: JsonObject): Entry | string | undefined {
  if (typeof value['type'] !== 'string') return 'no session line: it has no type';
  if (value['type'] === 'result' && value['is_error'] === true) return toFailed(value);
  if (value['type'] !== 'user' && value['type'] !== 'assistant') return undefined;
  const parsed = Line.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return `no ${value['type']} message: ${issue?.path.join('.') ?? 'line'}: ${issue?.message ?? 'malformed'}`;
  }
  const line = parsed.data;
  const facts = line.type === 'user' ? toUserFacts(line) : toCalls(line);
  if (typeof facts === 'string') return facts;
  return { ...toPlace(line), facts };
}

function toPlace(line: Line): Omit<Entry, 'facts'> {
  // The call that a printed sub-agent answers is all that names it.
  const caller = line.parent_tool_use_id ?? undefined;
  return {
    session: line.sessionId ?? line.session_id ?? '',
    uuid: line.uuid,
    parent: line.parentUuid ?? undefined,
    at: toTime(line.timestamp),
    sidechain: line.isSidechain === true || caller !== undefined,
    agent: line.agentId ?? caller,
  };
}

/** The last line of a printed session that ended with an error: its task has failed. */
function toFailed(value: JsonObject): Entry {
  const session = value['session_id'];
  return {
    session: typeof session === 'string' ? session.slice(0, nameCharsMax) : '',
    uuid: undefined,
    parent: undefined,
    at: undefined,
    sidechain: false,
    agent: undefined,
    facts: [{ kind: 'interrupt' }],
  };
}

function toUserFacts(line: Line): Fact[] | string {
  const content = line.message.content;
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content.filter(isObject);
  const answers: Fact[] = [];
  for (const block of blocks) {
    if (block['type'] !== 'tool_result') continue;
    const answer = Answer.safeParse(block);
    if (!answer.success) return 'a tool_result block is malformed';
    answers.push(toAnswer(answer.data));
  }
  // Written by the client, not by the person, although they stand in a user message.
  if (line.isMeta === true || line.isCompactSummary === true || line.isVisibleInTranscriptOnly === true) {
    return answers;
  }
  const said = toSaidInBlocks(blocks);
  // Text beside an answer comments on it; only an interrupt there means something.
  return said === undefined || (answers.length > 0 && said.kind === 'prompt') ? answers : [...answers, said];
}

function toSaidInBlocks(blocks: readonly JsonObject[]): Said | undefined {
  const texts = blocks.flatMap((block) => (typeof block['text'] === 'string' ? [block['text']] : []));
  const said = toSaid(texts.join('\n'));
  if (said !== undefined || texts.length > 0) return said;
  return blocks.some((block) => block['type'] === 'image') ? { kind: 'prompt', task: '' } : undefined;
}

function toCalls(line: Line): Fact[] | string {
  const calls: Fact[] = [];
  if (typeof line.message.content === 'string') return calls;
  for (const block of line.message.content) {
    if (!isObject(block) || block['type'] !== 'tool_use') continue;
    const use = Use.safeParse(block);
    if (!use.success) return 'a tool_use block is malformed';
    calls.push({ kind: 'call', id: use.data.id, ...toToolName(use.data.name), args: use.data.input });
  }
  return calls;
}

function toAnswer(answer: z.infer<typeof Answer>): ToolAnswer {
  const text = toAnswerText(answer.content);
  // Large output is kept in a file beside the session, with only its beginning here; old output may be cleared.
  const cut = /^\s*<persisted-output>|^\[Old tool result content cleared\]/.test(text ?? '');
  return {
    kind: 'answer',
    id: answer.tool_use_id,
    result: cut || text === undefined ? undefined : toResult(text),
    // Claude Code's own word, also where the flag is missing.
    error: answer.is_error === true || text?.startsWith('<tool_use_error>') === true,
  };
}

function toAnswerText(content: unknown): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const parts: string[] = [];
  for (const block of content) {
    if (!isObject(block)) continue;
    if (typeof block['text'] === 'string') parts.push(block['text']);
    else if (typeof block['type'] === 'string') parts.push(`[${block['type'].slice(0, 40)}]`);
  }
  return parts.join('\n');
}
