/**
 * One process of the house: reads the configuration, brings everything up in order, and takes it down in the reverse
 * order. It is the only place where the rooms meet; what each of them does is written there.
 */
import { join } from 'node:path';
import { lockDataFolder } from '../../infra/servers/servers.ts';
import { createUuid, systemNamespace } from '../../machines/words/ids.ts';
import { createDoor, createRedactor } from '../access/access.ts';
import {
  createAnnouncer,
  openSessionRows,
  openSessions,
  openShelf,
  openUpstreams,
  startRelay,
} from '../actors/actors.ts';
import type { Announcer, Clock, Sessions, Upstreams } from '../actors/actors.ts';
import { openConsole } from '../console/console.ts';
import { openGateway, ownToolNames } from '../gateway/gateway.ts';
import { openEventLog, startPump } from '../wire/wire.ts';
import type { EventLog } from '../wire/wire.ts';
import { openBackends } from './backends.ts';
import type { Backends } from './backends.ts';
import { createClock } from './clock.ts';
import { readConfig } from './config.ts';
import type { NodeConfig, NodeFlags } from './config.ts';
import { openLife } from './life.ts';
import type { Life } from './life.ts';
import { listen } from './http.ts';
import { readOrMakeToken, removeAddress, writeAddress } from './identity.ts';
import { openLearner } from './learner-process.ts';
import { openLog } from './log.ts';
import { createServing, shelfTypes } from './serving.ts';
import { createStatus } from './status.ts';
import { version } from './version.ts';

export interface NodeOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly flags: NodeFlags;
}

export interface RunningNode {
  readonly url: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Resolves when it has stopped, whoever asked for it. */
  readonly stopped: Promise<void>;
  drain(reason: string): Promise<void>;
}

/** Upstreams that are slow to start are not waited for longer than this. */
const upstreamsMs = 5_000;
/** Calls that still run when the node stops are cut after this long. */
const httpMs = 8_000;
const pumpDrainMs = 3_000;

/** Starts a node; throws with one sentence what keeps it from starting, and leaves nothing behind then. */
export async function startNode({ env, cwd, flags }: NodeOptions): Promise<RunningNode> {
  const uid = process.getuid?.();
  const config = readConfig({ env, cwd, flags, uid });
  const log = openLog({ level: config.verbose ? 'debug' : 'warn' });
  const clock = createClock();
  const opened = createStack();
  try {
    const lock = await lockDataFolder({ dataDir: config.dataFolder, pid: process.pid, now: clock.now });
    opened.push(() => lock.release());
    const token = await readOrMakeToken(config.dataFolder);
    const eventLog = openEventLog({
      folder: join(config.dataFolder, 'events'),
      sync: config.durability === 'power-safe' ? 'group' : 'none',
      log,
      now: clock.monotonic,
    });
    opened.push(async () => eventLog.close());
    const announcer = createAnnouncer({ append: (event) => void eventLog.append(event), clock, log });
    const upstreams = openUpstreams({
      configs: config.role === 'learner' ? {} : config.mcpServers,
      prefix: config.prefix,
      reserved: ownToolNames,
      breaker: config.breaker,
      clientInfo: { name: 'drey', version },
      env,
      clock,
      log,
      announcer,
    });
    opened.push(() => upstreams.close());
    const nodeId = `n-${createUuid(clock)}`;
    const backends = await openBackends({ config, env, uid, clock, log, announcer, name: nodeId });
    opened.push(() => backends.close());
    const pump = startPump({
      eventLog,
      publishAll: (parcels, options) => backends.wire.sendAll(parcels, options),
      whenConnected: () => backends.wire.whenConnected(),
      log,
    });
    opened.push(() => pump.stop({ drainMs: pumpDrainMs }));
    return await run({ config, token, nodeId, eventLog, announcer, upstreams, backends, clock, log, opened });
  } catch (error) {
    await opened.unwind(log);
    throw error;
  }
}

interface Parts {
  readonly config: NodeConfig;
  readonly token: string;
  readonly nodeId: string;
  readonly eventLog: EventLog;
  readonly announcer: Announcer;
  readonly upstreams: Upstreams;
  readonly backends: Backends;
  readonly clock: Clock;
  readonly log: ReturnType<typeof openLog>;
  readonly opened: Stack;
}

