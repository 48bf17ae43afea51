/**
 * The node as it sees itself: what `drey status`, the console and the demo show. It is put together from the boards and
 * from figures that are read when asked; nothing is kept here.
 */
import type { Health } from '../../../machines/health.store.ts';
import type { Announcer, Boards, Clock, Resource, Sessions } from '../../actors/actors.ts';
import type { EventLog } from '../../wire/wire.ts';
import type { Backends } from '../backends.ts';
import type { ConfigState } from '../reload.ts';
import type { LearnerProcess } from '../learner/learner-process.ts';

export interface StatusOptions {
  readonly version: string;
  readonly url: () => string;
  readonly state: () => string;
  readonly uptimeMs: () => number;
  readonly boards: Boards;
  /** Where the bus is, for people with a client of their own. */
  readonly nats: Backends['nats'];
  /** Brings the boards up to date in what nobody tells by itself. */
  readonly refresh: () => Promise<void>;
  readonly sessions: Pick<Sessions, 'size'>;
  readonly eventLog: Pick<EventLog, 'figures'>;
  readonly announcer: Pick<Announcer, 'unrecorded'>;
  readonly learner: Pick<Resource<LearnerProcess>, 'current'> | undefined;
  readonly config: () => ConfigState;
  readonly clock: Pick<Clock, 'now'>;
}

type Facts = Readonly<Record<string, unknown>>;

/** Creates the function that reads it. */
export function createStatus(options: StatusOptions): () => Promise<Facts> {
  const { boards, clock, sessions, learner } = options;
  return async () => {
    await options.refresh();
    const { learning, ...health } = toHealthFacts(boards, clock);
    const { pid = null, rssBytes = null } = learner?.current ?? {};
    return {
      version: options.version,
      url: options.url(),
      pid: process.pid,
      state: options.state(),
      uptimeSeconds: Math.round(options.uptimeMs() / 1_000),
      ...health,
      config: options.config(),
      nats: options.nats(),
      sessions: sessions.size,
      events: readEvents(options),
      learning: { ...learning, pid, rssBytes },
      memory: { rssBytes: process.memoryUsage().rss },
    };
  };
}

interface HealthFacts extends Facts {
  readonly learning: Facts;
}

/** What the boards say, as it is told outside; the same for those who ask and for those who follow. */
export function toHealthFacts(boards: Boards, clock: Pick<Clock, 'now'>): HealthFacts {
  const { version, changedAt, resources, breakers, learner, lag, missing } = boards.health.read();
  return {
    health: { version, changedAt: toTime(changedAt) },
    resources: Object.values(resources),
    breakers: Object.values(breakers).map(({ id, state, retryAt }) => ({
      id,
      state,
      retryAfterMs: retryAt === null ? null : Math.max(0, retryAt - clock.now()),
    })),
    learning: toLearningFacts(learner),
    lag,
    missing,
    catalogue: toCatalogueFacts(boards),
  };
}

function toLearningFacts({
  engineStatus,
  intake,
  lastRunAt,
  behind,
  learners,
  held,
  workers,
}: Health['learner']): Facts {
  const figures = { behind, learners, held, workers };
  return { engine_status: engineStatus, intake, last_learning_run: lastRunAt, ...figures };
}

function toCatalogueFacts({ catalogue }: Boards): Facts {
  const { version, changedAt, tools, held } = catalogue.read();
  const stale = tools.filter((tool) => tool.stale).length;
  return { version, changedAt: toTime(changedAt), tools: tools.length, stale, held: held.length };
}

function readEvents({ eventLog, announcer }: StatusOptions): Facts {
  const figures = eventLog.figures();
  return { ...figures, published: figures.appended - figures.waiting, unrecorded: announcer.unrecorded };
}

function toTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
