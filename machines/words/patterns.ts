/**
 * Patterns: when something is the case, something else helps. What Drey finds has this form; patterns that others write
 * back may have any, and are offered to agents where they have this one. Names of tools, keys and words of tasks only.
 */
import { z } from 'zod';

/** One word: whoever is offered a pattern is told nothing that its writer made up. */
const toolName = z
  .string()
  .max(300)
  .regex(/^[^\s\p{C}]+$/u, 'must be the name of a tool, without spaces')
  .describe('The name that clients see.');
const pointer = z
  .string()
  .max(300)
  .regex(/^(\/[^/\s\p{C}]*)*$/u, 'must be a JSON pointer such as /order/id, with * for any place of a list');

/** A failed call, and the one that got things going again. */
const FailureRecovery = z.object({
  pattern_type: z.literal('failure_recovery'),
  condition: z.object({ failed_tool: toolName }),
  action: z.object({ call: toolName }),
});

/** What is called before a tool wherever that tool is called, and more often than elsewhere. */
const Precondition = z.object({
  pattern_type: z.literal('precondition'),
  condition: z.object({ next_tool: toolName }),
  action: z.object({ call_first: toolName }),
});

/** Tasks that speak of something begin by looking something up. */
const ProactiveSearch = z.object({
  pattern_type: z.literal('proactive_search'),
  condition: z.object({
    task_words: z.array(z.string().min(1).max(60)).min(1).max(5).describe('Stems; the task has all of them.'),
  }),
  action: z.object({ search_with: toolName }),
});

/** What a tool needs stands in another one's result. */
const ContextInjection = z.object({
  pattern_type: z.literal('context_injection'),
  condition: z.object({ next_tool: toolName, argument: pointer }),
  action: z.object({ take_from: z.object({ tool: toolName, path: pointer }) }),
});

export const PatternContent = z.discriminatedUnion('pattern_type', [
  FailureRecovery,
  Precondition,
  ProactiveSearch,
  ContextInjection,
]);
export type PatternContent = z.infer<typeof PatternContent>;

/** What a pattern tells to call, or whose result to use: by this its following is recognised. */
export function toAdvisedTool(content: PatternContent): string {
  switch (content.pattern_type) {
    case 'failure_recovery':
      return content.action.call;
    case 'precondition':
      return content.action.call_first;
    case 'proactive_search':
      return content.action.search_with;
    default:
      return content.condition.next_tool;
  }
}

/** What a pattern says, for agents and people; `toWord` gives the word that a stem stands for. */
export function toSentence(
  content: PatternContent,
  toWord: (stem: string) => string = (stem) => `${stem}…`,
): string {
  switch (content.pattern_type) {
    case 'failure_recovery':
      return `When ${content.condition.failed_tool} fails, ${content.action.call} gets things going again.`;
    case 'precondition':
      return `Call ${content.action.call_first} before ${content.condition.next_tool}.`;
    case 'proactive_search':
      return `Tasks about ${content.condition.task_words.map(toWord).join(', ')} begin by looking things up with ${content.action.search_with}.`;
    default: {
      const { tool, path } = content.action.take_from;
      return `${content.condition.next_tool} takes ${content.condition.argument} from the result of ${tool} at ${path === '' ? 'its root' : path}.`;
    }
  }
}

/** A pattern that learning found. */
export interface LearnedPattern {
  readonly patternId: string;
  readonly content: PatternContent;
  readonly confidence: number;
  /** Episodes that show it. */
  readonly support: number;
  /** Episodes in which it could have shown. */
  readonly chances: number;
  /** How many times more often it is so there than elsewhere. */
  readonly lift: number;
}
