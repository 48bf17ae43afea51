/**
 * Folds events into episodes: which call belongs to which task, and when an episode ends. A pure function of the open
 * episodes and the events in stream order, so the same log always gives the same episodes; times come from events only.
 */
import type { EpisodeEnd } from '../../../machines/words/episodes.ts';
import type { AnyEvent, DreyEvent } from '../../../machines/words/events.ts';
import { toStableId } from '../../../machines/words/ids.ts';
import { toLearnedResult } from '../../access/access.ts';
import type { ArchivedCall, EpisodeDraft } from '../../store/store.ts';
import { toEpisodeId } from '../imports.ts';

/** An episode without a stated task ends after this much silence between two of its calls. */
export const silenceMs = 10 * 60_000;

/** An episode while it is being assembled. */
type Draft = { -readonly [K in keyof EpisodeDraft]: EpisodeDraft[K] };

export interface Assembly {
  /** Takes one event; what does not concern episodes is ignored. */
  apply(event: AnyEvent): void;
  /** Episodes that changed since the assembly began, in the order of their first change. */
  readonly episodes: readonly EpisodeDraft[];
  readonly calls: readonly ArchivedCall[];
}

/** Begins with the episodes that are still open for the sessions, or that belong to the tasks, of the events to come. */
export function createAssembly(known: readonly EpisodeDraft[]): Assembly {
  const byId = new Map(known.map((episode) => [episode.episodeId, { ...episode }]));
  const openBySession = new Map<string, Draft>();
  for (const episode of byId.values())
    if (episode.end === 'open') openBySession.set(placeOf(episode), episode);
  const changed = new Map<string, Draft>();
  const calls: ArchivedCall[] = [];

  const touch = (episode: Draft): Draft => {
    byId.set(episode.episodeId, episode);
    changed.set(episode.episodeId, episode);
    return episode;
  };
  const close = (episode: Draft, end: EpisodeEnd): void => {
    episode.end = end;
    if (openBySession.get(placeOf(episode)) === episode) openBySession.delete(placeOf(episode));
    touch(episode);
  };
  const open = (episode: Draft): Draft => {
    const before = openBySession.get(placeOf(episode));
    if (before && before.episodeId !== episode.episodeId) close(before, 'next_task');
    openBySession.set(placeOf(episode), episode);
    return touch(episode);
  };
  const episodeOfTask = (event: AnyEvent, taskId: string, principal: string): Draft =>
    byId.get(toEpisodeId(taskId)) ?? open(createDraft(event, toEpisodeId(taskId), taskId, principal));

  const episodeOfCall = (event: CallEvent): Draft => {
    const { taskId, principal, callId } = event.data;
    if (taskId !== null) return episodeOfTask(event, taskId, principal);
    const current = openBySession.get(placeOf({ namespace: event.namespace, session: event.actor.id }));
    const silent =
      current !== undefined && Date.parse(event.data.startedAt) - Date.parse(current.endedAt) > silenceMs;
    if (current && silent) close(current, 'silence');
    if (current && !silent && current.taskId === null) return current;
    return open(
      createDraft(event, toStableId('episode', event.namespace, event.actor.id, callId), null, principal),
    );
  };

  return {
    apply(event) {
      switch (event.type) {
        case 'task.started': {
          const episode = episodeOfTask(event, event.data.taskId, event.data.principal);
          episode.task = event.data.task;
          if (event.at < episode.startedAt) episode.startedAt = event.at;
          touch(episode);
          return;
        }
        case 'task.finished': {
          const episode = episodeOfTask(event, event.data.taskId, '');
          episode.outcome = event.data.outcome;
          if (event.at > episode.endedAt) episode.endedAt = event.at;
          close(episode, event.data.notes === silenceNote ? 'silence' : 'told');
          return;
        }
        case 'call.finished':
        case 'call.failed':
        case 'call.refused': {
          const episode = touch(episodeOfCall(event));
          calls.push(toCallDraft(event, episode.episodeId, episode.calls));
          episode.calls += 1;
          if (event.at > episode.endedAt) episode.endedAt = event.at;
          return;
        }
        case 'session.closed':
        case 'session.expired': {
          const current = openBySession.get(placeOf({ namespace: event.namespace, session: event.actor.id }));
          if (current) close(current, 'session_end');
          return;
        }
        default:
          return;
      }
    },
    get episodes() {
      return [...changed.values()];
    },
    get calls() {
      return calls;
    },
  };
}

type CallEvent = DreyEvent<'call.finished'> | DreyEvent<'call.failed'> | DreyEvent<'call.refused'>;

/** The note by which a session says that it ended a task because of silence. */
export const silenceNote = 'silence';

function placeOf(episode: { readonly namespace: string; readonly session: string }): string {
  return `${episode.namespace}/${episode.session}`;
}

function createDraft(
  event: AnyEvent,
  episodeId: string,
  taskId: string | null,
  principal: string,
): EpisodeDraft {
  return {
    episodeId,
    namespace: event.namespace,
    session: event.actor.id,
    taskId,
    principal,
    task: '',
    outcome: 'unknown',
    end: 'open',
    startedAt: event.at,
    endedAt: event.at,
    calls: 0,
  };
}

function toCallDraft(event: CallEvent, episodeId: string, position: number): ArchivedCall {
  const { data } = event;
  const finished = event.type === 'call.finished';
  return {
    callId: data.callId,
    episodeId,
    position,
    server: data.server,
    tool: data.tool,
    name: data.name,
    args: data.args.value ?? data.args.text ?? null,
    result: finished ? toLearnedResult(event.data.result.value ?? event.data.result.text ?? null) : null,
    error: finished ? event.data.isError : true,
    at: data.startedAt,
  };
}
