/** `POST /hooks`: one event of a client's hook; the answer is what its agent may be told. */
import { z } from 'zod';
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
  docs: {
    summary: "Tell one event of a client's hook",
    body: HookEvent,
    answer: z.object({ context: z.string().nullable().describe('What the agent may be told.') }),
    example: { hook_event_name: 'UserPromptSubmit', session_id: 'c-1', prompt: 'fix the build' },
  },
  answer: async ({ hooks: conversations, req, res, namespace, principal: own }) => {
    const event = await parseJsonBody(HookEvent, req, hookBytesMax);
    const principal = namespace === own.namespace ? own : { ...own, namespace };
    const { context } = await conversations.take(event, principal, () => !res.destroyed);
    sendValue(res, 200, { context: context ?? null });
  },
};
