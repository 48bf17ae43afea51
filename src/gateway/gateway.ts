/**
 * The gateway's door: MCP at `/mcp` and over byte streams, REST at `/api/v1`, health at `/healthz`. It is mounted on an
 * HTTP server that somebody else owns, and never listens, reads configuration or ends the process itself.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import { toAdmission, toRefusalHeaders, whenAdmitted } from './admission.ts';
import { onContextsListed, withContextWatches } from './context-offers.ts';
import { openHooks } from './hooks.ts';
import { openHttpEndpoint } from './mcp/http-endpoint.ts';
import type { HttpEndpoint } from './mcp/http-endpoint.ts';
import { openInFlight } from './mcp/in-flight.ts';
import { openKeepAlive } from './mcp/keep-alive.ts';
import { sendJson } from './mcp/http-answer.ts';
import { errorFrame, toRpcError } from './mcp/rpc-errors.ts';
import { openShedding } from './mcp/shedding.ts';
import type { Shedding } from './mcp/shedding.ts';
import type { ChangingList } from './mcp/sdk-server.ts';
import { openStreamConnection } from './mcp/stream-connection.ts';
import type { StreamConnection } from './mcp/stream-connection.ts';
import { resolveNamespace } from './namespace.ts';
import type { Admission, GatewayNeeds, Principal } from './needs.ts';
import { SopOffers } from './sops/sop-offers.ts';
import { withSopWatches } from './sops/sop-watches.ts';
import { auditRefusal } from './refusals.ts';
import { cutOff } from './rest/followers.ts';
import { openRest } from './rest/rest.ts';
import { answerMetadata, isMetadata } from './well-known.ts';
import { openStanding } from './standing.ts';
import { toThrownSentence } from './thrown.ts';
import { openToolViews, toolsetsPath } from './tool-view.ts';
import type { ToolView } from './tool-view.ts';
import { answerUpgrade } from './upgrade.ts';

export type {
  Admission,
  AdmissionRequest,
  CatalogueTool,
  FeedbackResult,
  AnswerSink,
  ForwardedRequest,
  GatewayNeeds,
  ImportResult,
  LearningStatus,
  Log,
  NextStep,
  NodeStatus,
  OpenSession,
  OpenTask,
  Principal,
  RankedSop,
  Recalled,
  RecentStep,
  Session,
  SessionView,
  SessionsNeed,
  SopView,
  SopsNeed,
  TaskSource,
} from './needs.ts';
export type { AuditNeed, AuditQuestion, AuditRefusal, AuditRowView } from './audit-need.ts';
export { openShedding } from './mcp/shedding.ts';
export type { Shedding } from './mcp/shedding.ts';
export { openStanding } from './standing.ts';
export type { HoldOutNeed } from './hold-out.ts';
export type { InsightNeed } from './insight-need.ts';
export type { LimitsNeed, RateTake, RateView } from './limits-need.ts';
export type { AgentView, KeysNeed, KeyView } from './keys-need.ts';
export type {
  FoundMemoryView,
  MemoriesNeed,
  MemoryAsker,
  MemoryInput,
  MemoryView,
  StoredMemoryView,
} from './memories-need.ts';
export type { RunsNeed, RunStanding } from './runs-need.ts';
export type { KnowledgeNeed } from './knowledge-needs.ts';
export type { ReviewedTool, ToolsNeed, ToolsView } from './tools-needs.ts';
export type { HearingNeed, Listener, Offer, OfferKind, OffersNeed, Owner } from './offers-need.ts';
export type {
  ActorThen,
  ActorView,
  BusView,
  DeadLettersNeed,
  DeadLetterView,
  FollowEvents,
  WatchingNeeds,
} from './watching-needs.ts';
export type { StreamConnection } from './mcp/stream-connection.ts';
export { upgradeProtocol } from './upgrade.ts';
// For the owner of the server: paths that are nobody's get a problem as well.
export { sendProblem } from './rest/problem.ts';
export type { ToolRules, Toolset } from './tool-rules.ts';
export { ownToolSets, toOwnToolNames } from './tools/tools.ts';

export interface Gateway {
  /** False when the path is not the gateway's; then nothing has been written. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  serveStream(stream: {
    input: Readable;
    output: Writable;
    principal: Principal;
    view?: ToolView;
  }): StreamConnection;
  sessionsOpen(): number;
  /** Takes nothing new and waits for the calls under way. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Needs in which who watches procedures and contexts is told; procedures stop being watched first. */
function withWatches(given: GatewayNeeds) {
  const sops = withSopWatches(given);
  const { needs, stop } = withContextWatches(sops.needs);
  const stopAll = () => {
    sops.stop();
    stop();
  };
  return { needs, stop: stopAll };
}

