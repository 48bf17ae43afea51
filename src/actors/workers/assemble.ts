/**
 * Folds events into episodes: which call belongs to which task, and when an episode ends. A pure function of the open
 * episodes and the events in stream order, so the same log always gives the same episodes; times come from events only.
 */
import type { EpisodeEnd } from '../../../machines/words/episodes.ts';
import type { AnyEvent, DreyEvent } from '../../../machines/words/events.ts';
import { toStableId } from '../../../machines/words/ids.ts';
import { toLearnedResult } from '../../access/access.ts';
import type { ArchivedCall, EpisodeDraft } from '../../store/store.ts';
import { toEpisodeId } from '../session/imports.ts';

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
  /** The calls since it was last asked, which are then let go: for logs that do not fit into memory. */
  takeCalls(): readonly ArchivedCall[];
}

/** Begins with the episodes that are still open for the sessions, or that belong to the tasks, of the events to come. */
export function createAssembly(known: readonly EpisodeDraft[]): Assembly {
  return new Folding(known);
}

class Folding implements Assembly {
  readonly calls: ArchivedCall[] = [];
  readonly #byId = new Map<string, Draft>();
  readonly #openBySession = new Map<string, Draft>();
  readonly #changed = new Set<Draft>();

  constructor(known: readonly EpisodeDraft[]) {
    for (const draft of known) {
      const episode = { ...draft };
      this.#byId.set(episode.episodeId, episode);
      if (episode.end === 'open') this.#openBySession.set(placeOf(episode), episode);
    }
  }

  get episodes(): readonly EpisodeDraft[] {
    return [...this.#changed];
  }

  takeCalls(): readonly ArchivedCall[] {
    return this.calls.splice(0);
  }

  apply(event: AnyEvent): void {
    switch (event.type) {
      case 'task.started': {
        const episode = this.#ofTask(event, event.data.taskId, event.data.principal);
        episode.task = event.data.task;
        if (event.at < episode.startedAt) episode.startedAt = event.at;
        this.#changed.add(episode);
        return;
      }
      case 'task.finished': {
        // Without its beginning (the stream may have forgotten it) nobody knows whose it was, and it has no calls.
        const episode = this.#byId.get(toEpisodeId(event.data.taskId));
        if (episode === undefined) return;
        episode.outcome = event.data.outcome;
        if (event.at > episode.endedAt) episode.endedAt = event.at;
        this.#close(episode, event.data.notes === silenceNote ? 'silence' : 'told');
        return;
      }
      case 'call.finished':
      case 'call.failed':
      case 'call.refused':
        this.#addCall(event);
        return;
      case 'session.closed':
      case 'session.expired': {
        const current = this.#openBySession.get(placeOf({ ...event, session: event.actor.id }));
        if (current) this.#close(current, 'session_end');
        return;
      }
      default:
        return;
    }
  }

  #addCall(event: CallEvent): void {
    const episode = this.#ofCall(event);
    this.calls.push(toCallDraft(event, episode.episodeId, episode.calls));
    episode.calls += 1;
    if (event.at > episode.endedAt) episode.endedAt = event.at;
    this.#changed.add(episode);
  }

  #ofTask(event: AnyEvent, taskId: string, principal: string): Draft {
    const episodeId = toEpisodeId(taskId);
    return this.#byId.get(episodeId) ?? this.#open(createDraft(event, episodeId, taskId, principal));
  }

  #ofCall(event: CallEvent): Draft {
    const { taskId, principal, callId, startedAt } = event.data;
    if (taskId !== null) return this.#ofTask(event, taskId, principal);
    const current = this.#openBySession.get(placeOf({ ...event, session: event.actor.id }));
    const isSilent = current !== undefined && Date.parse(startedAt) - Date.parse(current.endedAt) > silenceMs;
    if (current && isSilent) this.#close(current, 'silence');
    if (current && !isSilent && current.taskId === null) return current;
    const episodeId = toStableId('episode', event.namespace, event.actor.id, callId);
    return this.#open(createDraft(event, episodeId, null, principal));
  }

  #open(episode: Draft): Draft {
    const before = this.#openBySession.get(placeOf(episode));
    if (before) this.#close(before, 'next_task');
    this.#byId.set(episode.episodeId, episode);
    this.#openBySession.set(placeOf(episode), episode);
    this.#changed.add(episode);
    return episode;
  }

  #close(episode: Draft, end: EpisodeEnd): void {
    episode.end = end;
    if (this.#openBySession.get(placeOf(episode)) === episode) this.#openBySession.delete(placeOf(episode));
    this.#changed.add(episode);
  }
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
