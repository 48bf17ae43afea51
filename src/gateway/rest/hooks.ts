/** `POST /hooks`: one event of a client's hook; the answer is what its agent may be told. */
import { HookEvent } from '../hook-calls.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody } from './resource.ts';
import type { Resource } from './resource.ts';

/** Bytes of one event: a tool's result may be in it. */
export const hookBytesMax = 1024 * 1024;

export const hooks: Resource = {
  method: 'POST',
  path: '/hooks',
  scope: 'task:write',
  answer: async ({ hooks: conversations, req, res, namespace, principal: own }) => {
    const event = await parseJsonBody(HookEvent, req, hookBytesMax);
    const principal = namespace === own.namespace ? own : { ...own, namespace };
    const { context } = await conversations.take(event, principal);
    sendValue(res, 200, { context: context ?? null });
  },
};
