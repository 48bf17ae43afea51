/**
 * What the gateway is given: sessions, the catalogue, learned procedures, feedback, events and the node's state, put
 * together from actors, store and wire. It decides nothing itself.
 */
import { toPlainError } from '../../machines/words/errors.ts';
import { topics } from '../../machines/words/events.ts';
import type { DreyEvent, EventType } from '../../machines/words/events.ts';
import { createId } from '../../machines/words/ids.ts';
import type { RateProfile } from '../../machines/words/rates.ts';
import type { Tracer } from '../../machines/words/traces.ts';
import type { Redaction } from '../access/access.ts';
import type {
  Announcer,
  Boards,
  Clock,
  Hearing,
  Log,
  NodeContexts,
  Memories,
  Offers,
  Relay,
  Sessions,
  Foresights,
  PatternShelf,
  Shelf,
  ToolTrust,
} from '../actors/actors.ts';
import type { GatewayNeeds, KeysNeed, LearningStatus, ToolRules, WatchingNeeds } from '../gateway/gateway.ts';
import { LearningControls, toIso } from '../actors/actors.ts';
import type { Store } from '../store/store.ts';
import { addInjection, ensureNamespace, getSop, listSops, readLearningFigures } from '../store/store.ts';
import type { Wire } from '../wire/wire.ts';
import type { Closers } from './closers.ts';
import { storeFeedback } from './feedback.ts';
import type { AuditAnchors } from './audit-anchors.ts';
import { createHoldOut } from './hold-out.ts';
import { createInsight } from './insight.ts';
import { createAuditing } from './auditing.ts';
import { createInstants, importEpisodes } from './imports.ts';
import type { ImportOptions } from './imports.ts';
import { createNextSteps } from './next-steps.ts';
import { createPatternMatching } from './pattern-matching.ts';
import { createRateLimiting } from './rate-limiting.ts';
import { createKnowledge } from './knowledge.ts';
import { askEngine } from './learner/ask-engine.ts';
import { createRelearning } from './learner/relearning.ts';
import { toShownSops } from './shown-sops.ts';
import { createToolServing } from './tool-serving.ts';
import type { ReloadReport } from './reload.ts';
import { openTraceIntake } from './telemetry/trace-intake.ts';

export interface ServingOptions {
  readonly version: string;
  readonly wire: Wire;
  readonly store: Store;
  readonly databaseUrl: string;
  readonly learning: { readonly holdOut: number; readonly autoInject: boolean };
  readonly sessions: Sessions;
  readonly seek: GatewayNeeds['sessions']['seek'];
  readonly boards: Boards;
  readonly trust: ToolTrust;
  readonly toolRules: ToolRules;
  readonly unlisted: NonNullable<GatewayNeeds['unlisted']>;
  readonly rateProfile: RateProfile;
  readonly offers: Offers;
  readonly hearing: Hearing;
  readonly shelf: Shelf;
  readonly foresights: Foresights;
  readonly patternShelf: PatternShelf;
  readonly memories: Memories;
  readonly onSopsChanged: (heard: () => void) => () => void;
  readonly relay: Relay;
  readonly contexts: NodeContexts | undefined;
  readonly runs: GatewayNeeds['runs'];
  readonly auditAnchors: AuditAnchors;
  readonly redactor: Redaction;
  readonly announcer: Announcer;
  readonly appendAll: (events: readonly DreyEvent[]) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly tracer: Tracer | undefined;
  readonly watching: WatchingNeeds;
  readonly waiting: () => number;
  readonly closers: Closers;
  readonly admit: GatewayNeeds['admit'];
  readonly authorization: GatewayNeeds['authorization'];
  readonly keys: KeysNeed;
  readonly status: () => Promise<Readonly<Record<string, unknown>>>;
  readonly reload: () => ReloadReport;
  readonly shutdown: () => void;
}

const recentMax = 10;

