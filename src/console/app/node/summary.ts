/** One line that says what an event tells; only facts that are in it. */
import { toMs } from '../parts/shown-text.ts';
import type { ToldEvent } from './told.ts';

/** The line of an event. */
export function toSummary({ data, actor }: ToldEvent): string {
  const { name, tool, task, durationMs, trigger, message, code, reason, to, from, outcome, isError } =
    data ?? {};
  const { who, helpful } = data ?? {};
  const named = [name, tool, task, trigger].find((one) => typeof one === 'string');
  const parts = [
    named,
    typeof from === 'string' && typeof to === 'string'
      ? from === to
        ? `still ${to}`
        : `${from} → ${to}`
      : undefined,
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
