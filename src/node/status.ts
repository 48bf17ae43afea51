/** The node as it sees itself: what `drey status`, the console and the demo show. Facts only, read when asked. */
import type { Announcer, Resource, Sessions, Upstreams } from '../actors/actors.ts';
import type { EventLog } from '../wire/wire.ts';
import type { Backends } from './backends.ts';
import type { LearnerProcess } from './learner-process.ts';
import { askEngine } from './serving.ts';

export interface StatusOptions {
  readonly version: string;
  readonly url: () => string;
  readonly state: () => string;
  readonly uptimeMs: () => number;
  readonly backends: Backends;
  readonly upstreams: Upstreams;
  readonly sessions: Sessions;
  readonly eventLog: EventLog;
  readonly announcer: Announcer;
  readonly learner: Resource<LearnerProcess> | undefined;
}

/** Creates the function that reads it. */
export function createStatus(options: StatusOptions): () => Promise<Readonly<Record<string, unknown>>> {
  const { backends, upstreams, sessions, eventLog, announcer, learner } = options;
  return async () => {
    const engine = await askEngine(backends.wire);
    const figures = eventLog.figures();
    return {
      version: options.version,
      url: options.url(),
      pid: process.pid,
      state: options.state(),
      uptimeSeconds: Math.round(options.uptimeMs() / 1_000),
      resources: [
        ...backends.resources(),
        ...upstreams.resources(),
        ...(learner === undefined ? [] : [learner.view()]),
      ],
      breakers: upstreams.breakers(),
      sessions: sessions.size,
      events: { ...figures, published: figures.appended - figures.waiting, unrecorded: announcer.unrecorded },
      learning: {
        engine_status: engine?.engineStatus ?? 'unavailable',
        intake: engine?.intake ?? null,
        last_learning_run: engine?.lastRunAt ?? null,
        behind: engine?.behind ?? null,
        workers: engine?.workers ?? [],
        pid: learner?.current?.pid ?? null,
        rssBytes: learner?.current?.rssBytes ?? null,
      },
      memory: { rssBytes: process.memoryUsage().rss },
    };
  };
}
