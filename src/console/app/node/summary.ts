/** One line that says what an event tells; only facts that are in it. */
import { toMs } from '../parts/shown-text.ts';
import type { ToldEvent } from './told.ts';

/** Actors whose id is their name. */
const namedKinds = new Set(['resource', 'breaker', 'worker']);

/** The line of an event. */
export function toSummary({ data, actor }: ToldEvent): string {
  const { name, tool, task, durationMs, trigger, message, code, reason, to, from, outcome, isError } =
    data ?? {};
  const { who, helpful } = data ?? {};
  const own = namedKinds.has(actor.kind) ? actor.id.replace(/^\w-/, '') : undefined;
  const named = [name, tool, task, trigger, own].find((one) => typeof one === 'string');
  const parts = [
    named,
    toEdge(from, to),
    typeof helpful === 'boolean' ? (helpful ? 'it helped' : 'it did not help') : undefined,
    typeof outcome === 'string' ? outcome : undefined,
    isError === true ? 'answered with an error' : undefined,
    typeof code === 'string' ? code : undefined,
    typeof message === 'string' ? message : reason,
    typeof who === 'string' ? `by ${who}` : undefined,
    typeof durationMs === 'number' ? toMs(durationMs) : undefined,
  ].filter((one) => typeof one === 'string' && one !== '');
  return parts.length > 0 ? parts.join(' · ') : `${actor.kind} ${actor.id}`;
}

function toEdge(from: unknown, to: unknown): string | undefined {
  if (typeof from !== 'string' || typeof to !== 'string') return undefined;
  return from === to ? `still ${to}` : `${from} → ${to}`;
}
