/**
 * `GET /actors/:kind/:id/then`: what an actor was and held at a place of its own history. Whoever may follow its events
 * may ask, and no one else: the answer is made of nothing but them.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { ActorKind, Token } from '../../../machines/words/ids.ts';
import { parseArguments } from '../tools/tool.ts';
import { sendValue } from './problem.ts';
import { parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

const path = z.object({
  kind: z.enum(ActorKind.options, { error: `must be one of ${ActorKind.options.join(', ')}` }),
  id: Token,
});
const query = z.object({
  sequence: z
    .number({ error: 'must be the sequence of an event, as GET /events tells it' })
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER),
});

export const actorThen: Resource = {
  method: 'GET',
  path: '/actors/:kind/:id/then',
  scope: 'events:read',
  docs: {
    summary: 'Tell what an actor was and held at an earlier event',
    description:
      'Its stored events up to that place in the stream, folded through its machine; 20 000 at most. Kinds without a ' +
      'machine (`memory`, `pattern`, `tool`, `agent`, `audit`) are refused with 400.',
    query,
    answer: z.object({
      states: z.array(z.string()),
      context: z
        .unknown()
        .describe(
          'What its machine held after its last edge by then, redacted: of what events do not carry, nothing.',
        ),
      since: z
        .object({ sequence: z.int(), at: z.string(), event: z.string() })
        .nullable()
        .describe('The edge that led there; null before the first one.'),
      folded: z.int().describe('Events that were folded.'),
      differences: z
        .int()
        .describe(
          'Places where the machine did not lead to what was recorded, because older events are gone.',
        ),
    }),
  },
  answer: async ({ needs, res, url, namespace, ids }) => {
    const { kind, id } = parseArguments(path, ids);
    const { sequence } = parseQuery(query, url, ['sequence']);
    const found = await needs.actorThen({
      address: { namespace, kind, id },
      sequence,
      isAwaited: () => !res.destroyed,
    });
    if (found === undefined)
      throw new DreyError(
        'actor_unknown',
        `Up to ${sequence} there is no event of ${kind}/${id} in this namespace.`,
      );
    if (!res.destroyed) sendValue(res, 200, found);
  },
};
