/** `acontext_get_sops`: the procedures learned for a kind of task, best first. It abstains rather than guesses. */
import { z } from 'zod';
import { limits } from '../../../machines/words/limits.ts';
import { isWithheld } from '../hold-out.ts';
import { resolveNamespace } from '../namespace.ts';
import { SopAnswer, toSopAnswer } from './sop-answer.ts';
import { stateTask } from './state-task.ts';
import { askedTask, count, createTool, fraction, namespaceField } from './tool.ts';

const input = z.object({
  trigger_pattern: askedTask('the task or kind of task').describe(
    'The task in your own words, for instance "deploy the billing service to staging".',
  ),
  namespace: namespaceField,
  min_confidence: fraction().default(0.7).describe('Only procedures at least this likely to be right.'),
  limit: count(1, limits.sopsAnsweredMax).default(5).describe('At most this many procedures.'),
});

export const getSops = createTool({
  name: 'acontext_get_sops',
  title: 'Get learned procedures',
  description:
    'Look up procedures (SOPs) that earlier agents used with success for this kind of task: which tools, in which ' +
    'order, with which arguments. Call it before you start a task you have not done in this session. ' +
    'An empty list means that nothing fitting has been learned yet.',
  readOnly: true,
  scope: 'sop:read',
  input,
  output: z.object({ sops: z.array(SopAnswer) }),
  async run(args, context) {
    const { needs, session, principal, traceparent } = context;
    const namespace = resolveNamespace(args.namespace, session.namespace, principal);
    stateTask(context, args.trigger_pattern, 'trigger_pattern');
    const ranked = await needs.sops.search({
      namespace,
      task: args.trigger_pattern,
      minConfidence: args.min_confidence,
      limit: args.limit,
    });
    const serving = { session, namespace, principal, task: args.trigger_pattern };
    if (ranked.length > 0 && isWithheld(needs, serving)) return { sops: [] };
    if (ranked.length > 0) {
      needs.sops.recordInjection({
        session,
        namespace,
        principal: principal.id,
        task: args.trigger_pattern,
        sops: ranked.map((sop) => ({ sopId: sop.sopId, relevance: sop.relevance })),
        traceparent,
      });
    }
    return { sops: ranked.map(toSopAnswer) };
  },
});
