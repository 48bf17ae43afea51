/**
 * One process of the house: reads the configuration, brings everything up in order, and takes it down in the reverse
 * order. It is the only place where the rooms meet; what each of them does is written there.
 */
import { lockDataFolder } from '../../infra/servers/servers.ts';
import { createUuid } from '../../machines/words/ids.ts';
import type { Door } from '../access/access.ts';
import { Hearing, Offers, createRoots, createToolTrust, openBoards } from '../actors/actors.ts';
import type { Sessions } from '../actors/actors.ts';
import type { Gateway, GatewayNeeds, Principal } from '../gateway/gateway.ts';
import { openBackends } from './backends.ts';
import { createClock } from './clock.ts';
import { createClosers } from './closers.ts';
import { readConfig } from './config/config.ts';
import type { NodeConfig, NodeFlags } from './config/config.ts';
import { openDoor, openEntrance } from './entrance.ts';
import type { Entrance } from './entrance.ts';
import { openEmission, pumpTo } from './emission.ts';
import type { Emission } from './emission.ts';
import { openFaces } from './faces.ts';
import { keepHeapSmall } from './heap.ts';
import type { FacesOptions } from './faces.ts';
import { assertFree, listen } from './http.ts';
import type { HttpServer } from './http.ts';
import { readOrMakeToken, removeAddress, writeAddress } from './identity.ts';
import { openInboxSweep } from './inbox-sweep.ts';
import { openInsightSweep } from './insight-sweep.ts';
import { openMemorySweep } from './memory-sweep.ts';
import { openLayer1 } from './layer1.ts';
import type { Layer1 } from './layer1.ts';
import { createLearnerInspection } from './learner/learner-inspection.ts';
import { startLearner } from './learner/start-learner.ts';
import { isMissing, openLife } from './life.ts';
import type { Life } from './life.ts';
import { openOwnUpstreams } from './own-upstreams.ts';
import { openHeldLog } from './telemetry/log.ts';
import { watchConfig } from './reload.ts';
import type { Reload } from './reload.ts';
import { createServing } from './serving.ts';
import { openKnownOffers } from './known-offers.ts';
import { createForwardedBodies } from './forwarded-bodies.ts';
import { createForwardedStreams } from './forwarded-streams.ts';
import { answerForwarded, createSeek } from './session-forwarding.ts';
import type { ForwardingOptions } from './session-forwarding.ts';
import { openSessionSweep } from './session-sweep.ts';
import { createStatus } from './telemetry/status.ts';
import { version } from './version.ts';
import { createWatching } from './watching.ts';

export { explainConfig } from './config/explained-config.ts';
export type { ExplainedConfig, ExplainedValue } from './config/explained-config.ts';
export { readConfig };
export { openVault } from './vault.ts';

// For `drey doctor`, which asks what a start would ask.
export type { NodeConfig } from './config/config.ts';
export { assertFree } from './http.ts';
export { askEmbeddings, toSpaceName } from './meanings.ts';
export type { EmbeddingsConfig } from './config/embeddings-config.ts';

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
  /** Reads the configuration again; throws what is wrong with it. */
  reload(): void;
}

/** Upstreams that are slow to start are not waited for longer than this. */
const upstreamsMs = 5_000;
/** Requests that are still being answered when the node stops are left behind after this long. */
const callsMs = 9_000;
/** Connections that are still open when the node stops are cut after this long. */
const httpMs = 2_000;
type Parts = FacesOptions &
  Emission & {
    readonly startedAt: number;
    readonly reload: Reload;
    readonly offers: Offers;
    readonly hearing: Hearing;
  };

/** Starts a node; throws with one sentence what keeps it from starting, and leaves nothing behind then. */
export async function startNode({ env, cwd, flags }: NodeOptions): Promise<RunningNode> {
  keepHeapSmall();
  const uid = process.getuid?.();
  const config = readConfig({ env, cwd, flags, uid });
  const held = openHeldLog({ level: config.verbose ? 'debug' : 'warn' });
  if (config.verbose) held.release();
  const { log } = held;
  const clock = createClock();
  const startedAt = clock.monotonic();
  const closers = createClosers(log);
  try {
    const lock = await lockDataFolder({ dataDir: config.dataFolder, pid: process.pid, now: clock.now });
    closers.push(() => lock.release());
    if (config.role !== 'learner') await assertFree(config.host, config.port);
    const token = await readOrMakeToken(config.dataFolder);
    const nodeId = `n-${createUuid(clock)}`;
    const emission = await openEmission({ config, env, nodeId, clock, log, closers });
    const { announcer, hide } = emission;
    const roots = createRoots(nodeId);
    const boards = openBoards(log);
    const shared = { env, clock, log, announcer, roots, ...boards };
    // Upstreams need nothing of ours, so they start while the servers do.
    const trust = createToolTrust({ mode: config.trust, clock, log });
    const upstreams = await openOwnUpstreams({ ...shared, config, trust, closers });
    const known = openKnownOffers({ ...config, log });
    const offers = new Offers({ upstreams, prefix: config.prefix, known, clock, log });
    const hearing = new Hearing({ upstreams, offers, log });
    // Another file is never taken for one that is away.
    const again = { ...flags, config: config.file ?? flags.config };
    const read = (): NodeConfig => readConfig({ env, cwd, flags: again, uid });
    const reload = watchConfig({ config, read, upstreams, clock, log });
    closers.push(async () => reload.stop());
    const backends = await openBackends({ ...shared, hide, config, uid, name: nodeId });
    closers.push(() => backends.close());
    for (const open of [openInboxSweep, openMemorySweep, openInsightSweep, openSessionSweep]) {
      const sweep = open({ ...backends, announcer, clock, log });
      closers.push(() => sweep.stop());
    }
    pumpTo(backends.wire, emission, { log, closers });
    const running = await run({
      config,
      env,
      token,
      nodeId,
      ...emission,
      upstreams,
      trust,
      reload,
      offers,
      hearing,
      backends,
      clock,
      log,
      closers,
      startedAt,
      roots,
      boards,
      inspection: createLearnerInspection(),
      inspectorUrl: env['DREY_INSPECTOR_URL'] || undefined,
    });
    held.release();
    return running;
  } catch (error) {
    await closers.unwind();
    throw error;
  }
}

