/** The node as it sees itself: what `drey status`, the console and the demo show. Facts only, read when asked. */
import type { Announcer, EngineReport, Resource, Sessions, Upstreams } from '../actors/actors.ts';
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
  const { backends, upstreams, sessions, learner } = options;
  return async () => ({
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
    nats: backends.nats(),
    breakers: upstreams.breakers(),
    sessions: sessions.size,
    events: readEvents(options),
    learning: readLearning(await askEngine(backends.wire), learner?.current),
    memory: { rssBytes: process.memoryUsage().rss },
  });
}

function readEvents({ eventLog, announcer }: StatusOptions): object {
  const figures = eventLog.figures();
  return { ...figures, published: figures.appended - figures.waiting, unrecorded: announcer.unrecorded };
}

/** An engine that does not answer is unavailable; nothing else is known of it then. */
function readLearning(engine: EngineReport | null, learner: LearnerProcess | undefined): object {
  const here = { pid: learner?.pid ?? null, rssBytes: learner?.rssBytes ?? null };
  if (engine === null)
    return {
      engine_status: 'unavailable',
      intake: null,
      last_learning_run: null,
      behind: null,
      workers: [],
      ...here,
    };
  const { engineStatus, intake, lastRunAt, behind, workers } = engine;
  return { engine_status: engineStatus, intake, last_learning_run: lastRunAt, behind, workers, ...here };
}
