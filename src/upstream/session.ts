/**
 * The SDK's part of a connection: handshake, choice of era, pings, subscriptions and notifications. What an upstream of
 * the 2025 era asks of its client never comes here: it goes to the client whose request runs (`asks.ts`).
 */
import {
  Client,
  type ClientCapabilities,
  StreamableHTTPClientTransport,
  type AuthProvider,
  type FetchLike,
  type Implementation,
  type Transport,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import { setTimeout as delay } from 'node:timers/promises';
import type { RawJson } from '../../machines/words/calls.ts';

/** Whom we talk to, and in which revision. */
export interface Session {
  readonly client: Client;
  readonly revision: string;
  readonly isModern: boolean;
  /** Members that `_meta` of each of our requests must have besides capabilities; empty in the 2025 era. */
  readonly envelope: RawJson;
}

export interface SessionOptions {
  /** What we declare that we can be asked; nothing where it is undefined. */
  readonly capabilities?: ClientCapabilities | undefined;
  readonly clientInfo: Implementation;
  readonly mode: VersionNegotiationMode;
  readonly timeoutMs: number;
  readonly onNotification: (method: string, params: unknown) => void;
  readonly onError: (error: Error) => void;
}

export const modernRevision = '2026-07-28';
/** A server that is silent when asked for its era gets this long at most. */
const probeMs = 3_000;

/**
 * What any client might be able to do. Whether the one that is asked can is seen then; one connection serves several. Roots
 * are never said to have changed, since a server would take those of one client for those of all.
 */
const capabilities = {
  roots: {},
  sampling: { tools: {}, context: {} },
  elicitation: { form: {}, url: {} },
} as const;

/** Shakes hands over a transport; rejects with the SDK's error. */
export async function connectSession(transport: Transport, options: SessionOptions): Promise<Session> {
  const { clientInfo, timeoutMs, onNotification } = options;
  const changed = (list: string) => ({
    autoRefresh: false,
    debounceMs: 0,
    onChanged: () => onNotification(`notifications/${list}/list_changed`, undefined),
  });
  // Whoever is pinned to an era is not probed for another: then the first answer is the handshake itself.
  const probeTimeoutMs = options.mode === 'auto' ? Math.min(probeMs, timeoutMs) : timeoutMs;
  const client = new Client(clientInfo, {
    capabilities: options.capabilities ?? capabilities,
    versionNegotiation: { mode: options.mode, probe: { timeoutMs: probeTimeoutMs } },
    listChanged: { tools: changed('tools'), prompts: changed('prompts'), resources: changed('resources') },
  });
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client has callbacks, no events
  client.onerror = options.onError;
  client.fallbackNotificationHandler = async ({ method, params }) => onNotification(method, params);
  await client.connect(transport, { timeout: timeoutMs });
  void keepListening(client, options);
  const isModern = client.getProtocolEra() === 'modern';
  const revision = client.getNegotiatedProtocolVersion() ?? 'unknown';
  return { client, revision, isModern, envelope: isModern ? toEnvelope(revision, clientInfo) : '' };
}

/** Times a lost subscription is opened again on one connection. */
const relistensMax = 10;
const relistenDelayMsMax = 30_000;

/** The SDK does not re-open the 2026 era's stream of changes; what changed meanwhile is unknown, so all is said to. */
async function keepListening(client: Client, options: SessionOptions): Promise<void> {
  const { onNotification, onError } = options;
  let subscription = client.autoOpenedSubscription;
  for (let losses = 0; subscription !== undefined && losses < relistensMax; losses += 1) {
    if ((await subscription.closed) !== 'remote') return;
    await delay(Math.min(500 * 2 ** losses, relistenDelayMsMax), undefined, { ref: false });
    if (client.transport === undefined) return;
    try {
      subscription = await client.listen(subscription.honoredFilter);
      for (const list of ['tools', 'prompts', 'resources']) {
        onNotification(`notifications/${list}/list_changed`, undefined);
      }
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function toEnvelope(revision: string, clientInfo: Implementation): RawJson {
  const members = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': clientInfo,
  };
  return JSON.stringify(members).slice(1, -1);
}

/** The SDK's Streamable HTTP transport with configured headers and a fetch that leaks nothing. */
export function createHttpTransport(
  url: URL,
  headers: Readonly<Record<string, string>>,
  authProvider?: AuthProvider,
): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(url, {
    requestInit: { headers: { ...headers } },
    fetch: bridgedFetch,
    ...(authProvider === undefined ? {} : { authProvider }),
  });
}

/**
 * The SDK's transport gives all its fetches one AbortSignal, on which undici leaves a listener per request until garbage
 * collection. Each fetch therefore gets a private signal, and the bridge to the shared one goes when the body ended.
 */
const bridgedFetch: FetchLike = async (url, init = {}) => {
  const { signal: shared, ...rest } = init;
  if (!shared) return fetch(url, rest);
  const own = new AbortController();
  const abort = (): void => own.abort(shared.reason);
  if (shared.aborted) abort();
  shared.addEventListener('abort', abort, { once: true });
  const unbridge = (): void => shared.removeEventListener('abort', abort);
  try {
    const response = await fetch(url, { ...rest, signal: own.signal });
    if (response.body === null) unbridge();
    else return watched(response, unbridge);
    return response;
  } catch (error) {
    unbridge();
    throw error;
  }
};

/** The same response, which tells when its body ended, failed or was given up. */
function watched(response: Response, onDone: () => void): Response {
  const reader = response.body?.getReader();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const next = await reader?.read();
        if (next?.value !== undefined) return controller.enqueue(next.value);
        onDone();
        controller.close();
      } catch (error) {
        onDone();
        controller.error(error);
      }
    },
    cancel: async (reason) => {
      onDone();
      await reader?.cancel(reason);
    },
  });
  return new Response(body, {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  });
}
