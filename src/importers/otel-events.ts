/**
 * What the events of an agent's span say, where its attributes do not: prompts and tools' messages of the GenAI
 * conventions before and after they became attributes (gen-ai-events.md), on the span or in a log that names it.
 */
import type { Outcome } from '../../machines/words/episodes.ts';
import { toAskedText } from './asked-text.ts';
import type { Attributes, OtlpEvent } from './otlp.ts';
import { toResult } from './values.ts';
import { toVerdict } from './verdicts.ts';

/** What a person asked in an event; undefined for events of other things. */
export function toEventTask({ name, attributes }: OtlpEvent): string | undefined {
  if (name === 'gen_ai.user.message') return toAskedText([{ role: 'user', content: toContent(attributes) }]);
  if (name === 'gen_ai.content.prompt') return toAskedText(attributes.get('gen_ai.prompt'));
  if (name !== 'gen_ai.client.inference.operation.details') return undefined;
  return toAskedText(attributes.get('gen_ai.input.messages'));
}

/** A tool's arguments and result, as some tracers give them to the tool's span. */
export function toEventCall(events: readonly OtlpEvent[]): {
  readonly args: unknown;
  readonly result: unknown;
} {
  const find = (wanted: string): Attributes | undefined =>
    events.find(({ name }) => name === wanted)?.attributes;
  const asked = find('gen_ai.tool.message');
  const answered = find('gen_ai.choice')?.get('message');
  return {
    args: asked === undefined ? undefined : toContent(asked),
    result: typeof answered === 'string' ? toParts(toResult(answered)) : answered,
  };
}

/** What an evaluation's event says of the task. */
export function toEventVerdict({ name, attributes }: OtlpEvent): Outcome | undefined {
  return name === 'gen_ai.evaluation.result' ? toAttributesVerdict(attributes) : undefined;
}

/** The same where a span is the evaluation itself. */
export function toAttributesVerdict(attributes: Attributes): Outcome | undefined {
  return toVerdict(
    attributes.get('gen_ai.evaluation.name'),
    attributes.get('gen_ai.evaluation.score.label'),
    attributes.get('gen_ai.evaluation.score.value'),
  );
}

function toContent(attributes: Attributes): unknown {
  const content = attributes.get('content') ?? attributes.get('gen_ai.event.content');
  return typeof content === 'string' ? toResult(content) : content;
}

/** `[{text}]`, as some write content, as parts that say what they are. */
function toParts(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((part: unknown) =>
    typeof part === 'object' && part !== null && 'text' in part && !('type' in part)
      ? { type: 'text', ...part }
      : part,
  );
}
