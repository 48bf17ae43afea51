/** Events as rows: what happened again and again in the same way is one row with its count, so that it hides nothing else. Pure. */
import { toSummary } from '../../node/summary.ts';
import type { ToldEvent } from '../../node/told.ts';

export interface FoldedEvent {
  /** The newest of them. */
  readonly event: ToldEvent;
  readonly times: number;
}

/** Folds events, the newest first, to so many rows at most; tasks and calls that went well stay single. */
export function toFolded(events: readonly ToldEvent[], max: number): readonly FoldedEvent[] {
  const rows = new Map<string, { event: ToldEvent; times: number }>();
  for (const event of events) {
    const key = toKey(event);
    const row = rows.get(key);
    if (row !== undefined) row.times += 1;
    else if (rows.size < max) rows.set(key, { event, times: 1 });
  }
  return [...rows.values()];
}

/** How long something took makes it no other thing. */
function toKey(event: ToldEvent): string {
  const { namespace, actor, type, id, at, data } = event;
  const isSingle = type.startsWith('task.') || (type === 'call.finished' && data?.['isError'] !== true);
  if (isSingle) return `${id} ${at}`;
  const { durationMs: _took, ...told } = { ...data };
  return [namespace, actor.kind, actor.id, type, toSummary({ ...event, data: told })].join(' ');
}
