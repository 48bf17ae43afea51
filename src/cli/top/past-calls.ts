/** The calls of the last minutes, read out of the events that are stored now. Its memory is bounded however many there were. */
import type { IncomingMessage } from 'node:http';
import { toStreamItems } from '../event-stream.ts';
import type { NodeClient } from '../node-client.ts';
import { EventView } from '../views/answers.ts';

export interface PastCall {
  readonly atMs: number;
  readonly tookMs: number;
  readonly failed: boolean;
}

/** Calls kept; of more the newest. */
const callsMax = 20_000;

/** The oldest first; refused calls took no time and are left out. */
export async function readPastCalls(
  client: NodeClient,
  { namespace, since }: { readonly namespace: string | undefined; readonly since: number },
): Promise<readonly PastCall[]> {
  const query = { namespace, topic: 'tool', until: 'now', since: new Date(since).toISOString() };
  const stream: IncomingMessage = await client.follow('/events', query);
  const calls: PastCall[] = [];
  for await (const item of toStreamItems(stream as AsyncIterable<Buffer>)) {
    const call = item.kind === 'message' ? toCall(item.data) : undefined;
    if (call === undefined) continue;
    calls.push(call);
    if (calls.length > 2 * callsMax) calls.splice(0, calls.length - callsMax);
  }
  return calls.slice(-callsMax);
}

function toCall(text: string): PastCall | undefined {
  const event = EventView.safeParse(parseJson(text));
  if (!event.success) return undefined;
  const { type, at, data } = event.data;
  const { durationMs, isError, imported } = data;
  const atMs = Date.parse(at);
  if (!/^call\.(?:finished|failed)$/.test(type) || imported === true || Number.isNaN(atMs)) return undefined;
  if (typeof durationMs !== 'number') return undefined;
  return { atMs, tookMs: durationMs, failed: type === 'call.failed' || isError === true };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
