/**
 * `find_tools` and `call_tool`: the two tools that stand for a catalogue too large to be listed. What `call_tool` calls
 * takes the raw path like every call; see `mcp/raw-call.ts`.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import type { CatalogueTool } from '../needs.ts';
import { count, createTool, text } from './tool.ts';
import type { OwnTool } from './tool.ts';

/** Tools in one answer. */
const foundMax = 20;
const questionMax = 500;

/** Upstreams told of in one answer. */
const missingMax = 10;

const Found = z.object({
  name: z.string(),
  server: z.string(),
  description: z.string(),
  inputSchema: z.record(z.string(), z.unknown()),
  annotations: z.record(z.string(), z.unknown()).optional(),
  /** The upstream is away: a call may have to wait or be refused. */
  stale: z.boolean().optional(),
  relevance: z.number(),
});

export const findTools = createTool({
  name: 'find_tools',
  title: 'Find tools',
  description:
    'Finds tools by words of what you want to do, best first, with the schema of their arguments. ' +
    'Call what you found with call_tool. Look again with other words before you conclude that there is no tool.',
  readOnly: true,
  scope: 'tool:call',
  input: z.object({
    query: text('words of what you want to do', questionMax).describe(
      'What you want to do, in a few words: "create issue", "read file".',
    ),
    limit: count(1, foundMax).default(5).describe(`How many tools, ${foundMax} at most.`),
    server: text("an upstream's name", 100).optional().describe('Only tools of this upstream.'),
  }),
  output: z.object({
    tools: z.array(Found),
    /** How many there are to be found in all. */
    total: z.number(),
    /** Upstreams whose tools are not known yet, and why. */
    missing: z.array(z.string()).optional(),
  }),
  async run({ query, limit, server }, { needs, view }) {
    const found = view.find(query, limit, server);
    const missing = (needs.unlisted?.() ?? []).map(({ sentence }) => sentence).slice(0, missingMax);
    return {
      tools: found.map(({ tool, score }) => toFound(tool, score)),
      total: view.count(),
      ...(missing.length === 0 ? {} : { missing }),
    };
  },
});

function toFound({ name, server, definition, stale }: CatalogueTool, score: number): z.infer<typeof Found> {
  const { description, inputSchema, annotations } = definition as Readonly<Record<string, unknown>>;
  return {
    name,
    server,
    description: typeof description === 'string' ? description : '',
    inputSchema: isRecord(inputSchema) ? { ...inputSchema } : { type: 'object' },
    ...(isRecord(annotations) ? { annotations: { ...annotations } } : {}),
    ...(stale ? { stale } : {}),
    relevance: Math.round(score * 1_000) / 1_000,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name of the one tool whose calls are another tool's; its arguments are never parsed on their way. */
export const callToolName = 'call_tool';

const callParts = createTool({
  name: callToolName,
  title: 'Call a tool',
  description:
    'Calls a tool that find_tools found, with arguments that fit its schema, and gives its result back as it is.',
  readOnly: false,
  scope: 'tool:call',
  input: z.object({
    name: text('the name of a tool as find_tools gives it', 128).describe('The name as find_tools gives it.'),
    arguments: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('The arguments, by the inputSchema of that tool.'),
  }),
  output: z.object({}),
  run: () => Promise.reject(new DreyError('unexpected', 'call_tool never runs by itself')),
});

const { outputSchema: _none, annotations: _unknown, ...definition } = callParts.definition;

/** The result is whatever the tool answers, and its effects are unknown: neither is announced. */
export const callTool: OwnTool = { ...callParts, definition };
