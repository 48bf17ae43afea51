/** `GET /actors`: the live actors of a namespace and of the node, each with its lifecycle state. */
import { z } from 'zod';
import { ActorKind, Token } from '../../../machines/words/ids.ts';
import { mayDo } from '../../../machines/words/scopes.ts';
import { sendValue } from './problem.ts';
import { parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

/** Actors in one answer. */
export const actorsListedMax = 1_000;

const query = z.object({
  kind: z.enum(ActorKind.options, { error: `must be one of ${ActorKind.options.join(', ')}` }).optional(),
  id: z.coerce.string().pipe(Token).optional(),
});

export const actors: Resource = {
  method: 'GET',
  path: '/actors',
  scope: 'session:read',
  docs: {
    summary: 'List live actors with their lifecycle states',
    description: `Those of the namespace, its procedures among them where \`sop:read\` is held, and, for who may name namespaces, of the node; ${actorsListedMax} at most; of each the regions' states.`,
    query,
    answer: z.object({
      actors: z.array(
        z.object({
          namespace: z.string(),
          kind: ActorKind,
          id: z.string(),
          node: z.string().optional().describe('The process it lives in.'),
          states: z.array(z.string()),
        }),
      ),
      total: z.int().describe('Of procedures, the 300 that changed last are looked at.'),
    }),
  },
  answer: async ({ needs, res, url, namespace, principal }) => {
    const { kind, id } = parseQuery(query, url, ['kind', 'id']);
    const all = (await needs.actors(namespace, { kind, id })).filter(
      (actor) =>
        // What was only asked for, and is not there, has no state.
        actor.states.length > 0 &&
        (principal.mayNameNamespaces || actor.namespace === namespace) &&
        // A procedure that one may not read is not shown by its actor either.
        (actor.kind !== 'sop' || mayDo(principal, 'sop:read')) &&
        (kind === undefined || kind === actor.kind) &&
        (id === undefined || id === actor.id),
    );
    sendValue(res, 200, { actors: all.slice(0, actorsListedMax), total: all.length });
  },
};