async function run(parts: Parts): Promise<RunningNode> {
  const { config, clock, log, opened, backends, upstreams, eventLog, announcer, nodeId } = parts;
  const { wire, store } = backends;
  const redactor = createRedactor({ extraKeys: config.redactKeys, key: parts.token });
  const relay = startRelay({ store, publishAll: (events) => wire.publishAll(events), clock, log });
  opened.push(() => relay.stop());
  const learner = startLearner(parts);
  if (learner !== undefined) opened.push(() => learner.dispose());
  const rows = openSessionRows({ store, node: nodeId, clock, log });
  opened.push(() => rows.close());
  const sessions = openSessions({
    clock,
    log,
    announcer,
    redactor,
    routes: upstreams,
    changed: (session) => rows.note(session),
    ...(config.durability === 'power-safe' ? { settled: () => eventLog.settled() } : {}),
  });
  const shelf = openShelf({ store, clock, log });
  const following = await wire.follow({
    filters: { types: shelfTypes },
    from: 'new',
    onBatch: async (deliveries) => {
      for (const { event } of deliveries) shelf.forget(event.namespace);
    },
  });
  opened.push(() => following.stop());

  let life: Life | undefined;
  const startedAt = clock.monotonic();
  const status = createStatus({
    version,
    url: () => url,
    state: () => life?.state ?? 'booting',
    uptimeMs: () => clock.monotonic() - startedAt,
    backends,
    upstreams,
    sessions,
    eventLog,
    announcer,
    learner,
  });
  const faces = openFaces(
    parts,
    createServing({
      version,
      wire,
      store,
      sessions,
      upstreams,
      shelf,
      relay,
      redactor,
      announcer,
      clock,
      log,
      waiting: () => eventLog.waiting,
      admit: (request) => door.admit(request),
      status,
      shutdown: () => void life?.drain('asked to stop'),
    }),
  );
  await upstreams.settled(upstreamsMs);
  const http = await listen(config.host, config.role === 'learner' ? 0 : config.port, faces);
  opened.push(() => http.close(httpMs));
  const { url } = http;
  const door = createDoor({
    requireToken: config.requireToken,
    token: parts.token,
    loopback: isLoopback(config.host),
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    port: http.port,
    namespace: config.namespace,
  });
  await writeAddress(config.dataFolder, { url, pid: process.pid, version });
  opened.push(() => removeAddress(config.dataFolder));
  life = openLife({
    nodeId,
    version,
    clock,
    log,
    announcer,
    missing: () => [...backends.missing(), ...(isMissing(learner?.state) ? (['learning'] as const) : [])],
    idleMs: config.stopWhenIdleSeconds === undefined ? undefined : config.stopWhenIdleSeconds * 1_000,
    isIdle: () => faces.sessionsOpen() === 0,
    drain: (reason) => drain(parts, faces, sessions, reason),
  });
  const running = life;
  return {
    url,
    dataDir: config.dataFolder,
    pid: process.pid,
    stopped: running.stopped,
    drain: (reason) => running.drain(reason),
  };
}

function startLearner({
  config,
  backends,
  clock,
  log,
  announcer,
}: Parts): ReturnType<typeof openLearner> | undefined {
  if (!config.learning.enabled || config.role === 'gateway') return undefined;
  const settings = {
    natsUrl: backends.natsUrl,
    databaseUrl: backends.databaseUrl,
    eventFolder: join(config.dataFolder, 'learner-events'),
    quietMs: config.learning.quietMs,
    sharedNamespaces: config.learning.sharedNamespaces,
    level: config.verbose ? ('debug' as const) : ('warn' as const),
  };
  return openLearner({ settings, clock, log, announcer });
}

/** The gateway and the console behind one server. */
function openFaces({ opened }: Parts, needs: Parameters<typeof openGateway>[0]) {
  const gateway = openGateway(needs);
  opened.push(() => gateway.close());
  const page = openConsole({ admit: needs.admit });
  return {
    handle: ((request, response) =>
      gateway.handle(request, response) || page.handle(request, response)) satisfies Parameters<
      typeof listen
    >[2]['handle'],
    handleUpgrade: gateway.handleUpgrade satisfies Parameters<typeof listen>[2]['handleUpgrade'],
    sessionsOpen: () => gateway.sessionsOpen(),
    drain: () => gateway.drain(),
  };
}

/** Lets calls end, tells the sessions' end, then takes everything down in reverse order. */
async function drain(
  { opened, log }: Parts,
  faces: ReturnType<typeof openFaces>,
  sessions: Sessions,
  reason: string,
): Promise<void> {
  await faces.drain();
  await sessions.drain(reason);
  await opened.unwind(log);
}

interface Stack {
  push(close: () => Promise<unknown>): void;
  /** Closes in reverse order; one that fails does not keep the others open. */
  unwind(log: ReturnType<typeof openLog>): Promise<void>;
}

function createStack(): Stack {
  const closers: (() => Promise<unknown>)[] = [];
  return {
    push: (close) => closers.push(close),
    async unwind(log) {
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
        await close().catch((error: unknown) =>
          log.warn({ err: String(error), namespace: systemNamespace }, 'something did not close cleanly'),
        );
      }
    },
  };
}

/** A learner that starts for the first time is not missed yet. */
function isMissing(state: string | undefined): boolean {
  return state !== undefined && !['registered', 'initializing', 'healthy', 'degraded'].includes(state);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
