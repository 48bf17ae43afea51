/**
 * `/agents`: who may come into a namespace. Which subject of an authorization server an agent is can be said only by who
 * may name namespaces: whoever else said it could take somebody's tokens into a namespace of their own.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import type { AgentView } from '../keys-need.ts';
import { count, text } from '../tools/tool.ts';
import { cursorField, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

/** Agents in one answer of the list. */
export const agentsListedMax = 200;

const agentError =
  'must be an agent: 1 to 40 characters of a-z, 0-9, _ and -, beginning with a letter or digit';
/** An agent's name in its namespace. */
export const agentField = z.string({ error: agentError }).regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, {
  error: agentError,
});

const view = z.object({
  agent: z.string(),
  display_name: z.string(),
  created_at: z.string(),
  disabled_at: z.string().nullable().describe('Null while it may come in.'),
});
const identity = z.strictObject({
  issuer: z.url({ error: 'must be the address of an authorization server' }).max(500),
  subject: text('a subject, as tokens name it', 300),
});

/** Agents are listed by name. */
const place = z.tuple([agentField]);

const query = z.object({
  limit: count(1, agentsListedMax).default(50),
  cursor: cursorField,
});

export const agents: Resource = {
  method: 'GET',
  path: '/agents',
  scope: 'key:admin',
  docs: { summary: 'List agents', query, answer: z.object({ agents: z.array(view), next: nextField }) },
  answer: async ({ needs, res, url, namespace }) => {
    const { limit, cursor } = parseQuery(query, url, ['limit', 'cursor']);
    const after = readCursor(place, cursor)?.[0];
    const found = await needs.keys.listAgents({ namespace, limit, after });
    const next = toNext(found, limit, (one) => [one.agent]);
    sendValue(res, 200, { agents: found.map(toView), next });
  },
};

export const agent: Resource = {
  method: 'GET',
  path: '/agents/:id',
  scope: 'key:admin',
  docs: { summary: 'Show an agent', answer: view.extend({ identities: z.array(identity) }) },
  answer: async ({ needs, res, namespace, id }) => {
    const found = await needs.keys.getAgent(namespace, id);
    sendValue(res, 200, { ...toView(found), identities: found.identities });
  },
};

const addition = z.strictObject({
  agent: agentField,
  display_name: text('a name for people', 300).optional(),
  identity: identity.optional().describe('Which subject of an authorization server it is.'),
});

export const addAgent: Resource = {
  method: 'POST',
  path: '/agents',
  scope: 'key:admin',
  docs: {
    summary: 'Add an agent, or say who it is for an authorization server',
    body: addition,
    answer: view,
    status: 201,
    example: { agent: 'builder', display_name: 'The builder' },
  },
  answer: async ({ needs, req, res, namespace, principal }) => {
    const asked = await parseJsonBody(addition, req);
    if (asked.identity !== undefined && !principal.mayNameNamespaces)
      throw new DreyError('permission_denied', "only the node's own user says who a subject of tokens is");
    const added = await needs.keys.addAgent({
      namespace,
      by: principal,
      agent: asked.agent,
      displayName: asked.display_name,
      identity: asked.identity,
    });
    sendValue(res, 201, toView(added));
  },
};

export const disableAgent = createSwitch('disable', true, 'Shut an agent out with all its keys and tokens');
export const enableAgent = createSwitch('enable', false, 'Let an agent in again');

function createSwitch(verb: string, isDisabled: boolean, summary: string): Resource {
  return {
    method: 'POST',
    path: `/agents/:id/${verb}`,
    scope: 'key:admin',
    docs: { summary, answer: view },
    answer: async ({ needs, res, namespace, principal, id }) => {
      const changed = await needs.keys.setDisabled({ namespace, by: principal, agent: id, isDisabled });
      sendValue(res, 200, toView(changed));
    },
  };
}

function toView(found: AgentView): z.infer<typeof view> {
  return {
    agent: found.agent,
    display_name: found.displayName,
    created_at: found.createdAt,
    disabled_at: found.disabledAt,
  };
}
