/** Events become episodes: by task, by silence, by the session's end; in whatever batches they come. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../../machines/words/events.ts';
import { toEpisodeId } from '../../../src/actors/session/imports.ts';
import { createAssembly, silenceMs } from '../../../src/actors/workers/assemble.ts';
import type { ArchivedCall, EpisodeDraft } from '../../../src/store/store.ts';

const start = Date.UTC(2026, 0, 1);

/** What happens in a session, in short; `minute` is when. */
type Happening =
  | {
      readonly what: 'started' | 'told';
      readonly session: string;
      readonly task: string;
      readonly minute: number;
    }
  | { readonly what: 'call'; readonly session: string; readonly task: string | null; readonly minute: number }
  | { readonly what: 'closed' | 'expired'; readonly session: string; readonly minute: number };

const recorded = { hash: 'h', sizeBytes: 2, shape: 'object', cut: false, value: {} } as const;

function toEvent(happening: Happening, n: number): AnyEvent {
  const { session, what } = happening;
  const at = new Date(start + happening.minute * 60_000).toISOString();
  const frame = {
    id: `v-${n}`,
    at,
    namespace: 'acme',
    actor: { kind: 'session', id: session },
    version: 1,
  } as const;
  switch (what) {
    case 'started': {
      const data = {
        taskId: happening.task,
        task: `do ${happening.task}`,
        principal: 'ada',
        source: 'task',
      } as const;
      return { ...frame, type: 'task.started', data };
    }
    case 'told':
      return { ...frame, type: 'task.finished', data: { taskId: happening.task, outcome: 'success' } };
    case 'call': {
      const data = {
        callId: `k-${n}`,
        principal: 'ada',
        taskId: happening.task,
        server: 'fs',
        tool: 'read',
        name: 'fs__read',
        args: recorded,
        result: recorded,
        startedAt: at,
        durationMs: 1,
        imported: false,
        isError: false,
      };
      return { ...frame, type: 'call.finished', data };
    }
    default:
      return { ...frame, type: what === 'closed' ? 'session.closed' : 'session.expired', data: {} };
  }
}

/** An archive in memory that answers as the store does: open drafts of the sessions, and those of the tasks named. */
class Archive {
  readonly drafts = new Map<string, EpisodeDraft>();
  readonly calls = new Map<string, ArchivedCall>();
  readonly taken = new Set<string>();