/** Opens the front door; another count of what it takes on at a time is for tests. */
export function openGateway(given: GatewayNeeds, shedding: Shedding = openShedding()): Gateway {
  const { needs, stop: stopWatching } = withWatches(given);
  const inFlight = openInFlight();
  const keepAlive = openKeepAlive();
  const standing = openStanding(needs);
  const streams = new Set<StreamConnection>();
  let draining = false;
  const options = {
    needs,
    inFlight,
    keepAlive,
    standing,
    shedding,
    hooks: openHooks(needs),
    views: openToolViews(needs),
    sops: new SopOffers(needs),
    isDraining: () => draining,
  };
  const endpoint = openHttpEndpoint(options);
  const rest = openRest(options);
  const stopFollowing = followLists(needs, (list) => {
    endpoint.listChanged(list);
    for (const stream of streams) stream.listChanged(list);
  });
  const serveStream: Gateway['serveStream'] = (stream) => {
    const connection = openStreamConnection(options, stream);
    streams.add(connection);
    // `closed` never rejects.
    void connection.closed.then(() => streams.delete(connection));
    return connection;
  };
  return {
    handle: (req, res) => {
      const url = parseUrl(req.url);
      if (url === undefined || !isOurs(url.pathname)) return false;
      const serve = (admission: Admission) => {
        if (isMetadata(url.pathname)) return answerMetadata(needs, req, res, admission);
        if (isMcp(url.pathname)) serveMcp(needs, endpoint, { req, res, url, admission });
        else rest.handle(req, res, url, admission);
      };
      // Streams are asked for with GET; what else stays is watched where it is opened.
      if (req.method === 'GET')
        res.once(
          'close',
          standing.watch(req, () => cutOff(res)),
        );
      whenAdmitted(needs.admit(toAdmission(req)), serve, (error) => answerThrown(needs, res, error));
      return true;
    },
    handleUpgrade: (req, socket, head) =>
      answerUpgrade({ ...options, serve: serveStream }, req, socket, head),
    serveStream,
    sessionsOpen: () => endpoint.sessionsOpen() + streams.size,
    drain: () => {
      draining = true;
      return inFlight.whenIdle();
    },
    close: async () => {
      draining = true;
      stopFollowing();
      stopWatching();
      keepAlive.close();
      standing.close();
      rest.close();
      await endpoint.close();
      await Promise.all([...streams].map((stream) => stream.close('the gateway closed')));
    },
  };
}

/** Admission itself broke. */
function answerThrown({ log }: GatewayNeeds, res: ServerResponse, error: unknown): void {
  const { status, rpcError } = toThrownSentence(error, log);
  sendJson(res, status, errorFrame('null', rpcError));
}

interface McpRequest {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly url: URL;
  readonly admission: Admission;
}

function serveMcp(
  needs: GatewayNeeds,
  endpoint: HttpEndpoint,
  { req, res, url, admission }: McpRequest,
): void {
  if (!admission.ok) {
    const error = toRpcError(admission.code, admission.sentence, admission.retryAfterMs);
    sendJson(res, admission.status, errorFrame('null', error), toRefusalHeaders(admission));
    return;
  }
  const own = admission.principal;
  try {
    const namespace = resolveNamespace(url.searchParams.get('namespace') ?? undefined, own.namespace, own);
    const principal = namespace === own.namespace ? own : { ...own, namespace };
    // It answers every failure itself.
    void endpoint.handle(req, res, principal);
  } catch (error) {
    const { status, rpcError } = toThrownSentence(error, needs.log);
    const answer = (): void => sendJson(res, status, errorFrame('null', rpcError));
    void auditRefusal(needs, { principal: own, object: url.pathname }, error).then(answer);
  }
}

/** Calls back when clients would see another list; gives back what stops it. */
function followLists(needs: GatewayNeeds, changed: (list: ChangingList) => void): () => void {
  const stopTools = needs.onCatalogueChanged(() => changed('tools'));
  const stopOffers = needs.offers.onChanged((kind) => changed(kind === 'prompts' ? kind : 'resources'));
  const stopContexts = onContextsListed(needs, () => changed('resources'));
  const stopSops = needs.sops.onChanged?.(() => {
    changed('prompts');
    changed('resources');
  });
  return () => {
    stopTools();
    stopOffers();
    stopContexts();
    stopSops?.();
  };
}

function parseUrl(path: string | undefined): URL | undefined {
  if (path?.startsWith('/') !== true) return undefined;
  try {
    return new URL(toOwnPath(path), 'http://localhost');
  } catch {
    return undefined;
  }
}

/** OpenTelemetry's exporters know one path on every host: it is our own by another name. */
function toOwnPath(path: string): string {
  return path.replace(/^\/v1\/traces(?=$|[/?])/, '/api/v1/traces');
}

function isMcp(path: string): boolean {
  return path === '/mcp' || path.startsWith(toolsetsPath);
}

function isOurs(path: string): boolean {
  return (
    isMcp(path) || isMetadata(path) || path === '/healthz' || path === '/api' || path.startsWith('/api/')
  );
}
