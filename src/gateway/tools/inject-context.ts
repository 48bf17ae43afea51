/**
 * `acontext_inject_context`: what is worth knowing for the task at hand: procedures, related memories, patterns, and,
 * when the steps so far are told, what usually comes next.
 */
import { z } from 'zod';
import { limits } from '../../../machines/words/limits.ts';
import { mayDo } from '../../../machines/words/scopes.ts';
import { isWithheld, withheldReasoning } from '../hold-out.ts';
import { resolveNamespace } from '../namespace.ts';
import type {
  GatewayNeeds,
  NextStep,
  Principal,
  RankedSop,
  Recalled,
  RecentStep,
  Session,
} from '../needs.ts';
import { toPitfallLines, toStepLines } from '../sops/sop-text.ts';
import { findPatterns } from './matched-patterns.ts';
import { nextStepsMax, readNextSteps } from './next-steps.ts';
import { stateTask } from './state-task.ts';
import { askedTask, count, createTool, namespaceField, text, toldName } from './tool.ts';

/** What is less likely to be right than this is not injected unasked. */
export const injectedConfidenceMin = 0.5;

const step = z.object({
  tool: toldName,
  args: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

const input = z.object({
  current_task: askedTask('the task at hand').describe("What you are working on: the user's request."),
  recent_memories: z
    .array(text('a memory', 4_000), { error: 'must be a list of texts' })
    .max(50, { error: 'must have at most 50 entries' })
    .default([])
    .describe('Facts you already hold; leave it empty if there are none.'),
  namespace: namespaceField,
  top_k: count(1, 20).default(3).describe('At most this many procedures, memories and patterns.'),
  recent_steps: z
    .array(step, { error: 'must be a list of {tool, args?, result?, error?}' })
    .max(limits.episodeCallsMax, { error: `must have at most ${limits.episodeCallsMax} entries` })
    .optional()
    .describe(
      'The tool calls made for this task so far, oldest first; without them, those made through Drey since the task ' +
        'began count. Then likely next steps come with the answer.',
    ),
});

const Injected = z.object({
  type: z.enum(['related_memory', 'sop', 'pattern', 'next_step']),
  content: z.string(),
  relevance: z.number().min(0).max(1),
  pattern_id: z.string().optional(),
  sop_id: z.string().optional(),
  memory_id: z.string().optional(),
  tool: z
    .string()
    .nullable()
    .optional()
    .describe('For next_step: the tool to call; null when the task is done.'),
  args: z.record(z.string(), z.unknown()).optional(),
  ask: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'For next_step: arguments that are for you to decide, with what makes the call this step: habit alone puts ' +
        'nothing into a call that may change something.',
    ),
});
/** One injected item. */
export type Injected = z.infer<typeof Injected>;

/** What the tool answers. */
export const Injection = z.object({ injected_context: z.array(Injected), reasoning: z.string() });
export type Injection = z.infer<typeof Injection>;

export interface InjectionQuestion {
  readonly namespace: string;
  readonly principal: Principal;
  readonly task: string;
  readonly recentMemories: readonly string[];
  readonly topK: number;
  readonly recentSteps: readonly RecentStep[] | undefined;
}

export const injectContext = createTool({
  name: 'acontext_inject_context',
  title: 'Get context for the current task',
  description:
    'Call this when you begin a task: it returns what earlier agents learned about this kind of task (procedures ' +
    'with their tools, known pitfalls, related memories). Pass recent_steps as you go to get the likely next step.',
  readOnly: true,
  scope: 'sop:read',
  input,
  output: Injection,
  async run(args, context) {
    const { needs, session, principal, traceparent } = context;
    const namespace = resolveNamespace(args.namespace, session.namespace, principal);
    await needs.limits.take({ namespace, principal, operation: 'context_inject' });
    stateTask(context, args.current_task, 'current_task');
    const { injection, sops } = await findInjection(needs, {
      namespace,
      principal,
      task: args.current_task,
      recentMemories: args.recent_memories,
      topK: args.top_k,
      recentSteps: args.recent_steps?.map(toStep) ?? readOwnSteps(session, namespace),
    });
    const serving = { session, namespace, principal, task: args.current_task };
    if (injection.injected_context.length > 0 && isWithheld(needs, serving))
      return { injected_context: [], reasoning: withheldReasoning };
    const memoryIds = injection.injected_context.flatMap((item) => item.memory_id ?? []);
    if (memoryIds.length > 0 && namespace === session.namespace) {
      const place = session.task?.taskId ?? session.id;
      const sopIds = sops.map(({ sopId }) => sopId);
      needs.memories.noteRecall({ namespace, principal, traceparent, place, memoryIds, sopIds });
    }
    const patterns = injection.injected_context.flatMap(({ pattern_id: patternId, relevance }) =>
      patternId === undefined ? [] : [{ patternId, relevance }],
    );
    if (sops.length + patterns.length > 0) {
      const served = sops.map((sop) => ({ sopId: sop.sopId, relevance: sop.relevance }));
      needs.sops.recordInjection({
        session,
        namespace,
        principal: principal.id,
        task: args.current_task,
        sops: served,
        patterns,
        traceparent,
      });
    }
    return injection;
  },
});

function toStep(given: z.output<typeof step>): RecentStep {
  return { tool: given.tool, args: given.args, result: given.result, error: given.error };
}

/** The session's own calls for this task; undefined where there are none, so that nothing is foreseen from nothing. */
function readOwnSteps(session: Session, namespace: string): readonly RecentStep[] | undefined {
  const steps = namespace === session.namespace ? (session.readSteps?.() ?? []) : [];
  return steps.length === 0 ? undefined : steps;
}

/** Gathers what an agent would be given for a task, and the SOPs among it. */
export async function findInjection(
  needs: GatewayNeeds,
  question: InjectionQuestion,
): Promise<{ injection: Injection; sops: readonly RankedSop[] }> {
  const { namespace, principal, task, recentMemories, topK } = question;
  const [ranked, recalled] = await Promise.all([
    needs.sops.search({ namespace, task, minConfidence: injectedConfidenceMin, limit: topK }),
    mayDo(principal, 'memory:read')
      ? (needs.recall?.({ namespace, principal, task, recentMemories, limit: topK }) ?? [])
      : [],
  ]);
  const steps = await findNextSteps(needs, question, ranked[0]);
  const patterns = await findPatterns(needs, question, ranked[0], steps);
  const items = [...ranked.map(fromSop), ...[...recalled, ...patterns].map(fromRecalled)]
    .sort((one, other) => other.relevance - one.relevance)
    .slice(0, topK);
  const shown = new Set(items.map((item) => item.sop_id));
  const sops = ranked.filter((sop) => shown.has(sop.sopId));
  return {
    injection: {
      injected_context: [...items, ...steps.map(fromNextStep)],
      reasoning: explain(items, sops, steps, question.recentSteps ?? []),
    },
    sops,
  };
}

async function findNextSteps(
  needs: GatewayNeeds,
  question: InjectionQuestion,
  best: RankedSop | undefined,
): Promise<readonly NextStep[]> {
  const { namespace, task, recentSteps } = question;
  if (recentSteps === undefined) return [];
  const predicted = await needs.nextSteps?.({ namespace, task, recentSteps, limit: nextStepsMax });
  if (predicted !== undefined) return predicted.slice(0, nextStepsMax);
  return best === undefined ? [] : readNextSteps(best, task, recentSteps);
}

function fromSop(sop: RankedSop): Injected {
  return {
    type: 'sop',
    content: [`Procedure for: ${sop.trigger}`, ...toStepLines(sop), ...toPitfallLines(sop)].join('\n'),
    relevance: clamp(sop.relevance),
    sop_id: sop.sopId,
  };
}

function fromRecalled(recalled: Recalled): Injected {
  return {
    type: recalled.type,
    content: recalled.content,
    relevance: clamp(recalled.relevance),
    ...(recalled.patternId === undefined ? {} : { pattern_id: recalled.patternId }),
    ...(recalled.memoryId === undefined ? {} : { memory_id: recalled.memoryId }),
  };
}

function fromNextStep(next: NextStep): Injected {
  return {
    type: 'next_step',
    content: next.content ?? (next.tool === null ? 'The task is done.' : `Call ${next.tool} next.`),
    relevance: clamp(next.probability),
    tool: next.tool,
    ...(next.args === undefined ? {} : { args: { ...next.args } }),
    ...(next.ask === undefined ? {} : { ask: { ...next.ask } }),
    ...(next.sopId === undefined ? {} : { sop_id: next.sopId }),
  };
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** Steps so far that the reasoning names: the last ones. */
const stepsNamedMax = 5;

/** Names what the answer rests on. */
function explain(
  items: readonly Injected[],
  ranked: readonly RankedSop[],
  steps: readonly NextStep[],
  taken: readonly RecentStep[],
): string {
  if (items.length === 0 && steps.length === 0) {
    return 'Nothing learned so far clearly matches this task, so nothing is injected.';
  }
  const best = items[0];
  const [sop] = ranked;
  const parts = [
    best === undefined
      ? 'No procedure clearly matches the task.'
      : `${items.length} learned item(s) match this task; the best has relevance ${best.relevance.toFixed(2)}.`,
  ];
  if (sop !== undefined)
    parts.push(
      `Procedure ${sop.sopId} rests on ${sop.occurrences} successful run(s) and is right with probability ${sop.confidence.toFixed(2)}.`,
    );
  if (steps.length > 0) {
    const after =
      taken.length === 0
        ? 'none yet'
        : taken
            .slice(-stepsNamedMax)
            .map(({ tool }) => tool)
            .join(', ');
    parts.push(`${steps.length} likely next step(s) follow from the steps so far (${after}).`);
  }
  return parts.join(' ');
}
