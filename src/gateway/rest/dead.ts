/**
 * `/dead`: the dead letters of a namespace, listed, shown, sent again and dropped. The node's own principal sees those
 * of the node, too; changing anything needs the scope for it.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { Address, systemNamespace } from '../../../machines/words/ids.ts';
import type { DeadLetterView } from '../watching-needs.ts';
import { count } from '../tools/tool.ts';
import { sendValue } from './problem.ts';
import { parseQuery } from './resource.ts';
import type { Resource, RestRequest } from './resource.ts';

/** Letters in one answer of the list. */
export const deadListedMax = 500;
/** Characters of a message shown in the list. */
const bodyListedMax = 200;

const query = z.object({ limit: count(1, deadListedMax).default(50) });

const told = z.object({
  id: z.int(),
  actor: Address,
  reason: z.string(),
  code: z.string(),
  stream: z.string(),
  sequence: z.int(),
  subject: z.string(),
  by: z.string(),
  attempts: z.int(),
  at: z.string(),
  body: z.string(),
});

export const deadLetters: Resource = {
  method: 'GET',
  path: '/dead',
  scope: 'events:read',
  docs: {
    summary: 'List messages that nobody could handle, the newest first',
    description: `Of each message the first ${bodyListedMax} characters.`,
    query,
    answer: z.object({ letters: z.array(told), total: z.int() }),
  },
  answer: async (request) => {
    const { limit } = parseQuery(query, request.url, ['limit']);
    const { letters, total } = await request.needs.dead.list({ namespaces: toNamespaces(request), limit });
    const shown = letters.map((letter) => ({ ...letter, body: letter.body.slice(0, bodyListedMax) }));
    sendValue(request.res, 200, { letters: shown, total });
  },
};

export const deadLetter: Resource = {
  method: 'GET',
  path: '/dead/:id',
  scope: 'events:read',
  docs: { summary: 'Show one dead letter', answer: told },
  answer: async (request) => sendValue(request.res, 200, await find(request)),
};

export const retryDeadLetter: Resource = {
  method: 'POST',
  path: '/dead/:id/retry',
  scope: 'node:control',
  docs: {
    summary: 'Send its message again',
    answer: z.object({ id: z.int(), stream: z.string(), sequence: z.int() }),
  },
  answer: async (request) => {
    const letter = await find(request);
    sendValue(request.res, 200, {
      id: letter.id,
      ...(await request.needs.dead.retry(letter, request.principal)),
    });
  },
};

export const dropDeadLetter: Resource = {
  method: 'POST',
  path: '/dead/:id/drop',
  scope: 'node:control',
  docs: { summary: 'Drop a dead letter', answer: z.object({ id: z.int(), dropped: z.boolean() }) },
  answer: async (request) => {
    const letter = await find(request);
    const dropped = await request.needs.dead.drop(letter, request.principal);
    if (!dropped) throw unknown(request.id);
    sendValue(request.res, 200, { id: letter.id, dropped });
  },
};

/** Somebody else's letter and none at all are the same to a caller. */
async function find(request: RestRequest): Promise<DeadLetterView> {
  const id = /^[1-9]\d{0,14}$/.test(request.id) ? Number(request.id) : undefined;
  const letter = id === undefined ? undefined : await request.needs.dead.get(id);
  if (letter === undefined || !toNamespaces(request).includes(letter.actor.namespace))
    throw unknown(request.id);
  return letter;
}

function toNamespaces({ namespace, principal }: RestRequest): readonly string[] {
  return principal.local && namespace !== systemNamespace ? [namespace, systemNamespace] : [namespace];
}

function unknown(id: string): DreyError {
  return new DreyError(
    'dead_letter_unknown',
    `there is no dead letter ${id.slice(0, 40)} in this namespace; see the list at /api/v1/dead`,
  );
}
