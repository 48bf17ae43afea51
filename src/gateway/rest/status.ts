/** `GET /status`: the node as it sees itself. Whoever may not read the node's figures is never told of its machine. */
import { z } from 'zod';
import { mayDo } from '../../../machines/words/scopes.ts';
import type { NodeStatus, Principal } from '../needs.ts';
import { LearningAnswer } from '../tools/learning-status.ts';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

export const status: Resource = {
  method: 'GET',
  path: '/status',
  docs: {
    summary: 'Tell how the node and what it stands on are',
    description:
      'Without the scope `node:read`, what tells of the machine is left out: process ids, paths, the addresses of the bus, ' +
      'and the sentences of failures, which may name either.',
    answer: z.looseObject({
      version: z.string(),
      url: z.string().optional(),
      pid: z.int().optional(),
      state: z.string(),
      uptimeSeconds: z.number().optional(),
      missing: z
        .array(z.enum(['bus', 'store', 'learning']))
        .optional()
        .describe('What the node stands on and does not have right now.'),
      sessions: z.int().optional(),
      resources: z.array(z.looseObject({ id: z.string(), state: z.string() })).optional(),
      breakers: z.array(z.looseObject({ id: z.string(), state: z.string() })).optional(),
      learning: z.looseObject({ engine_status: LearningAnswer.shape.engine_status }).optional(),
      events: z.looseObject({ waiting: z.int(), appended: z.int(), published: z.int() }).optional(),
    }),
  },
  answer: async ({ needs, res, principal }) => {
    sendValue(res, 200, toToldTo(principal, await needs.status()));
  },
};

/** What names the machine's processes and places; where a reader counts on a name, it says null. */
const ofMachine: ReadonlyMap<string, null | undefined> = new Map([
  ['pid', undefined],
  ['nats', undefined],
  ['file', null],
  ['error', null],
  ['lastError', null],
]);

/** What this one may be told of the node. */
export function toToldTo(principal: Principal, told: NodeStatus): NodeStatus {
  if (principal.local || mayDo(principal, 'node:read')) return told;
  const copy = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(copy);
    return typeof value === 'object' && value !== null ? copyFacts(value) : value;
  };
  const copyFacts = (facts: object): NodeStatus =>
    Object.fromEntries(
      Object.entries(facts)
        .map(([name, item]) => [name, ofMachine.has(name) ? ofMachine.get(name) : copy(item)])
        .filter(([, item]) => item !== undefined),
    );
  return copyFacts(told);
}
