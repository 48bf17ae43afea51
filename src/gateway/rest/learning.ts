/** `GET /learning`: the same as `acontext_get_learning_status`. */
import { LearningAnswer } from '../tools/learning-status.ts';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

export const learning: Resource = {
  method: 'GET',
  path: '/learning',
  scope: 'sop:read',
  docs: { summary: 'Tell whether the learner runs and what it has found', answer: LearningAnswer },
  answer: async ({ needs, res, namespace }) => sendValue(res, 200, await needs.learning(namespace)),
};
