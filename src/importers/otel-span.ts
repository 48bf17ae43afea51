/**
 * What a span of an agent says, in the three vocabularies that are in use: OpenTelemetry's GenAI conventions
 * (https://github.com/open-telemetry/semantic-conventions-genai, execute-tool.md, mcp.md, gen-ai-events.md),
 * OpenInference (https://arize-ai.github.io/openinference/spec/semantic_conventions.html) and the Vercel AI SDK
 * (https://ai-sdk.dev/docs/ai-sdk-core/telemetry).
 */
import type { Outcome } from '../../machines/words/episodes.ts';
import { toAnswered, toArguments } from './contents.ts';
import type { Attributes, OtlpSpan } from './otlp.ts';
import { toAskedText } from './asked-text.ts';
import { toAttributesVerdict, toEventCall, toEventTask, toEventVerdict } from './otel-events.ts';
import { toServedName } from './tool-names.ts';
import type { Span } from './traces.ts';
import { nameCharsMax, toCleanText } from './values.ts';

const toolNames = [
  'gen_ai.tool.name',
  'ai.toolCall.name',
  'tool.name',
  'tool_call.function.name',
  'traceloop.entity.name',
];
const toolArguments = [
  'gen_ai.tool.call.arguments',
  'ai.toolCall.args',
  'ai.toolCall.input',
  'tool_call.function.arguments',
  'tool_arguments',
  'traceloop.entity.input',
  'input.value',
  'tool.parameters',
];
const toolResults = [
  'gen_ai.tool.call.result',
  'ai.toolCall.result',
  'ai.toolCall.output',
  'tool_response',
  'traceloop.entity.output',
  'output.value',
];
const conversations = [
  'gen_ai.conversation.id',
  'session.id',
  'ai.telemetry.metadata.sessionId',
  'ai.telemetry.metadata.conversationId',
  'langfuse.session.id',
  'mcp.session.id',
];
const asked = [
  'gen_ai.input.messages',
  'ai.prompt.messages',
  'ai.prompt',
  'gen_ai.prompt',
  'pydantic_ai.all_messages',
  'langfuse.trace.input',
  'traceloop.entity.input',
  'input.value',
];
const agents = ['gen_ai.agent.name', 'agent.name', 'ai.telemetry.functionId', 'service.name'];

/** Reads one span. */
export function readSpan(span: OtlpSpan): Span {
  const { attributes, resource } = span;
  const call = isTool(span) ? toCall(span) : undefined;
  return {
    trace: span.trace,
    id: span.id,
    parent: span.parent,
    startedMs: span.startedMs,
    conversation: toText(attributes, conversations),
    agent: toText(attributes, agents) ?? toText(resource, agents),
    task: call === undefined ? toTask(span) : undefined,
    call: call?.called,
    failed: span.failed || attributes.get('error.type') !== undefined || call?.error === true,
    verdict: toSpanVerdict(span),
  };
}

function isTool({ name, attributes }: OtlpSpan): boolean {
  const operation = attributes.get('gen_ai.operation.name');
  if (operation !== undefined && operation !== 'execute_tool') return false;
  return (
    operation === 'execute_tool' ||
    attributes.get('openinference.span.kind') === 'TOOL' ||
    attributes.get('mcp.method.name') === 'tools/call' ||
    attributes.get('ai.operationId') === 'ai.toolCall' ||
    attributes.get('traceloop.span.kind') === 'tool' ||
    // Pydantic AI, before it named the operation.
    attributes.has('tool_arguments') ||
    name === 'ai.toolCall'
  );
}

function toCall({ name, attributes, events }: OtlpSpan) {
  // `execute_tool <name>` and `tools/call <name>`: the conventions name the span so.
  const spoken = /^(?:execute_tool|tools\/call) (.+)$/s.exec(name)?.[1] ?? name;
  const named = toServedName(attributes.get('mcp.server.name'), toText(attributes, toolNames) ?? spoken);
  if (named === undefined) return undefined;
  const told = toEventCall(events);
  const { result, error } = toAnswered(pick(attributes, toolResults) ?? told.result);
  const args = toArguments(pick(attributes, toolArguments) ?? told.args);
  return { called: { ...named, args, result }, error };
}

function toTask({ attributes, events }: OtlpSpan): string | undefined {
  for (const key of asked) {
    const text = toAskedText(attributes.get(key));
    if (text !== undefined) return text;
  }
  const flat =
    toFlatText(attributes, 'llm.input_messages', 'message.') ?? toFlatText(attributes, 'gen_ai.prompt', '');
  if (flat !== undefined) return flat;
  return events.map(toEventTask).findLast((task) => task !== undefined);
}

/** Lists that were flattened into `prefix.0.role`, `prefix.0.content`: the last word of a person in them. */
function toFlatText(attributes: Attributes, prefix: string, inner: string): string | undefined {
  let text: string | undefined;
  for (let at = 0; at < 200; at += 1) {
    const role = attributes.get(`${prefix}.${at}.${inner}role`);
    if (role === undefined) return text;
    const content =
      attributes.get(`${prefix}.${at}.${inner}content`) ??
      attributes.get(`${prefix}.${at}.${inner}contents.0.message_content.text`);
    if (role === 'user' && typeof content === 'string') text = toAskedText(content) ?? text;
  }
  return text;
}

/** Evaluation results stand as events on the span they judge, or as spans of their own. */
function toSpanVerdict({ attributes, events }: OtlpSpan): Outcome | undefined {
  const verdicts = [...events.map(toEventVerdict), toAttributesVerdict(attributes)];
  return verdicts.includes('failure') ? 'failure' : verdicts.find((verdict) => verdict !== undefined);
}

function pick(attributes: Attributes, keys: readonly string[]): unknown {
  for (const key of keys) if (attributes.has(key)) return attributes.get(key);
  return undefined;
}

function toText(attributes: Attributes, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = attributes.get(key);
    if (typeof value === 'string' && value !== '') return toCleanText(value, nameCharsMax);
  }
  return undefined;
}
