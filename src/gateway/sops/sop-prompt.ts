/**
 * A learned procedure as an MCP prompt. Its arguments are what differs from task to task: values that earlier agents took
 * out of the task's text, or that nobody could tell where they came from.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import type { SopView } from '../needs.ts';
import type { Offer } from '../offers-need.ts';
import { toPromptName } from './sop-names.ts';
import { toDescription, toMarkdown, toTitle } from './sop-text.ts';

interface TaskInput {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
}

/** Arguments of one prompt. */
const inputsMax = 20;
const valueMax = 4_000;

/** The inputs of a procedure; the same value asked for at two steps is one input. */
export function toTaskInputs({ procedure }: Pick<SopView, 'procedure'>): readonly TaskInput[] {
  const inputs = new Map<string, TaskInput>();
  const seen = new Set<string>();
  for (const [index, { tool, optional, args }] of procedure.entries()) {
    for (const [path, { from, selector }] of Object.entries(args)) {
      if ((from !== 'task' && from !== 'ask') || inputs.size >= inputsMax) continue;
      const source = from === 'task' && selector !== undefined ? `task ${selector}` : `${from} ${path}`;
      if (seen.has(source)) continue;
      seen.add(source);
      const plain = path.replaceAll(/[^A-Za-z0-9_]+/g, '_').replaceAll(/^_+|_+$/g, '') || 'value';
      const name = inputs.has(plain) ? `${plain}_${index + 1}` : plain;
      if (inputs.has(name)) continue;
      const description = `${path} of ${tool} (step ${index + 1})`;
      inputs.set(name, { name, description, required: !optional });
    }
  }
  return [...inputs.values()];
}

/** How it is listed. */
export function toPromptOffer(sop: SopView): Offer {
  const name = toPromptName(sop);
  const inputs = toTaskInputs(sop);
  return {
    key: name,
    definition: {
      name,
      title: toTitle(sop),
      description: toDescription(sop),
      ...(inputs.length === 0 ? {} : { arguments: inputs }),
      _meta: { 'drey/sop': sop.sopId },
    },
  };
}

/** The prompt with its values; throws `argument_invalid` for one that is missing. */
export function toPromptResult(sop: SopView, given: Readonly<Record<string, unknown>>): object {
  const values = toTaskInputs(sop).flatMap(({ name, required }) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (typeof value === 'string' && value.length <= valueMax) return [`- ${name}: ${JSON.stringify(value)}`];
    if (!required && value === undefined) return [];
    throw new DreyError(
      'argument_invalid',
      `params.arguments.${name} must be text of up to ${valueMax} characters`,
    );
  });
  const text = [
    toMarkdown(sop),
    ...(values.length === 0 ? [] : [['## Values for this task', ...values].join('\n')]),
    'Follow these steps for the task at hand. Leave out what does not fit, and say so.',
  ].join('\n\n');
  return { description: toDescription(sop), messages: [{ role: 'user', content: { type: 'text', text } }] };
}
