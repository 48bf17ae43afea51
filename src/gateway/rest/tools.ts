/**
 * `/tools`: the catalogue as people see it, what waits for them, and their approval. An approval names the fingerprint
 * that was looked at, so that nothing that came meanwhile is let through with it.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';
import { sendValue } from './problem.ts';

/** Approvals in one request. */
export const approvalsMax = 200;

const query = z.object({ server: z.coerce.string().max(100).optional() });

export const tools: Resource = {
  method: 'GET',
  path: '/tools',
  scope: 'tool:call',
  answer: async ({ needs, res, url }) => {
    const { server } = parseQuery(query, url, ['server']);
    const { tools: listed, held, version } = needs.tools.list();
    const isAsked = (one: { readonly server: string }): boolean =>
      server === undefined || one.server === server;
    sendValue(res, 200, { version, tools: listed.filter(isAsked), held: held.filter(isAsked) });
  },
};

export const reviewTools: Resource = {
  method: 'GET',
  path: '/tools/review',
  scope: 'tool:approve',
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
  answer: async ({ needs, req, res, principal }) => {
    const { server, tools: named } = await parseJsonBody(approval, req);
    const approved = await needs.tools.approve(server, named, principal);
    const left = named.filter(({ tool }) => !approved.some((one) => one.tool === tool));
    sendValue(res, 200, { server, approved, left });
  },
};
