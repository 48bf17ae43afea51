/**
 * What a session is doing now, for lists: its calls in flight and the last one that ended. It is a note beside the
 * actor, kept in memory; what happened is told by events.
 */
import { Pending } from '../../../machines/words/pending.ts';
import { toIso } from '../clock.ts';

export interface RunningCall {
  readonly callId: string;
  readonly name: string;
  readonly since: string;
}

export interface EndedCall {
  readonly callId: string;
  readonly name: string;
  readonly at: string;
  readonly outcome: 'finished' | 'error' | 'failed' | 'refused';
}

export interface SessionDoing {
  readonly task: {
    readonly taskId: string;
    readonly task: string;
    readonly source: string;
    readonly since: string;
    readonly calls: number;
  } | null;
  readonly calls: readonly RunningCall[];
  readonly lastCall: EndedCall | null;
  /** Null while a call is in flight. */
  readonly idleSince: string | null;
}

/** The notes of one session; as many calls as it may have in flight. */
export class CallNotes {
  readonly #running = new Pending<{ readonly name: string; readonly at: number }>();
  #last: { callId: string; name: string; at: number; outcome: EndedCall['outcome'] } | null = null;

  begin(callId: string, name: string, at: number): void {
    this.#running.set(callId, { name, at });
  }

  end(callId: string, name: string, end: { at: number; outcome: string; isError: boolean }): void {
    this.#running.delete(callId);
    const { at, isError } = end;
    const outcome = isError ? 'error' : (end.outcome as EndedCall['outcome']);
    this.#last = { callId, name, at, outcome };
  }

  get running(): readonly RunningCall[] {
    return this.#running.entries().map(([callId, { name, at }]) => ({ callId, name, since: toIso(at) }));
  }

  get last(): EndedCall | null {
    return this.#last === null ? null : { ...this.#last, at: toIso(this.#last.at) };
  }
}
