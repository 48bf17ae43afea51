/** What tools and REST share about contexts: the face itself, who asks, and the shapes that both answer. */
import { z } from 'zod';
import { ContextPermission, everyone } from '../../machines/words/contexts.ts';
import type { ContextCaller } from '../../machines/words/contexts.ts';
import type { ContextSummary, ContextView, ContextWritten } from '../../machines/context-views.ts';
import { DreyError } from '../../machines/words/errors.ts';
import { Token } from '../../machines/words/ids.ts';
import { mayDo } from '../../machines/words/scopes.ts';
import { toPrincipalId } from '../access/access.ts';
import type { ContextsNeed } from './contexts-need.ts';
import type { GatewayNeeds, Principal } from './needs.ts';

/** The face; throws on a node that has none. */
export function needContexts({ contexts }: Pick<GatewayNeeds, 'contexts'>): ContextsNeed {
  if (contexts !== undefined) return contexts;
  throw new DreyError(
    'resource_unavailable',
    'this node keeps no shared contexts; ask one that serves clients',
  );
}

/** Who asks, as contexts know it. */
export function toCaller(principal: Principal): ContextCaller {
  return { principal: principal.id, isAdmin: mayDo(principal, 'context:admin') };
}

/** The node's own user as a principal; whoever shows a key or token is `agent@namespace`. */
const ownUser = 'local';

const agentName = /^[a-z0-9][a-z0-9_-]{0,39}$/;
const agentId = /^[a-z0-9][a-z0-9_-]{0,39}@[a-z0-9_~-]{1,100}$/;

/** Whom a permission is for: an agent is named as everywhere else, by its name in the namespace, or by its id. */
export function toGrantee(namespace: string, whom: string): string {
  if (whom === everyone || whom === ownUser || agentId.test(whom)) return whom;
  if (agentName.test(whom)) return toPrincipalId(namespace, whom);
  throw new DreyError(
    'argument_invalid',
    `permissions are for an agent, by its name of 1 to 40 characters of a-z, 0-9, _ and -, or "${everyone}" for every agent`,
  );
}

const idMust = 'must be the id of a context, such as c-018f…';

/** A context's id as clients give it back. */
export const contextIdField = z.string({ error: idMust }).refine((id) => Token.safeParse(id).success, {
  error: idMust,
});

export const permissionsField = z
  .array(ContextPermission, { error: 'must be a list of read, write, execute and administer' })
  .max(ContextPermission.options.length);

export const summaryShape = {
  context_id: z.string(),
  name: z.string(),
  version: z.number().int(),
  keys: z.number().int(),
  status: z.enum(['active', 'passive', 'archived']),
  creator: z.string(),
  changed_by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  permissions: z.array(ContextPermission).describe('What you may do.'),
};

/** A context in a list. */
export const SummaryAnswer = z.object(summaryShape);

export function toSummaryAnswer(one: ContextSummary): z.output<typeof SummaryAnswer> {
  return {
    context_id: one.contextId,
    name: one.name,
    version: one.version,
    keys: one.keys,
    status: one.status,
    creator: one.creator,
    changed_by: one.changedBy,
    created_at: one.createdAt,
    updated_at: one.updatedAt,
    permissions: [...one.permissions],
  };
}

const grantShape = { principal: z.string(), permissions: z.array(ContextPermission) };

export const AccessAnswer = z.object({
  creator: z.string(),
  everyone: z.array(ContextPermission),
  grants: z.array(z.object(grantShape)),
});

export function toAccessAnswer(access: ContextView['access']): z.output<typeof AccessAnswer> {
  return {
    creator: access.creator,
    everyone: [...access.everyone],
    grants: access.grants.map((grant) => ({
      principal: grant.principal,
      permissions: [...grant.permissions],
    })),
  };
}

/** A context with what it holds. */
export const ContextAnswer = z.object({
  ...summaryShape,
  values: z.record(z.string(), z.unknown()),
  access: AccessAnswer,
  age_ms: z.number().describe('Since this copy was compared with the database.'),
  stale: z.boolean().describe('True while the database is away.'),
  synced_at: z.string(),
});

export function toContextAnswer(view: ContextView): z.output<typeof ContextAnswer> {
  return {
    ...toSummaryAnswer(view),
    values: { ...view.values },
    access: toAccessAnswer(view.access),
    age_ms: view.ageMs,
    stale: view.stale,
    synced_at: view.syncedAt,
  };
}

/** What became of a change. */
export const WrittenAnswer = z.object({
  outcome: z.enum(['stored', 'pending', 'refused']),
  request_id: z.string(),
  version: z.number().int().optional(),
  code: z.string().optional(),
});

export function toWrittenAnswer(written: ContextWritten): z.output<typeof WrittenAnswer> {
  const { outcome, requestId } = written;
  if (outcome === 'pending') return { outcome, request_id: requestId };
  const told = { outcome, request_id: requestId, version: written.version };
  return outcome === 'refused' ? { ...told, code: written.code } : told;
}