/** Builds the gateway's needs. */
export function createServing(options: ServingOptions): GatewayNeeds {
  const { boards, store, clock, learning, log, shelf, redactor } = options;
  const instants = createInstants(clock);
  return {
    version: options.version,
    log,
    tracer: options.tracer,
    now: clock.now,
    ids: clock,
    admit: options.admit,
    authorization: options.authorization,
    keys: options.keys,
    sessions: toSessionsNeed(options),
    catalogue: () => boards.catalogue.read(),
    unlisted: options.unlisted,
    toolRules: options.toolRules,
    tools: createToolServing(boards, options.trust),
    onCatalogueChanged: (changed) => boards.catalogue.listen(changed, ({ face }) => face),
    offers: options.offers,
    hearing: options.hearing,
    sops: {
      // As the history was kept: a secret of the question would be a word that nobody knows.
      search: ({ task, ...question }) =>
        shelf.search({ ...question, task: redactor.in(question.namespace).redactText(task) }),
      list: ({ namespace, status, ...filter }) =>
        store.inNamespace(namespace, async (trx) => {
          const statuses =
            status === undefined ? (['active', 'candidate', 'shadow', 'quarantined'] as const) : [status];
          return toShownSops(trx, await listSops(trx, { ...filter, statuses }));
        }),
      async get(namespace, id) {
        return store.inNamespace(namespace, async (trx) => {
          const sop = await getSop(trx, id);
          return sop === undefined ? undefined : (await toShownSops(trx, [sop]))[0];
        });
      },
      onChanged: options.onSopsChanged,
      recordInjection: (injection) => recordInjection(options, injection),
    },
    nextSteps: createNextSteps(options),
    matchPatterns: createPatternMatching(options),
    feedback: (report) =>
      storeFeedback({ ...options, changed: (namespace) => shelf.forget(namespace) }, report),
    learning: (namespace) => readLearning(options, namespace),
    audit: createAuditing({ ...options, anchors: (namespace) => options.auditAnchors.read(namespace) }),
    limits: createRateLimiting({ ...options, profile: options.rateProfile }),
    relearning: createRelearning(options),
    insight: createInsight({ ...options, holdOutShare: learning.holdOut }),
    holdOut: createHoldOut({ ...options, holdOutShare: learning.holdOut }),
    suggests: learning.autoInject,
    // Others' errors are told there, and who may look is not always who made them.
    status: async () => redactor.redact(await options.status()) as Readonly<Record<string, unknown>>,
    contexts: options.contexts,
    runs: options.runs,
    learningControls: new LearningControls({
      store,
      clock,
      committed: () => options.relay.nudge(),
    }),
    memories: options.memories,
    knowledge: createKnowledge({ ...options, changed: (namespace) => shelf.forget(namespace) }),
    recall: async (question) =>
      (await options.memories.recall(question)).map((one) => ({ type: 'related_memory', ...one })),
    importEpisodes: (namespace, principal, episodes) =>
      importEpisodes(episodes, { ...options, instants, namespace, principal: principal.id }),
    receiveTraces: openTraces({ ...options, instants }),
    ...options.watching,
    reload: async () => ({ ...options.reload() }),
    shutdown: options.shutdown,
  };
}

/** Spans become imports; those that wait are taken in before the node ends. */
function openTraces(
  options: ServingOptions & Pick<ImportOptions, 'instants'>,
): GatewayNeeds['receiveTraces'] {
  const intake = openTraceIntake({
    ...options,
    importEpisodes: (namespace, principal, episodes) =>
      importEpisodes(episodes, { ...options, namespace, principal }),
  });
  options.closers.push(() => intake.close());
  return (namespace, principal, batch) => intake.receive(namespace, principal.id, batch);
}

/** The node's sessions, and how others are found. */
function toSessionsNeed({ sessions, seek }: ServingOptions): GatewayNeeds['sessions'] {
  return {
    ...(seek === undefined ? {} : { seek }),
    open: (session) => sessions.open(session),
    find: (id, principal) => sessions.find(id, principal),
    list: (namespace) => sessions.list(namespace),
  };
}

async function readLearning({ wire, store }: ServingOptions, namespace: string): Promise<LearningStatus> {
  const [engine, figures] = await Promise.all([
    askEngine(wire),
    store.inNamespace(namespace, (trx) => readLearningFigures(trx, { recentMax })),
  ]);
  return {
    engine_status: engine?.engineStatus ?? 'unavailable',
    last_learning_run: engine?.lastRunAt ?? null,
    statistics: {
      total_sops: figures.totalSops,
      total_patterns: figures.totalPatterns,
      avg_confidence: figures.avgConfidence,
      recent_discoveries: figures.recentDiscoveries.map(({ type, trigger, discoveredAt }) => ({
        type,
        trigger,
        discovered_at: discoveredAt,
      })),
    },
  };
}

type Injection = Parameters<GatewayNeeds['sops']['recordInjection']>[0];

/** Told at once, written when the database gets to it: serving never waits for its own bookkeeping. */
function recordInjection(
  { store, redactor, announcer, clock, log }: ServingOptions,
  injection: Injection,
): void {
  const { namespace, principal, session, sops, patterns = [] } = injection;
  if (sops.length + patterns.length === 0) return;
  const injectionId = createId('injection', clock);
  const task = redactor.in(namespace).redactText(injection.task).slice(0, 2_000);
  const actor =
    session === undefined
      ? ({ namespace, kind: 'sop', id: sops[0]?.sopId ?? 'none' } as const)
      : ({ namespace, kind: 'session', id: session.id } as const);
  announcer.announce(
    'injection.served',
    actor,
    { injectionId, principal, task, sops: [...sops], patterns: [...patterns] },
    { id: injectionId, traceparent: injection.traceparent },
  );
  const items = [
    ...sops.map(({ sopId, relevance }) => ({ kind: 'sop' as const, id: sopId, relevance })),
    ...patterns.map(({ patternId, relevance }) => ({ kind: 'pattern' as const, id: patternId, relevance })),
  ];
  store
    .inNamespace(namespace, async (trx) => {
      await ensureNamespace(trx);
      await addInjection(trx, {
        injectionId,
        principal,
        session: session?.id ?? '',
        task,
        at: toIso(clock.now()),
        items,
      });
    })
    .catch((error: unknown) =>
      log.warn({ namespace, err: toPlainError(error) }, 'what was served could not be noted'),
    );
}

/** Events after which a namespace's copy on the shelf is out of date. */
export const shelfTypes: readonly EventType[] = [
  ...topics.state.filter((type) => type.startsWith('sop.')),
  'feedback.recorded',
];
