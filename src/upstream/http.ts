/**
 * The raw path over Streamable HTTP: one POST per request of ours over kept connections, its answer read as JSON or as
 * events. It follows no redirects (headers may carry secrets) and never sends a call twice, except after the server said
 * that it does not know the session.
 */
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { RawJson } from '../../machines/words/calls.ts';
import { limits } from '../../machines/words/limits.ts';
import { toRenewalFault, type LaneBearer } from './bearer.ts';
import type { Answer, Exchanges } from './exchanges.ts';
import { readFrame, writeCancel, type OwnRequest } from './frame.ts';
import { encodeHeader } from './mirror.ts';
import { isDreyError } from '../../machines/words/errors.ts';
import { Pending } from '../../machines/words/pending.ts';
import { sliceElements } from './slice.ts';
import { SseReader } from './sse.ts';
import { settleFrame, type Lane } from './stdio.ts';

/** What the current session adds to each request. */
export interface HttpSession {
  readonly sessionId: string | undefined;
  readonly revision: string;
  readonly isModern: boolean;
}

export interface HttpLaneOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The token that goes with each request, where a server asks for one. */
  readonly bearer?: LaneBearer | undefined;
  readonly exchanges: Exchanges;
  readonly session: () => HttpSession;
  /** Opens a new session after the server forgot this one. */
  readonly renew: (expired: HttpSession) => Promise<void>;
  /** Requests and notifications of the server that came on a call's stream, with that call's id. */
  readonly onMessage: (message: RawJson, id: string) => void;
}

/** Idle connections are closed before a server would do it (5 s is the usual time), which would lose a request. */
const idleMs = 4_000;
const connectionsMax = 256;
/** A stream that ended early is resumed so many times in a row without news. */
const resumesMax = 5;
const resumeDelayMs = 1_000;
const resumeDelayMsMax = 30_000;

/** After its answer a stream should end; one that does not would hold a connection for ever. */
const lingerMs = 1_000;

function closeLater(response: IncomingMessage): NodeJS.Timeout {
  const close = (): void => void (response.complete || response.destroy());
  return setTimeout(close, lingerMs).unref();
}

interface Turn {
  readonly request: OwnRequest;
  readonly isRetry: boolean;
  readonly resumes: number;
}

