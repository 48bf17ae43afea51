/** `acontext_get_learning_status`: whether the learner runs and what it has found. */
import { z } from 'zod';
import { resolveNamespace } from '../namespace.ts';
import { createTool, namespaceField } from './tool.ts';

/** What the tool answers. */
export const LearningAnswer = z.object({
  engine_status: z.enum(['running', 'stopped', 'unavailable']),
  last_learning_run: z.string().nullable(),
  statistics: z.object({
    total_sops: z.number(),
    total_patterns: z.number(),
    avg_confidence: z.number(),
    recent_discoveries: z.array(
      z.object({ type: z.string(), trigger: z.string(), discovered_at: z.string() }),
    ),
  }),
});

export const learningStatus = createTool({
  name: 'acontext_get_learning_status',
  title: 'Learning status',
  description: 'Tells whether the learning engine runs, when it last learned, and how much it has learned.',
  readOnly: true,
  scope: 'sop:read',
  input: z.object({ namespace: namespaceField }),
  output: LearningAnswer,
  async run(args, { needs, session, principal }) {
    const namespace = resolveNamespace(args.namespace, session.namespace, principal);
    const status = await needs.learning(namespace);
    const { statistics } = status;
    return {
      ...status,
      statistics: { ...statistics, recent_discoveries: [...statistics.recent_discoveries] },
    };
  },
});
