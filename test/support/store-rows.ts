/** Rows for tests of the store: whole, valid and small; a test changes the one thing that it is about. */
import type { Episode, EpisodeCall } from '../../machines/words/episodes.ts';
import type { DreyEvent } from '../../machines/words/events.ts';
import { toStableId } from '../../machines/words/ids.ts';
import type { LearnedSop } from '../../machines/words/sops.ts';

const minute = (n: number): string => new Date(Date.UTC(2026, 2, 1, 10, n)).toISOString();

export function session(sessionId: string) {
  return {
    sessionId,
    principal: 'local',
    transport: 'http',
    revision: '2025-11-25',
    client: 'test 1.0',
    node: 'n-1',
    status: 'ready',
    openedAt: minute(0),
    lastSeenAt: minute(0),
    calls: 0,
    capabilities: '',
    wishes: '',
    contextId: '',
  };
}

export function call(callId: string, changes: Partial<EpisodeCall> = {}): EpisodeCall {
  return {
    callId,
    server: 'fs',
    tool: 'read_file',
    name: 'fs__read_file',
    args: { path: '/tmp/a' },
    result: { content: [{ type: 'text', text: 'hello' }] },
    error: false,
    at: minute(0),
    ...changes,
  };
}

export function episode(
  episodeId: string,
  shape: { readonly calls: number; readonly minute: number },
): Episode {
  return {
    episodeId,
    namespace: 'acme',
    principal: 'local',
    session: 's-1',
    task: 'read a file',
    outcome: 'success',
    end: 'told',
    startedAt: minute(shape.minute),
    endedAt: minute(shape.minute + 1),
    calls: Array.from({ length: shape.calls }, (_, n) => call(`k-${episodeId}-${n}`)),
  };
}

export function sop(namespace: string, n: number, changes: Partial<LearnedSop> = {}): LearnedSop {
  return {
    sopId: toStableId('sop', namespace, String(n)),
    namespace,
    trigger: `do thing number ${n}`,
    steps: ['1. fs__read_file: path from the task'],
    procedure: [
      {
        tool: 'fs__read_file',
        optional: false,
        repeated: false,
        alternatives: [],
        support: 1,
        args: { path: { from: 'task', selector: 'path', support: 0.9 } },
      },
    ],
    status: 'active',
    confidence: 0.8,
    occurrences: 3,
    evidence: [],
    pitfalls: [{ tool: 'fs__read_file', failedTimes: 1, recoveredBy: null }],
    triggerFrom: 'task',
    wordings: [`please do thing ${n}`],
    firstSeenAt: minute(0),
    lastSeenAt: minute(5),
    ...changes,
  };
}

export function event(namespace: string, id: string): DreyEvent {
  return {
    id,
    type: 'session.closed',
    at: minute(0),
    namespace,
    actor: { kind: 'session', id: 's-1' },
    version: 1,
    data: { reason: 'ended' },
  };
}
