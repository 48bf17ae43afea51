/**
 * `GET /actors`: the live actors of a namespace and of the node, each with its lifecycle state, and by what people know it
 * where that is more than its id. What somebody may not read by itself is no name here either.
 */
import { z } from 'zod';
import { isDreyError } from '../../../machines/words/errors.ts';
import { ActorKind, Token } from '../../../machines/words/ids.ts';
import { mayDo } from '../../../machines/words/scopes.ts';
import { sendValue } from './problem.ts';
import { parseQuery } from './resource.ts';
import type { Resource, RestRequest } from './resource.ts';

/** Actors in one answer. */
export const actorsListedMax = 1_000;
/** Characters of a name, and guided runs that are asked for theirs. */
const [nameMax, runsNamedMax] = [300, 100];

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
          name: z
            .string()
            .optional()
            .describe(
              'What people know it by: a procedure’s trigger, the task of a session or a guided run.',
            ),
        }),
      ),
      total: z.int().describe('Of procedures, the 300 that changed last are looked at.'),
    }),
  },
  answer: async (request) => {
    const { needs, res, url, namespace, principal } = request;
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
    const shown = all.slice(0, actorsListedMax);
    const names = await readNames(request, new Set(shown.map((actor) => actor.kind)));
    const named = shown.map((actor) => {
      const name = actor.name ?? names.get(`${actor.namespace}/${actor.id}`);
      return name ? { ...actor, name: name.slice(0, nameMax) } : actor;
    });
    sendValue(res, 200, { actors: named, total: all.length });
  },
};

/** The tasks of sessions and of the runs that the caller may read; without the database the latter have none. */
async function readNames(
  { needs, namespace, principal }: RestRequest,
  kinds: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  if (kinds.has('session'))
    for (const { id, task, client } of needs.sessions.list(namespace))
      names.set(`${namespace}/${id}`, task ?? client);
  if (!kinds.has('run') || needs.runs === undefined || !mayDo(principal, 'sop:read')) return names;
  try {
    const owner = principal.local ? undefined : principal.id;
    const runs = await needs.runs.list({ namespace, principal: owner, limit: runsNamedMax });
    for (const { runId, task } of runs) names.set(`${namespace}/${runId}`, task);
  } catch (error) {
    if (!isDreyError(error) || error.kind !== 'dependency_failed') throw error;
  }
  return names;
}
