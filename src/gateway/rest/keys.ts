/**
 * `/keys`: API keys of a namespace's agents, listed, made, rotated and revoked. The text of a key is in the one answer
 * that made it and nowhere else, ever.
 */
import { z } from 'zod';
import { Scope, agentScopes } from '../../../machines/words/scopes.ts';
import type { KeyView } from '../keys-need.ts';
import { count, text } from '../tools/tool.ts';
import { agentField } from './agents.ts';
import { cursorField, momentAndId, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

/** Keys in one answer of the list. */
export const keysListedMax = 200;
const yearSeconds = 365 * 24 * 60 * 60;

const view = z.object({
  key_id: z.string(),
  agent: z.string(),
  label: z.string(),
  scopes: z.array(z.string()),
  created_at: z.string(),
  created_by: z.string(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  last_used_at: z.string().nullable().describe('To the minute or so; null for a key that was never used.'),
});
const made = view.extend({ key: z.string().describe('The key itself. It is shown this once.') });

const query = z.object({
  agent: agentField.optional(),
  limit: count(1, keysListedMax).default(50),
  cursor: cursorField,
});

const expiry = count(1, 10 * yearSeconds)
  .optional()
  .describe('Seconds until it expires; without it, it does not.');

const creation = z.strictObject({
  agent: agentField,
  label: text('a label', 300).optional().describe('For people.'),
  scopes: z
    .array(Scope)
    .min(1)
    .max(Scope.options.length)
    .default([...agentScopes])
    .describe('What its bearer may do; only scopes that you have yourself.'),
  expires_in_seconds: expiry,
});

export const keys: Resource = {
  method: 'GET',
  path: '/keys',
  scope: 'key:admin',
  docs: { summary: 'List API keys', query, answer: z.object({ keys: z.array(view), next: nextField }) },
  answer: async ({ needs, res, url, namespace }) => {
    const { agent, limit, cursor } = parseQuery(query, url, ['agent', 'limit', 'cursor']);
    const after = readCursor(momentAndId, cursor);
    const found = await needs.keys.listKeys({ namespace, agent, limit, after });
    const next = toNext(found, limit, ({ createdAt, keyId }) => [createdAt, keyId]);
    sendValue(res, 200, { keys: found.map(toView), next });
  },
};

export const createKey: Resource = {
  method: 'POST',
  path: '/keys',
  scope: 'key:admin',
  docs: {
    summary: 'Make an API key for an agent',
    description: 'The agent is made where there is none. An agent has at most two keys that are live.',
    body: creation,
    answer: made,
    status: 201,
    example: { agent: 'builder', label: 'CI', expires_in_seconds: 7_776_000 },
  },
  answer: async ({ needs, req, res, namespace, principal }) => {
    const asked = await parseJsonBody(creation, req);
    const { key, ...rest } = await needs.keys.createKey({
      namespace,
      by: principal,
      agent: asked.agent,
      label: asked.label ?? '',
      scopes: [...new Set(asked.scopes)],
      expiresInMs: toMs(asked.expires_in_seconds),
    });
    sendValue(res, 201, { key, ...toView(rest) });
  },
};

const rotation = z.strictObject({
  overlap_seconds: count(0, yearSeconds)
    .default(24 * 60 * 60)
    .describe('How long the old key still opens the door.'),
  expires_in_seconds: expiry,
});

export const rotateKey: Resource = {
  method: 'POST',
  path: '/keys/:id/rotate',
  scope: 'key:admin',
  docs: {
    summary: 'Make a second key like this one, which then ends',
    body: rotation,
    answer: made,
    status: 201,
    example: { overlap_seconds: 3_600 },
  },
  answer: async ({ needs, req, res, namespace, principal, id }) => {
    const asked = await parseJsonBody(rotation, req);
    const { key, ...rest } = await needs.keys.rotateKey({
      namespace,
      by: principal,
      keyId: id,
      overlapMs: asked.overlap_seconds * 1_000,
      expiresInMs: toMs(asked.expires_in_seconds),
    });
    sendValue(res, 201, { key, ...toView(rest) });
  },
};

export const revokeKey: Resource = {
  method: 'POST',
  path: '/keys/:id/revoke',
  scope: 'key:admin',
  docs: { summary: 'Revoke a key, on every node within five seconds', answer: view },
  answer: async ({ needs, res, namespace, principal, id }) =>
    sendValue(res, 200, toView(await needs.keys.revokeKey({ namespace, by: principal, keyId: id }))),
};

function toMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}

function toView(key: KeyView): z.infer<typeof view> {
  return {
    key_id: key.keyId,
    agent: key.agent,
    label: key.label,
    scopes: [...key.scopes],
    created_at: key.createdAt,
    created_by: key.createdBy,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    last_used_at: key.lastUsedAt,
  };
}