  take(events: readonly AnyEvent[]): void {
    const fresh = events.filter((event) => !this.taken.has(event.id));
    const sessions = new Set(fresh.map((event) => event.actor.id));
    const named = new Set(
      fresh.flatMap(({ data }) => ('taskId' in data && data.taskId ? [toEpisodeId(data.taskId)] : [])),
    );
    const known = [...this.drafts.values()]
      .filter((draft) => (draft.end === 'open' && sessions.has(draft.session)) || named.has(draft.episodeId))
      .map((draft) => ({ ...draft, calls: this.#count(draft.episodeId) }))
      .sort((a, b) => (`${a.startedAt} ${a.episodeId}` < `${b.startedAt} ${b.episodeId}` ? -1 : 1));
    const assembly = createAssembly(known);
    for (const event of fresh) {
      assembly.apply(event);
      this.taken.add(event.id);
    }
    for (const draft of assembly.episodes) this.drafts.set(draft.episodeId, { ...draft });
    for (const call of assembly.calls) if (!this.calls.has(call.callId)) this.calls.set(call.callId, call);
  }

  #count(episodeId: string): number {
    return [...this.calls.values()].filter((call) => call.episodeId === episodeId).length;
  }

  content() {
    const byId = (a: { readonly episodeId: string }, b: { readonly episodeId: string }) =>
      a.episodeId < b.episodeId ? -1 : 1;
    return {
      drafts: [...this.drafts.values()].sort(byId),
      calls: [...this.calls.values()].sort((a, b) => (a.callId < b.callId ? -1 : 1)),
    };
  }
}

const fold = (happenings: readonly Happening[]): Archive => {
  const archive = new Archive();
  archive.take(happenings.map(toEvent));
  return archive;
};
const summary = (happenings: readonly Happening[]) =>
  [...fold(happenings).drafts.values()].map(({ task, end, calls }) => `${task || '-'} ${end} ${calls}`);

const s = 's-1';
const call = (minute: number, task: string | null = null): Happening => ({
  what: 'call',
  session: s,
  task,
  minute,
});

const happenings = fc
  .array(
    fc.record({
      what: fc.constantFrom('started', 'told', 'call', 'call', 'call', 'closed', 'expired'),
      session: fc.constantFrom('s-1', 's-2'),
      task: fc.constantFrom('t-1', 't-2', 't-3', null),
      pause: fc.constantFrom(0, 1, 5, 11),
    }),
    { maxLength: 30 },
  )
  .map((list) => {
    let minute = 0;
    return list.map(({ what, session, task, pause }): Happening => {
      minute += pause;
      // A task belongs to one session for good.
      const own = task === null ? null : `${task}-${session}`;
      if (what === 'call') return { what, session, task: own, minute };
      if (what === 'started' || what === 'told')
        return { what, session, task: own ?? `t-0-${session}`, minute };
      return { what: what as 'closed', session, minute };
    });
  });

describe('events', () => {
  it('of a task become one episode, with the outcome that was told', () => {
    const archive = fold([
      { what: 'started', session: s, task: 't-1', minute: 0 },
      call(1, 't-1'),
      call(2, 't-1'),
      { what: 'told', session: s, task: 't-1', minute: 3 },
    ]);
    expect([...archive.drafts.values()]).toMatchObject([
      {
        episodeId: toEpisodeId('t-1'),
        task: 'do t-1',
        outcome: 'success',
        end: 'told',
        principal: 'ada',
        calls: 2,
      },
    ]);
    expect([...archive.calls.values()].map(({ position }) => position)).toEqual([0, 1]);
  });

  it('of a task that gives way to the next end it', () => {
    const events: Happening[] = [
      { what: 'started', session: s, task: 't-1', minute: 0 },
      call(1, 't-1'),
      { what: 'started', session: s, task: 't-2', minute: 2 },
      call(3, 't-2'),
    ];
    expect(summary(events)).toEqual(['do t-1 next_task 1', 'do t-2 open 1']);
  });

  it('of a task that come late still belong to it', () => {
    const events: Happening[] = [
      { what: 'started', session: s, task: 't-1', minute: 0 },
      call(1, 't-1'),
      { what: 'told', session: s, task: 't-1', minute: 2 },
      { what: 'started', session: s, task: 't-2', minute: 3 },
      call(4, 't-1'),
    ];
    expect(summary(events)).toEqual(['do t-1 told 2', 'do t-2 open 0']);
  });

  it('whose session nobody gave a task are one episode until there is silence or an end', () => {
    expect(summary([call(0), call(5), call(14)])).toEqual(['- open 3']);
    expect(summary([call(0), call(10), call(21)])).toEqual(['- silence 2', '- open 1']);
    expect(summary([call(0), { what: 'closed', session: s, minute: 1 }])).toEqual(['- session_end 1']);
    expect(summary([call(0), { what: 'expired', session: s, minute: 40 }])).toEqual(['- session_end 1']);
    expect(silenceMs).toBe(600_000);
  });

  it('before a task and after it are episodes of their own', () => {
    const events: Happening[] = [
      call(0),
      { what: 'started', session: s, task: 't-1', minute: 1 },
      call(2, 't-1'),
      { what: 'told', session: s, task: 't-1', minute: 3 },
      call(4),
    ];
    expect(summary(events)).toEqual(['- next_task 1', 'do t-1 told 1', '- open 1']);
  });

  it('of different sessions never mix', () => {
    expect(summary([call(0), { what: 'call', session: 's-2', task: null, minute: 0 }, call(1)])).toEqual([
      '- open 2',
      '- open 1',
    ]);
  });

  it('that end a task nobody knows are passed over', () => {
    expect(summary([{ what: 'told', session: s, task: 't-9', minute: 0 }])).toEqual([]);
  });

  it('give the same episodes in batches of any size, delivered twice or not', () => {
    fc.assert(
      fc.property(happenings, fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 30 }), (list, sizes) => {
        const events = list.map(toEvent);
        const archive = new Archive();
        for (let from = 0, at = 0; from < events.length; at += 1) {
          const size = sizes[at] ?? 3;
          archive.take(events.slice(Math.max(0, from - 2), from + size));
          from += size;
        }
        expect(archive.content()).toEqual(fold(list).content());
        archive.take(events);
        expect(archive.content()).toEqual(fold(list).content());
      }),
      { numRuns: 500 },
    );
  });

  it('lose no call, and leave at most one episode open in each session', () => {
    fc.assert(
      fc.property(happenings, (list) => {
        const { drafts, calls } = fold(list).content();
        expect(calls).toHaveLength(list.filter(({ what }) => what === 'call').length);
        const open = drafts.filter((draft) => draft.end === 'open').map((draft) => draft.session);
        expect(new Set(open).size).toBe(open.length);
        for (const draft of drafts) {
          const own = calls.filter((one) => one.episodeId === draft.episodeId);
          expect(own.map((one) => one.position).sort((a, b) => a - b)).toEqual(own.map((_, at) => at));
          expect(draft.startedAt <= draft.endedAt).toBe(true);
        }
      }),
    );
  });
});
