/** Which events may be learned from: those of pauses, and of whom people want left out, may not. A pure decision. */
import type { AnyEvent } from '../../../machines/words/events.ts';
import type { LearningExclusion, LearningRules } from '../../store/store.ts';

/** Tells what may be learned from, and remembers tasks that pauses cut into. */
export interface Sieve {
  isLearnable(event: AnyEvent): boolean;
  /** Tasks of which something fell into a pause: half of a task would teach the wrong thing. */
  readonly cut: readonly LearningExclusion[];
}

/** Endings concern only what was learned before: they always pass. */
const endings: ReadonlySet<string> = new Set([
  'task.finished',
  'session.closed',
  'session.expired',
  'episode.forgotten',
  'episode.retried',
]);

/** Creates it for one namespace's rules. */
export function createSieve({ pauses, exclusions }: LearningRules): Sieve {
  const out = new Map(exclusions.map((one) => [`${one.kind}/${one.id}`, one.until]));
  const cut = new Map<string, LearningExclusion>();
  const isOut = (kind: LearningExclusion['kind'], id: string, at: string): boolean => {
    const until = out.get(`${kind}/${id}`);
    return until === null || (until !== undefined && at <= until);
  };
  return {
    get cut() {
      return [...cut.values()];
    },
    isLearnable(event) {
      if (endings.has(event.type)) return true;
      const { principal, taskId } = toOrigin(event);
      const at = toMoment(event);
      if (isOut('session', event.actor.id, at) || isOut('principal', principal, at)) return false;
      if (taskId !== null && (isOut('task', taskId, at) || cut.has(taskId))) return false;
      const isPaused = pauses.some(
        ({ beganAt, endedAt }) => at >= beganAt && (endedAt === null || at < endedAt),
      );
      if (isPaused && taskId !== null) cut.set(taskId, { kind: 'task', id: taskId, until: null });
      return !isPaused;
    },
  };
}

/** Ids by which events could be left out. */
export function toExcludableIds(events: readonly AnyEvent[]): readonly string[] {
  const ids = new Set<string>();
  for (const event of events) {
    const { principal, taskId } = toOrigin(event);
    for (const id of [event.actor.id, principal, taskId]) if (id !== null && id !== '') ids.add(id);
  }
  return [...ids];
}

function toOrigin({ data }: AnyEvent): { readonly principal: string; readonly taskId: string | null } {
  const principal = 'principal' in data && typeof data.principal === 'string' ? data.principal : '';
  return { principal, taskId: 'taskId' in data ? data.taskId : null };
}

/** A call counts as of its beginning, as in the archive. */
function toMoment(event: AnyEvent): string {
  return 'startedAt' in event.data ? event.data.startedAt : event.at;
}