async function run(parts: Parts): Promise<RunningNode> {
  const { config, clock, log, closers, backends, announcer, nodeId } = parts;
  const learner = startLearner({ ...parts, health: parts.boards.health });
  const layer1 = await openLayer1(parts);
  const entrance = await openEntrance({ ...parts, ...backends, auth: config.auth, relay: layer1.relay });
  const late: Late = { life: undefined, http: undefined, door: undefined };
  const forwarding = {
    ...parts,
    ...backends,
    ...layer1,
    streams: createForwardedStreams({ ...backends, nodeId, clock, log }),
    bodies: createForwardedBodies({ clock }),
    url: () => late.http?.url,
    vouch: (principal: Principal) => late.door?.vouch(principal),
  };
  const needs = toNeeds({ ...parts, entrance }, layer1, learner, late, forwarding);
  const faces = openFaces(parts, layer1, needs, () => late.life?.state ?? 'booting');
  await parts.upstreams.settled(upstreamsMs);
  // It ends after the listener, whose answers may still be coming from other nodes.
  const forwarded = await answerForwarded(forwarding);
  closers.push(async () => forwarded.stop());
  const http = await listen(config.host, config.role === 'learner' ? 0 : config.port, faces);
  closers.push(() => http.close(httpMs));
  const { url, port } = http;
  late.http = http;
  late.door = openDoor({ config, token: parts.token, port, entrance });
  await writeAddress(config.dataFolder, { url, pid: process.pid, version });
  closers.push(() => removeAddress(config.dataFolder));
  const life = openLife({
    nodeId,
    version,
    clock,
    log,
    announcer,
    roots: parts.roots,
    missing: () => [...backends.missing(), ...(isMissing(learner?.view()) ? (['learning'] as const) : [])],
    health: parts.boards.health,
    idleMs: config.stopWhenIdleSeconds === undefined ? undefined : config.stopWhenIdleSeconds * 1_000,
    isIdle: () => faces.gateway.sessionsOpen() === 0,
    drain: (reason) => drain(parts, faces.gateway, layer1.sessions, reason),
  });
  late.life = life;
  return {
    url,
    dataDir: config.dataFolder,
    pid: process.pid,
    stopped: life.stopped,
    drain: (reason) => life.drain(reason),
    reload: () => void parts.reload.now(),
  };
}

/** What is known only once the node listens, though the faces behind the listener need it. */
interface Late {
  life: Life | undefined;
  http: HttpServer | undefined;
  door: Door | undefined;
}

function toNeeds(
  parts: Parts & { readonly entrance: Entrance },
  layer1: Layer1,
  learner: ReturnType<typeof startLearner>,
  late: Late,
  forwarding: ForwardingOptions,
): GatewayNeeds {
  const { backends, boards, eventLog, announcer, clock, log } = parts;
  const refresh = (): Promise<void> => layer1.healthWatch.refresh();
  const status = createStatus({
    version,
    url: () => late.http?.url ?? '',
    state: () => late.life?.state ?? 'booting',
    uptimeMs: () => clock.monotonic() - parts.startedAt,
    boards,
    nats: () => backends.nats(),
    refresh,
    sessions: layer1.sessions,
    eventLog,
    announcer,
    learner,
    config: () => parts.reload.state(),
    clock,
  });
  return createServing({
    ...layer1,
    version,
    ...backends,
    learning: parts.config.learning,
    boards,
    trust: parts.trust,
    toolRules: parts.config,
    unlisted: () => parts.upstreams.unlisted(),
    rateProfile: parts.config.limits.profile,
    announcer,
    clock,
    log,
    offers: parts.offers,
    hearing: parts.hearing,
    tracer: parts.tracing.tracer,
    watching: createWatching({ ...parts, ...backends, redactor: layer1.redactor, refresh }),
    appendAll: parts.appendAll,
    waiting: () => eventLog.waiting,
    closers: parts.closers,
    admit: (request) =>
      late.door?.admit(request) ?? {
        ok: false,
        status: 403,
        code: 'node_draining',
        sentence: 'the node is still starting',
      },
    authorization: parts.entrance.authorization,
    keys: parts.entrance.agents,
    status,
    seek: createSeek(forwarding),
    reload: () => parts.reload.now(),
    shutdown: () => void late.life?.drain('asked to stop'),
  });
}

/** Lets calls end, tells the sessions' end, then takes everything down in reverse order. */
async function drain(
  { closers, clock }: Parts,
  gateway: Gateway,
  sessions: Sessions,
  reason: string,
): Promise<void> {
  // Sessions cancel calls that take too long; what answers without a session has the outer bound.
  const ended = Promise.all([gateway.drain(), sessions.drain(reason)]);
  await Promise.race([ended, new Promise<void>((resolve) => clock.schedule(callsMs, resolve))]);
  // Before the server is closed, which would wait for the event streams that the gateway holds open.
  await gateway.close();
  await closers.unwind();
}
