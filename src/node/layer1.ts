/**
 * Layer 1 of one node: sessions, durable actors, the shelf of procedures and the relay of the outbox, over the bus and
 * the database. It answers with what it has and never waits for learning.
 */
import {
  Memories,
  openBreakerHints,
  createDurableKinds,
  openBreakerRows,
  openFabric,
  openSessionRows,
  openSessions,
  openForesights,
  openPatternShelf,
  openShelf,
  openSopViews,
  startRelay,
  startTaskRows,
} from '../actors/actors.ts';
import type { RunsNeed } from '../gateway/gateway.ts';
import { openGuidedRuns } from './guided-runs.ts';
import type {
  Announcer,
  Boards,
  BreakerHints,
  Clock,
  Fabric,
  Log,
  NodeContexts,
  Relay,
  Roots,
  SessionRows,
  Sessions,
  Foresights,
  PatternShelf,
  Shelf,
  ToolTrust,
  Upstreams,
} from '../actors/actors.ts';
import type { Redaction } from '../access/access.ts';
import { followFamilies } from '../wire/wire.ts';
import type { EventLog } from '../wire/wire.ts';
import { openAuditAnchors } from './audit-anchors.ts';
import type { AuditAnchors } from './audit-anchors.ts';
import type { Backends } from './backends.ts';
import type { Closers } from './closers.ts';
import type { NodeConfig } from './config/config.ts';
import type { Counters } from './telemetry/counters.ts';
import type { Tracing } from './telemetry/tracing.ts';
import { openMeanings } from './meanings.ts';
import { createLettingGo } from './letting-go.ts';
import { watchHealth } from './telemetry/health.ts';
import type { HealthWatch } from './telemetry/health.ts';
import { askEngine } from './learner/ask-engine.ts';
import { shelfTypes } from './serving.ts';
import { openNodeContexts } from './shared-contexts.ts';
import { createSpacedCall } from './spaced-call.ts';

export interface Layer1Options {
  readonly config: NodeConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly token: string;
  readonly nodeId: string;
  readonly eventLog: EventLog;
  readonly announcer: Announcer;
  readonly upstreams: Upstreams;
  readonly trust: ToolTrust;
  readonly backends: Backends;
  readonly clock: Clock;
  readonly log: Log;
  readonly closers: Closers;
  readonly roots: Roots;
  readonly boards: Boards;
  readonly counters: Counters;
  readonly tracing: Tracing;
  readonly redaction: Redaction;
}

export interface Layer1 {
  readonly sessions: Sessions;
  readonly sessionRows: Pick<SessionRows, 'isWaiting'>;
  readonly shelf: Shelf;
  readonly foresights: Foresights;
  readonly patternShelf: PatternShelf;
  readonly memories: Memories;
  readonly relay: Relay;
  readonly auditAnchors: AuditAnchors;
  readonly redactor: Redaction;
  /** Shared contexts, and whatever else is durable; a node that only learns hosts none. */
  readonly fabric: Fabric | undefined;
  readonly contexts: NodeContexts | undefined;
  readonly runs: RunsNeed | undefined;
  readonly hints: BreakerHints;
  readonly healthWatch: HealthWatch;
  /** Calls back after procedures changed; returns what stops it. */
  readonly onSopsChanged: (heard: () => void) => () => void;
}

/** Learning changes many procedures in a row: clients are told once for all of these. */
const sopsToldMs = 2_000;

