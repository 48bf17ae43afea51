/**
 * `/tools`: the catalogue as people see it, what waits for them, and their approval. An approval names the fingerprint
 * that was looked at, so that nothing that came meanwhile is let through with it.
 */
import { z } from 'zod';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';
import type { Principal } from '../needs.ts';
import type { ToolsView } from '../tools-needs.ts';
import { sendValue } from './problem.ts';

/** Approvals in one request. */
export const approvalsMax = 200;

const query = z.object({ server: z.coerce.string().max(100).optional() });

const shownTool = z.looseObject({
  name: z.string(),
  server: z.string(),
  tool: z.string(),
  title: z.string().nullable(),
  description: z.string(),
  stale: z.boolean(),
  flags: z.array(z.string()),
  pin: z
    .object({
      hash: z.string(),
      status: z.string(),
      since: z.string(),
      approvedBy: z.string().nullable(),
    })
    .nullable(),
});

const heldTool = z.object({
  name: z.string().nullable(),
  server: z.string(),
  tool: z.string(),
  why: z.string(),
  sentence: z.string(),
});

const reviewedTool = heldTool.extend({
  hash: z.string().nullable().describe('The fingerprint to approve.'),
  was: z.string().nullable(),
  definition: z.record(z.string(), z.unknown()).nullable(),
  differences: z.array(
    z.object({ path: z.string(), was: z.string().nullable(), now: z.string().nullable() }),
  ),
  hidden: z.array(z.object({ path: z.string(), characters: z.array(z.string()) })),
});

const named = z.object({ tool: z.string(), hash: z.string() });

export const tools: Resource = {
  method: 'GET',
  path: '/tools',
  scope: 'tool:call',
  docs: {
    summary: 'List the catalogue and what is held back',
    query,
    answer: z.object({ version: z.int(), tools: z.array(shownTool), held: z.array(heldTool) }),
  },
  answer: async ({ needs, res, url, principal }) => {
    const { server } = parseQuery(query, url, ['server']);
    const { tools: listed, held, version } = needs.tools.list();
    const isAsked = (one: { readonly server: string }): boolean =>
      server === undefined || one.server === server;
    const shown = listed.filter(isAsked).map((one) => toShown(one, principal));
    sendValue(res, 200, { version, tools: shown, held: held.filter(isAsked) });
  },
};

/** Pins are everybody's; who approved one is told to those who may name every namespace, and to that one. */
function toShown<T extends ToolsView['tools'][number]>(tool: T, { id, mayNameNamespaces }: Principal): T {
  const { pin } = tool;
  if (pin === null || mayNameNamespaces || pin.approvedBy === id) return tool;
  return { ...tool, pin: { ...pin, approvedBy: null } };
}

export const reviewTools: Resource = {
  method: 'GET',
  path: '/tools/review',
  scope: 'tool:approve',
  docs: {
    summary: 'List tools that a person should look at',
    query,
    answer: z.object({ tools: z.array(reviewedTool) }),
  },
  answer: async ({ needs, res, url }) => {
    const { server } = parseQuery(query, url, ['server']);
    const found = needs.tools.review().filter((one) => server === undefined || one.server === server);
    sendValue(res, 200, { tools: found });
  },
};

const approval = z.strictObject({
  server: z.string().min(1).max(100),
  tools: z
    .array(z.strictObject({ tool: z.string().min(1).max(300), hash: z.string().min(1).max(128) }))
    .min(1)
    .max(approvalsMax),
});

export const approveTools: Resource = {
  method: 'POST',
  path: '/tools/approve',
  scope: 'tool:approve',
  docs: {
    summary: 'Approve definitions of tools, each by its fingerprint',
    body: approval,
    answer: z.object({ server: z.string(), approved: z.array(named), left: z.array(named) }),
    example: { server: 'files', tools: [{ tool: 'read_file', hash: '9f86d081…' }] },
  },
  answer: async ({ needs, req, res, principal }) => {
    const { server, tools: asked } = await parseJsonBody(approval, req);
    const approved = await needs.tools.approve(server, asked, principal);
    const left = asked.filter(({ tool }) => !approved.some((one) => one.tool === tool));
    sendValue(res, 200, { server, approved, left });
  },
};