/** Sends the requests of one upstream and hands their answers to the exchanges. */
export class HttpLane implements Lane {
  readonly #options: HttpLaneOptions;
  readonly #agent: http.Agent;
  readonly #running = new Pending<ClientRequest>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(options: HttpLaneOptions) {
    this.#options = options;
    const { Agent } = options.url.protocol === 'https:' ? https : http;
    this.#agent = new Agent({
      keepAlive: true,
      timeout: idleMs,
      maxSockets: connectionsMax,
      scheduling: 'lifo',
    });
  }

  sendOwn(request: OwnRequest): void {
    this.#post({ request, isRetry: false, resumes: 0 });
  }

  /** In the 2026 era closing the stream says it; before, a notification does. */
  cancel(id: string, reason: string): void {
    if (!this.#options.session().isModern && (this.#running.has(id) || this.#timers.has(id))) {
      this.say(writeCancel(id, reason));
    }
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#running.get(id)?.destroy();
    this.#running.delete(id);
  }

  say(message: RawJson): void {
    const notice = this.#open('POST', { accept: 'application/json, text/event-stream' });
    notice.on('response', (response) => response.resume());
    notice.on('error', () => undefined); // nobody waits for it
    notice.end(message);
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const running of this.#running.values()) running.destroy();
    this.#agent.destroy();
  }

  #open(method: 'GET' | 'POST', extra: Readonly<Record<string, string>>): ClientRequest {
    const { bearer, url, headers } = this.#options;
    const token = bearer?.token;
    const { sessionId, revision } = this.#options.session();
    const { request } = url.protocol === 'https:' ? https : http;
    return request(url, {
      method,
      agent: this.#agent,
      // No spreads: what they are given behind the first costs a call several microseconds (`answerMessage`).
      headers: Object.assign(
        {},
        headers,
        token === undefined ? undefined : { authorization: `Bearer ${token}` },
        method === 'POST' ? { 'content-type': 'application/json' } : undefined,
        sessionId === undefined ? undefined : { 'mcp-session-id': sessionId },
        { 'mcp-protocol-version': revision, ...extra },
      ),
    });
  }

  #post(turn: Turn): void {
    const { request } = turn;
    const { isModern } = this.#options.session();
    const sent = this.#open('POST', {
      accept: 'application/json, text/event-stream',
      'content-length': String(Buffer.byteLength(request.text)),
      ...request.headers,
      ...(isModern ? { 'mcp-method': request.method } : {}),
      ...(isModern && request.subject !== undefined ? { 'mcp-name': encodeHeader(request.subject) } : {}),
    });
    this.#listen(sent, turn);
    sent.end(request.text);
  }

  #listen(sent: ClientRequest, turn: Turn): void {
    const { id } = turn.request;
    this.#running.set(id, sent);
    const forget = (): boolean => this.#running.get(id) === sent && this.#running.delete(id);
    const token = this.#options.bearer?.token;
    sent.on('response', (response) => this.#answer(turn, response, token));
    sent.on('error', (error: NodeJS.ErrnoException) => {
      forget();
      this.#fail(turn, 'upstream_unavailable', `the connection failed: ${error.code ?? error.message}`, true);
    });
    sent.on('close', forget);
  }

  #answer(turn: Turn, response: IncomingMessage, token: string | undefined): void {
    const status = response.statusCode ?? 0;
    const session = this.#options.session();
    const lacks = this.#options.bearer?.refused(status, response.headers['www-authenticate']);
    if (status === 401 && this.#options.bearer !== undefined && !turn.isRetry) {
      response.resume();
      return void this.#retryWithNewToken(turn, token);
    }
    if (lacks !== undefined) {
      response.resume();
      return this.#fail(turn, 'upstream_unauthorized', lacks, false);
    }
    if (status === 404 && session.sessionId !== undefined && !turn.isRetry) {
      response.resume();
      return void this.#retryInNewSession(turn, session);
    }
    const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
    if (status === 200 && type === 'text/event-stream') return this.#readEvents(turn, response);
    this.#readBody(turn, response, (body) => {
      if (type === 'application/json' && status < 500) this.#readJson(turn, body);
      if (!this.#options.exchanges.has(turn.request.id)) return;
      // Many servers answer 400 instead of 404 when they do not know a session.
      if (status === 400 && session.sessionId !== undefined && !turn.isRetry && /session/i.test(body)) {
        void this.#retryInNewSession(turn, session);
        return;
      }
      const isItsFault = status < 300 || status >= 500 || status === 408 || status === 429;
      const said = status < 300 ? `without an answer (${type ?? 'no content'})` : body.trim().slice(0, 200);
      this.#fail(turn, 'upstream_failed', `it answered ${status} ${said}`.trim(), isItsFault);
    });
  }

  async #retryInNewSession(turn: Turn, expired: HttpSession): Promise<void> {
    try {
      await this.#options.renew(expired);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const told = `its session expired and no new one opened: ${why}`;
      return this.#fail(turn, 'upstream_unavailable', told, true);
    }
    if (this.#options.session().isModern !== expired.isModern) {
      return this.#fail(turn, 'upstream_failed', 'it changed its protocol meanwhile; call again', false);
    }
    if (this.#options.exchanges.has(turn.request.id)) this.#post({ ...turn, isRetry: true });
  }

  async #retryWithNewToken(turn: Turn, refused: string | undefined): Promise<void> {
    const fault = await toRenewalFault(this.#options.bearer, refused);
    if (fault !== undefined) return this.#fail(turn, fault.code, fault.why, true);
    if (this.#options.exchanges.has(turn.request.id)) this.#post({ ...turn, isRetry: true });
  }

  #readBody(turn: Turn, response: IncomingMessage, onEnd: (body: string) => void): void {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limits.messageBytesMax) {
        chunks.push(chunk);
      } else {
        this.#fail(turn, 'upstream_failed', 'its answer is larger than 4 MiB', false);
        response.destroy();
      }
    });
    response.on('end', () => onEnd(Buffer.concat(chunks).toString('utf8')));
    response.on('error', (error) => this.#broke(turn, error));
  }

  /** One message, or a batch of them in the revision that had batches. */
  #readJson(turn: Turn, body: RawJson): void {
    if (!body.trimStart().startsWith('[')) return this.#readMessage(turn, body);
    try {
      for (const element of sliceElements(body)) this.#readMessage(turn, element);
    } catch (error) {
      if (!isDreyError(error)) throw error;
      this.#fail(turn, 'upstream_failed', `it answered with something unreadable: ${error.message}`, true);
    }
  }

  #readEvents(turn: Turn, response: IncomingMessage): void {
    let resumes = turn.resumes;
    let lingers: NodeJS.Timeout | undefined;
    const reader = new SseReader(limits.messageBytesMax, {
      onData: (data) => {
        resumes = 0;
        this.#readMessage(turn, data);
        lingers ??= this.#options.exchanges.has(turn.request.id) ? undefined : closeLater(response);
      },
      onOversize: () => this.#fail(turn, 'upstream_failed', 'its answer is larger than 4 MiB', false),
    });
    const onEnd = (why: string): void => {
      if (!this.#options.exchanges.has(turn.request.id)) return;
      if (reader.lastEventId === undefined || resumes >= resumesMax) {
        return this.#fail(turn, 'upstream_unavailable', why, true);
      }
      this.#resumeLater({ ...turn, resumes: resumes + 1 }, reader.lastEventId, reader.retryMs);
    };
    response.on('data', (chunk: Buffer) => reader.push(chunk));
    response.on('end', () => onEnd('its stream ended before the answer'));
    response.on('error', (error: NodeJS.ErrnoException) =>
      onEnd(`its stream broke: ${error.code ?? error.message}`),
    );
  }

  /** A server may close a long call's stream and let us fetch the rest: it gave the events ids for this. */
  #resumeLater(turn: Turn, lastEventId: string, retryMs: number | undefined): void {
    const { id } = turn.request;
    const resume = (): void => {
      this.#timers.delete(id);
      const sent = this.#open('GET', { accept: 'text/event-stream', 'last-event-id': lastEventId });
      this.#listen(sent, { ...turn, isRetry: true });
      sent.end();
    };
    this.#timers.set(id, setTimeout(resume, Math.min(retryMs ?? resumeDelayMs, resumeDelayMsMax)));
  }

  #readMessage(turn: Turn, json: RawJson): void {
    const { exchanges } = this.#options;
    const { id } = turn.request;
    const frame = readFrame(json);
    if (frame.kind === 'other') {
      if (frame.method === '"notifications/message"') return exchanges.notification(id, json);
      if (frame.method !== undefined) this.#options.onMessage(json, id);
      return;
    }
    if (frame.kind === 'broken' && frame.id === undefined) {
      return this.#fail(turn, 'upstream_failed', `it answered with something unreadable: ${frame.why}`, true);
    }
    settleFrame(frame, exchanges);
  }

  #broke(turn: Turn, error: NodeJS.ErrnoException): void {
    this.#fail(turn, 'upstream_unavailable', `the connection failed: ${error.code ?? error.message}`, true);
  }

  #fail(
    turn: Turn,
    code: Extract<Answer, { kind: 'broken' }>['code'],
    why: string,
    countsAgainst: boolean,
  ): void {
    const { exchanges } = this.#options;
    const { id } = turn.request;
    if (exchanges.has(id)) exchanges.settle(id, { kind: 'broken', code, why, countsAgainst });
  }
}
