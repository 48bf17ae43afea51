/**
 * Opens one upstream: starts its program or reaches its address, shakes hands and hands over a connection, or rejects
 * with one sentence that says what was tried and what came back. Whatever was started is ended again on failure.
 */
import {
  deserializeMessage,
  type ClientCapabilities,
  type Implementation,
  type JSONRPCMessage,
  type Transport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { setTimeout as delay } from 'node:timers/promises';
import { DreyError } from '../../machines/words/errors.ts';
import { type Bearer, openBearer, toAuthProvider, toLaneBearer, toUnauthorized } from './bearer.ts';
import { Asks } from './asks.ts';
import type { Environment, Groups } from './child.ts';
import type { Log } from './log.ts';
import {
  redact,
  resolveConfig,
  type HttpUpstream,
  type ResolvedConfig,
  type StdioUpstream,
  type UpstreamConfig,
} from './config.ts';
import { Connection } from './connection.ts';
import { Exchanges } from './exchanges.ts';
import type { Vault } from './grants.ts';
import { HttpLane, type HttpSession } from './http.ts';
import {
  connectSession,
  createHttpTransport,
  modernRevision,
  type Session,
  type SessionOptions,
} from './session.ts';
import { Signals } from './signals.ts';
import { StdioTransport } from './stdio.ts';

export interface OpenOptions {
  readonly alias: string;
  readonly config: UpstreamConfig;
  /** Who we say we are. */
  readonly clientInfo: Implementation;
  readonly log: Log;
  /** For `${VAR}` in the configuration, and the few variables that a program inherits. */
  readonly env: Environment;
  readonly startTimeoutMs: number;
  /** Where what `drey auth` was granted is kept; without it, servers that ask for authorization stay shut. */
  readonly vault?: Vault | undefined;
  /** What the clients behind this connection can be asked; nothing where it is undefined. */
  readonly capabilities?: ClientCapabilities | undefined;
  /** Who sees to it that programs do not outlive this process. */
  readonly groups?: Groups | undefined;
  /** Whose connection it is, where each principal has one of its own. */
  readonly principal?: string | undefined;
  /** For calls of upstreams that configure no `timeoutMs`. */
  readonly callTimeoutMs: number;
}

/** Said by nobody but us: the upstream forgot its session, and with it what was subscribed to. */
export const sessionRenewed = 'notifications/drey/session_renewed';

/** One connection to one upstream. */
export type Upstream = Connection;

/** A well-behaved server needs less; one that does not answer the farewell must not hold us up. */
const farewellMs = 1_000;
/** "Unsupported protocol version" and "method not found": what a server of the 2026 era alone says to `initialize`. */
const modernOnlyCodes = new Set<unknown>([-32_022, -32_601]);

/** Opens one upstream; rejects with `upstream_unavailable` or `config_invalid`. */
export async function openUpstream(options: OpenOptions): Promise<Upstream> {
  const { alias, principal } = options;
  const env = principal === undefined ? options.env : { ...options.env, DREY_PRINCIPAL: principal };
  const { config, secrets } = resolveConfig(alias, options.config, env);
  if ('url' in config) return openHttp(options, { config, secrets });
  const mode = toMode(config.era, 'legacy');
  try {
    return await openStdio(options, { config, secrets }, mode);
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const isModernOnly =
      typeof cause === 'object' && cause !== null && 'code' in cause && modernOnlyCodes.has(cause.code);
    if (config.era !== undefined || !isModernOnly) throw error;
    return openStdio(options, { config, secrets }, { pin: modernRevision });
  }
}

async function openStdio(
  options: OpenOptions,
  resolved: ResolvedConfig<StdioUpstream>,
  mode: VersionNegotiationMode,
): Promise<Upstream> {
  const { alias, env, groups, log } = options;
  const exchanges = new Exchanges();
  const signals = createSignals(options);
  const transport = new StdioTransport({
    resolved,
    env,
    groups,
    exchanges,
    onEnd: (why) => signals.close(why),
    onNoise: (why) => log.debug({ alias }, `the upstream "${alias}" is noisy: ${why}`),
    onStderr: (text) =>
      log.debug({ alias, stderr: text.trimEnd() }, `the upstream "${alias}" wrote to stderr`),
  });
  let session: Session;
  try {
    session = await withinTime(
      connectSession(transport, sessionOptions(options, signals, mode)),
      options.startTimeoutMs,
    );
  } catch (error) {
    const fate = signals.closedWhy ?? transport.child.describe(toWords(error));
    await transport.close();
    throw new DreyError('upstream_unavailable', `the upstream "${alias}" did not start: ${fate}`, {
      cause: error,
    });
  }
  const connected = session;
  const asks = new Asks({ alias, exchanges, say: (message) => transport.say(message) });
  interceptMessages(transport, (message) => {
    if (asks.take(message)) return true;
    // One stream carries everything: such a message does not say which call it is about.
    const isOfCall = 'method' in message && ofCalls.has(message.method);
    return isOfCall && exchanges.notifyOnly(() => JSON.stringify(message));
  });
  return new Connection({
    alias,
    exchanges,
    signals,
    lane: transport,
    session: () => connected,
    pid: transport.pid ?? undefined,
    callTimeoutMs: resolved.config.timeoutMs ?? options.callTimeoutMs,
    onDropped: (sentence) => log.warn({ alias }, `the upstream "${alias}" was cut: ${sentence}`),
    shutDown: async () => {
      await transport.close();
      await connected.client.close();
    },
  });
}

async function connectHttp(
  options: OpenOptions,
  { config, secrets }: ResolvedConfig<HttpUpstream>,
  signals: Signals,
  bearer: Bearer | undefined,
) {
  const { alias, startTimeoutMs } = options;
  const url = new URL(config.url);
  const transport = createHttpTransport(url, config.headers ?? {}, bearer && toAuthProvider(bearer));
  try {
    await bearer?.ready();
    const negotiation = sessionOptions(options, signals, toMode(config.era, 'auto'));
    return { transport, session: await withinTime(connectSession(transport, negotiation), startTimeoutMs) };
  } catch (error) {
    await transport.close();
    if (bearer?.isRefused) throw toUnauthorized(alias, error);
    const sentence = `the upstream "${alias}" at ${url.origin}${url.pathname} cannot be reached: ${toWords(error)}`;
    throw new DreyError('upstream_unavailable', redact(sentence, secrets), { cause: error });
  }
}

async function openHttp(options: OpenOptions, resolved: ResolvedConfig<HttpUpstream>): Promise<Upstream> {
  const { alias, log } = options;
  const { config } = resolved;
  const url = new URL(config.url);
  const headers = config.headers ?? {};
  const exchanges = new Exchanges();
  const signals = createSignals(options);
  const asks = new Asks({ alias, exchanges, say: (message) => lane.say(message) });
  const bearer = openBearer(options, config);
  const connect = async () => {
    const connected = await connectHttp(options, resolved, signals, bearer);
    interceptMessages(connected.transport, (message) => asks.take(message));
    return connected;
  };
  let current = await connect().catch((error: unknown) => {
    bearer?.close();
    throw error;
  });
  const toSession = (): HttpSession => ({ ...current.session, sessionId: current.transport.sessionId });
  let renewing: Promise<void> | undefined;
  const renew = async (): Promise<void> => {
    const old = current;
    current = await connect();
    log.info({ alias }, `the upstream "${alias}" forgot its session; a new one is open`);
    await old.session.client.close();
    for (const list of ['tools', 'prompts', 'resources'])
      signals.notify(`notifications/${list}/list_changed`, undefined);
    signals.notify(sessionRenewed, undefined);
  };
  const lane = new HttpLane({
    url,
    headers,
    bearer: bearer && toLaneBearer(bearer, () => signals.close(toUnauthorized(alias).message)),
    exchanges,
    session: toSession,
    renew: async (expired) => {
      if (toSession().sessionId !== expired.sessionId) return;
      renewing ??= renew().finally(() => (renewing = undefined));
      await renewing;
    },
    onMessage: (message, id) => {
      try {
        const read = deserializeMessage(message);
        if (!asks.take(read, id)) current.transport.onmessage?.(read);
      } catch {
        log.debug({ alias }, `the upstream "${alias}" sent a message that is no JSON-RPC`);
      }
    },
  });
  return new Connection({
    alias,
    exchanges,
    signals,
    lane,
    session: () => current.session,
    pid: undefined,
    callTimeoutMs: config.timeoutMs ?? options.callTimeoutMs,
    onDropped: (sentence) => log.warn({ alias }, `the upstream "${alias}" was cut: ${sentence}`),
    shutDown: async () => {
      lane.close();
      bearer?.close();
      const goodbye = current.transport.terminateSession().catch(() => undefined);
      await Promise.race([goodbye, delay(farewellMs, undefined, { ref: false })]);
      await current.session.client.close();
    },
  });
}

/** Notifications that are mostly about the call in flight. */
const ofCalls: ReadonlySet<string> = new Set(['notifications/message', 'notifications/elicitation/complete']);

/** Looks at messages before the SDK does; what `take` takes the SDK never sees. */
function interceptMessages(transport: Transport, take: (message: JSONRPCMessage) => boolean): void {
  const { onmessage: toSdk } = transport;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's transports have no events
  transport.onmessage = (message, extra) => {
    if (!take(message)) toSdk?.(message, extra);
  };
}

function createSignals({ alias, log }: OpenOptions): Signals {
  return new Signals((error) => {
    log.error({ alias, error: String(error) }, `a listener of the upstream "${alias}" failed`);
  });
}

function toMode(era: UpstreamConfig['era'], otherwise: 'auto' | 'legacy'): VersionNegotiationMode {
  return era === 'modern' ? { pin: modernRevision } : (era ?? otherwise);
}

function sessionOptions(
  options: OpenOptions,
  signals: Signals,
  mode: VersionNegotiationMode,
): SessionOptions {
  const { alias, capabilities, clientInfo, log, startTimeoutMs } = options;
  return {
    capabilities,
    clientInfo,
    mode,
    timeoutMs: startTimeoutMs,
    onNotification: (method, params) => signals.notify(method, params),
    onError: (error) =>
      log.debug({ alias, error: error.message }, `the upstream "${alias}" made the SDK complain`),
  };
}

/** The SDK's own time limits are one for each message of the handshake; this one is for all. */
async function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const stop = new AbortController();
  const late = delay(timeoutMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`it did not answer within ${timeoutMs} ms`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
    work.catch(() => undefined);
  }
}

/** What failed, in words: the innermost reason says most. */
function toWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === 'ENOENT') return 'the program or its folder was not found';
  if (error.cause instanceof Error) return toWords(error.cause);
  return error.message === '' ? (code ?? error.name) : error.message;
}
