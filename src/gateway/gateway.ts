/**
 * The gateway's door: MCP at `/mcp` and over byte streams, REST at `/api/v1`, health at `/healthz`. It is mounted on an
 * HTTP server that somebody else owns, and never listens, reads configuration or ends the process itself.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import { toAdmission } from './admission.ts';
import { openHttpEndpoint } from './mcp/http-endpoint.ts';
import { openInFlight } from './mcp/in-flight.ts';
import { openKeepAlive } from './mcp/keep-alive.ts';
import { sendJson } from './mcp/http-answer.ts';
import { errorFrame, toRpcError } from './mcp/rpc-errors.ts';
import type { ChangingList } from './mcp/sdk-server.ts';
import { openStreamConnection } from './mcp/stream-connection.ts';
import type { StreamConnection } from './mcp/stream-connection.ts';
import { resolveNamespace } from './namespace.ts';
import type { Admission, GatewayNeeds, Principal } from './needs.ts';
import { SopOffers } from './sops/sop-offers.ts';
import { openRest } from './rest/rest.ts';
import { toThrownSentence } from './thrown.ts';
import { answerUpgrade } from './upgrade.ts';

export type {
  Admission,
  AdmissionRequest,
  CatalogueTool,
  FeedbackResult,
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
export type { HearingNeed, Listener, Offer, OfferKind, OffersNeed, Owner } from './offers-need.ts';
export type {
  ActorView,
  DeadLettersNeed,
  DeadLetterView,
  FollowEvents,
  WatchingNeeds,
} from './watching-needs.ts';
export type { StreamConnection } from './mcp/stream-connection.ts';
export { upgradeProtocol } from './upgrade.ts';
// For the owner of the server: paths that are nobody's get a problem as well.
export { sendProblem } from './rest/problem.ts';
export { ownToolNames } from './tools/tools.ts';

/** Timeouts the owner of the HTTP server should set: calls may last, slow senders may not. */
export const recommendedTimeouts = {
  /** A request must have arrived whole by then; answers may take longer. */
  requestTimeoutMs: 60_000,
  headersTimeoutMs: 15_000,
  /** Longer than any client keeps an idle connection, so that the server never closes one under a request. */
  keepAliveTimeoutMs: 75_000,
  maxHeaderBytes: 16 * 1024,
} as const;

export interface Gateway {
  /** False when the path is not the gateway's; then nothing has been written. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  serveStream(stream: { input: Readable; output: Writable; principal: Principal }): StreamConnection;
  sessionsOpen(): number;
  /** Takes nothing new and waits for the calls under way. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the front door. */
export function openGateway(needs: GatewayNeeds): Gateway {
  const inFlight = openInFlight();
  const keepAlive = openKeepAlive();
  const streams = new Set<StreamConnection>();
  let draining = false;
  const sops = new SopOffers(needs);
  const options = { needs, inFlight, keepAlive, sops, isDraining: () => draining };
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
      const admission = needs.admit(toAdmission(req));
      if (url.pathname === '/mcp') serveMcp(req, res, url, admission);
      else rest.handle(req, res, url, admission);
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
      keepAlive.close();
      rest.close();
      await endpoint.close();
      await Promise.all([...streams].map((stream) => stream.close('the gateway closed')));
    },
  };

  function serveMcp(req: IncomingMessage, res: ServerResponse, url: URL, admission: Admission): void {
    if (!admission.ok) {
      const headers = admission.status === 401 ? { 'www-authenticate': 'Bearer' } : undefined;
      sendJson(
        res,
        admission.status,
        errorFrame('null', toRpcError(admission.code, admission.sentence)),
        headers,
      );
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
      sendJson(res, status, errorFrame('null', rpcError));
    }
  }
}

/** Calls back when clients would see another list; gives back what stops it. */
function followLists(needs: GatewayNeeds, changed: (list: ChangingList) => void): () => void {
  const stopTools = needs.onCatalogueChanged(() => changed('tools'));
  const stopOffers = needs.offers.onChanged((kind) => changed(kind === 'prompts' ? kind : 'resources'));
  const stopSops = needs.sops.onChanged?.(() => {
    changed('prompts');
    changed('resources');
  });
  return () => {
    stopTools();
    stopOffers();
    stopSops?.();
  };
}

function parseUrl(path: string | undefined): URL | undefined {
  return path?.startsWith('/') === true && URL.canParse(path, 'http://localhost')
    ? new URL(path, 'http://localhost')
    : undefined;
}

function isOurs(path: string): boolean {
  return path === '/mcp' || path === '/healthz' || path === '/api' || path.startsWith('/api/');
}