/** Opens it; what must be closed is told to `closers`. */
export async function openLayer1(options: Layer1Options): Promise<Layer1> {
  const { config, clock, log, announcer, eventLog, upstreams, closers, redaction: redactor } = options;
  const { wire, store } = options.backends;
  const relay = startRelay({ store, publishAll: (events) => wire.publishAll(events), clock, log });
  closers.push(() => relay.stop());
  const { dataFolder } = config;
  const auditAnchors = openAuditAnchors({ store, wire, announcer, dataFolder, clock, log });
  closers.push(() => auditAnchors.close());
  await openPins(options, relay);
  const fabric =
    config.role === 'learner'
      ? undefined
      : await openFabric({
          store,
          wire,
          clock,
          log,
          roots: options.roots,
          kinds: createDurableKinds({ redact: (changes) => redactor.redact(changes) }),
          tracer: options.tracing.tracer,
          onOutbox: () => relay.nudge(),
        });
  if (fabric !== undefined) closers.push(() => fabric.close());
  const contexts = openNodeContexts({ ...options, fabric, redactor });
  const { breakers } = upstreams;
  const breakerRows = await openBreakerRows({ store, breakers, clock, log });
  closers.push(() => breakerRows.close());
  const hints = await openBreakerHints({ wire, breakers, node: options.nodeId, clock, log });
  closers.push(() => hints.stop());
  const rows = openSessionRows({ store, node: options.nodeId, clock, log });
  closers.push(() => rows.close());
  const sessions = openSessions({
    clock,
    log,
    announcer,
    redactor,
    roots: options.roots,
    routes: upstreams,
    changed: (session, isUrgent) => rows.note(session, isUrgent),
    letGo: createLettingGo({ eventLog, rows, clock }),
    ...(config.durability === 'power-safe' ? { settled: () => eventLog.settled() } : {}),
  });
  const taskRows = await startTaskRows({ wire, store });
  closers.push(() => taskRows.stop());
  const foresights = openForesights({ store, clock, log });
  const patternShelf = openPatternShelf({ store, clock, log });
  const shelf = openShelf({ store, clock, log, foresights });
  const memories = openMemories(options, relay);
  const onSopsChanged = await followSops(options, shelf);
  const { health } = options.boards;
  const healthWatch = watchHealth({ health, ask: () => askEngine(wire), eventLog, clock });
  closers.push(async () => healthWatch.stop());
  return {
    sessions,
    sessionRows: rows,
    shelf,
    foresights,
    patternShelf,
    memories,
    relay,
    auditAnchors,
    redactor,
    hints,
    fabric,
    contexts,
    runs: openGuidedRuns({ fabric, store, wire, nodeId: options.nodeId, clock }),
    healthWatch,
    onSopsChanged,
  };
}

/** Found by their words, and by their meaning where somebody is there who knows it. */
function openMemories(options: Layer1Options, relay: Relay): Memories {
  const { upstreams, backends, boards, closers, redaction: redactor } = options;
  const { breakers } = upstreams;
  const meanings = openMeanings({ ...options, ...backends, redactor, breakers, health: boards.health });
  if (meanings !== undefined) closers.push(() => meanings.close());
  return new Memories({ ...options, ...backends, redactor, meanings, committed: () => relay.nudge() });
}

/** The shelf reads anew what changed, and whoever shows procedures hears of it. */
async function followSops(
  { backends, clock, closers, log, roots }: Layer1Options,
  shelf: Shelf,
): Promise<Layer1['onSopsChanged']> {
  const sopsChanged = createSpacedCall(clock, sopsToldMs);
  const views = openSopViews({ roots, log });
  const following = await followFamilies(backends.wire, {
    types: shelfTypes,
    from: 'new',
    onBatch: async (deliveries) => {
      for (const { event } of deliveries) {
        shelf.forget(event.namespace);
        views.hear(event);
      }
      sopsChanged.call();
    },
  });
  closers.push(() => following.stop());
  return (heard) => sopsChanged.listen(heard);
}

/** Pins are read before the node listens; what other nodes decide about them is heard of. */
async function openPins({ backends, config, trust, closers }: Layer1Options, relay: Relay): Promise<void> {
  const { store, wire } = backends;
  await trust.attach({ store, onOutbox: () => relay.nudge() }, Object.keys(config.mcpServers));
  closers.push(() => trust.close());
  const following = await wire.follow({
    filters: { types: ['tool.pinned', 'tool.changed', 'tool.approved'] },
    from: 'new',
    onBatch: async (deliveries) => {
      const servers = new Set(
        deliveries.flatMap(({ event }) => ('server' in event.data ? [event.data.server] : [])),
      );
      for (const server of servers) await trust.reload(server);
    },
  });
  closers.push(() => following.stop());
}
