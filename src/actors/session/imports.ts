/**
 * Turns an imported episode into the events that its session would have left: the same `task.*` and `call.*` facts,
 * redacted the same way, with ids that depend on nothing but the source. Importing twice therefore changes nothing.
 */
import type { ImportedCall, ImportedEpisode } from '../../../machines/words/episodes.ts';
import type { EventData } from '../../../machines/words/events.ts';
import { toStableId } from '../../../machines/words/ids.ts';
import { limits } from '../../../machines/words/limits.ts';
import type { Redaction } from '../../access/access.ts';
import { recordValue } from '../../access/access.ts';
import type { ActorName, Announcer } from '../announcer.ts';
import type { Clock } from '../clock.ts';
import { toIso } from '../clock.ts';

export interface ImportOptions {
  readonly namespace: string;
  readonly principal: string;
  readonly announcer: Announcer;
  readonly redactor: Redaction;
  readonly clock: Pick<Clock, 'now'>;
}

/** The ids an imported episode always gets. */
export function toImportedIds(
  namespace: string,
  episode: ImportedEpisode,
): { session: string; taskId: string; episodeId: string } {
  const taskId = toStableId('task', namespace, episode.source, episode.key);
  return {
    session: toStableId('session', namespace, episode.source, episode.key),
    taskId,
    episodeId: toEpisodeId(taskId),
  };
}

/** An episode that belongs to a task has its id from it. */
export function toEpisodeId(taskId: string): string {
  return toStableId('episode', taskId);
}

/** Announces one imported episode; returns how many calls it had. */
export function announceImport(episode: ImportedEpisode, options: ImportOptions): number {
  const { namespace, announcer, clock } = options;
  const { session, taskId } = toImportedIds(namespace, episode);
  const actor: ActorName = { namespace, kind: 'session', id: session };
  const startedAt = toInstant(episode.startedAt ?? episode.calls[0]?.at) ?? toIso(clock.now());
  const task = options.redactor.in(namespace).redactText(episode.task).slice(0, limits.taskTextMax);
  announcer.announce(
    'task.started',
    actor,
    { taskId, task, principal: options.principal, source: 'import' },
    { id: `${taskId}:started`, at: startedAt, correlation: taskId },
  );
  const calls = episode.calls.slice(0, limits.episodeCallsMax);
  let at = startedAt;
  for (const [index, call] of calls.entries()) {
    at = toInstant(call.at) ?? at;
    announceCall(call, {
      ...options,
      actor,
      taskId,
      callId: toStableId('call', taskId, call.id ?? String(index)),
      at,
    });
  }
  announcer.announce(
    'task.finished',
    actor,
    { taskId, outcome: episode.outcome, calls: calls.length },
    { id: `${taskId}:finished:${episode.outcome}:${calls.length}`, at, correlation: taskId },
  );
  return calls.length;
}

interface ImportedCallPlace extends ImportOptions {
  readonly actor: ActorName;
  readonly taskId: string;
  readonly callId: string;
  readonly at: string;
}

function announceCall(call: ImportedCall, place: ImportedCallPlace): void {
  const redactor = place.redactor.in(place.namespace);
  const result: EventData<'call.finished'>['result'] = recordValue(call.result, redactor);
  place.announcer.announce(
    'call.finished',
    place.actor,
    {
      callId: place.callId,
      principal: place.principal,
      taskId: place.taskId,
      server: (call.server ?? '').slice(0, 100),
      tool: call.tool.slice(0, 300),
      name: (call.server ? `${call.server}__${call.tool}` : call.tool).slice(0, 300),
      args: recordValue(call.args, redactor),
      startedAt: place.at,
      durationMs: 0,
      imported: true,
      result,
      isError: call.error,
    },
    { id: place.callId, at: place.at, correlation: place.taskId },
  );
}

function toInstant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : toIso(ms);
}
