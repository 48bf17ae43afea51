/**
 * One open upstream, whatever its transport. Everything asked of it goes by the raw path, so that nothing an upstream
 * says is lost on the way; the SDK keeps the session. It never reconnects by itself: that is the resource actor's work.
 */
import type { Implementation, ServerCapabilities } from '@modelcontextprotocol/client';
import type { CallOutcome, PassCommand } from '../../machines/words/calls.ts';
import { toDreyError } from '../../machines/words/errors.ts';
import { limits } from '../../machines/words/limits.ts';
import type { Asked, RequestOptions, UpstreamCall } from './asked.ts';
import type { ToolDefinition } from './catalogue.ts';
import type { Answer, Exchanges } from './exchanges.ts';
import { ownIdPrefix, writeProgress, writeRequest } from './frame.ts';
import { collectInputs, inputRoundsMax, isInputRequired, takesInputRequired } from './inputs.ts';
import { findMirrors, toMirrorHeaders, type Mirror } from './mirror.ts';
import { toOutcome } from './outcome.ts';
import { refuseFull, refuseInput } from './refusals.ts';
import { toObject, toRequestError } from './request-error.ts';
import type { Session } from './session.ts';
import type { Signals } from './signals.ts';
import type { Lane } from './stdio.ts';
import { Watched } from './watched.ts';

export interface ConnectionOptions {
  readonly alias: string;
  readonly lane: Lane;
  readonly exchanges: Exchanges;
  readonly session: () => Session;
  readonly pid: number | undefined;
  readonly callTimeoutMs: number;
  readonly signals: Signals;
  readonly onDropped: (sentence: string) => void;
  readonly shutDown: () => Promise<void>;
}

/** Pages of one list; more are a server that does not come to an end. */
const pagesMax = 500;

/** An upstream that can be asked. */
export class Connection {
  readonly #options: ConnectionOptions;
  /** The resources whose updates are asked for. */
  readonly watched: Watched;
  #mirrors = new Map<string, readonly Mirror[]>();
  #closing: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.watched = new Watched({
      session: options.session,
      request: (method, params) => this.request(method, params),
      onMissed: (uri) => options.signals.notify('notifications/resources/updated', { uri }),
      onError: (error) => options.onDropped(`updates of resources ended: ${String(error)}`),
    });
  }

  get alias(): string {
    return this.#options.alias;
  }

  get pid(): number | undefined {
    return this.#options.pid;
  }

  get revision(): string {
    return this.#options.session().revision;
  }

  /** Whether each request says what its client can do. */
  get isModern(): boolean {
    return this.#options.session().isModern;
  }

  get serverInfo(): Implementation | undefined {
    return this.#options.session().client.getServerVersion();
  }

  get capabilities(): ServerCapabilities {
    return this.#options.session().client.getServerCapabilities() ?? {};
  }

  get instructions(): string | undefined {
    return this.#options.session().client.getInstructions();
  }

  /** Answers that came late, twice or for nobody. */
  get strayAnswers(): number {
    return this.#options.exchanges.strayAnswers;
  }

  get callsInFlight(): number {
    return this.#options.exchanges.size;
  }

  /** Requests so far; grows with each. */
  get requests(): number {
    return this.#options.exchanges.opened;
  }

  async listTools(): Promise<readonly ToolDefinition[]> {
    if (this.capabilities.tools === undefined) return [];
    const tools: ToolDefinition[] = [];
    let cursor: unknown;
    for (let page = 0; page < pagesMax; page += 1) {
      const answer = await this.request('tools/list', cursor === undefined ? undefined : { cursor });
      const listed = toObject(answer);
      for (const tool of Array.isArray(listed['tools']) ? listed['tools'] : []) {
        const definition = toObject(tool);
        if (typeof definition['name'] === 'string') tools.push({ name: definition['name'], definition });
      }
      const next = listed['nextCursor'];
      if (tools.length > limits.upstreamToolsMax) break;
      if (typeof next !== 'string' || next === cursor) return this.#keep(tools);
      cursor = next;
    }
    this.#options.onDropped(
      `it lists more than ${limits.upstreamToolsMax} tools or pages; the rest is left out`,
    );
    return this.#keep(tools.slice(0, limits.upstreamToolsMax));
  }

  /** Arguments and result pass as the bytes they are. Never rejects: every way it can end is an outcome. */
  async call(command: UpstreamCall): Promise<CallOutcome> {
    const { tool, args, meta, traceparent, signal, notify, asker, inputs = [] } = command;
    const name = `the tool "${tool}" of "${this.alias}"`;
    if (signal.aborted) return toOutcome(name, { kind: 'cancelled' });
    if (this.#options.exchanges.isFull) return refuseFull(this.alias);
    const named = `"name":${JSON.stringify(tool)}`;
    const mirrors = this.#mirrors.get(tool);
    const asked = (): Asked => ({
      method: 'tools/call',
      subject: tool,
      members: args === '' ? [named, ...inputs] : [named, `"arguments":${args}`, ...inputs],
      meta,
      traceparent,
      headers: toHeaders(mirrors === undefined ? {} : toMirrorHeaders(mirrors, args), traceparent),
      signal,
      timeoutMs: command.timeoutMs,
      notify,
      asker,
    });
    return this.#conclude(name, asked);
  }

  /** Any other request of a client, passed as the bytes it is; it ends as a call does. */
  async pass(command: PassCommand & Pick<UpstreamCall, 'timeoutMs'>): Promise<CallOutcome> {
    const { method, signal, traceparent } = command;
    const name = `"${method}" of "${this.alias}"`;
    if (signal.aborted) return toOutcome(name, { kind: 'cancelled' });
    if (this.#options.exchanges.isFull) return refuseFull(this.alias);
    return this.#conclude(name, () => ({
      ...command,
      headers: toHeaders({}, traceparent),
      timeoutMs: command.timeoutMs,
    }));
  }

  async #conclude(name: string, toAsked: () => Asked): Promise<CallOutcome> {
    try {
      const asked = toAsked();
      let answer = await this.#exchange(asked);
      for (let round = 0; answer.kind === 'result' && isInputRequired(answer.result); round += 1) {
        if (takesInputRequired(asked.meta)) break;
        const { asker, signal } = asked;
        if (asker === undefined || signal === undefined || round >= inputRoundsMax)
          return refuseInput(name, asker);
        const inputs = await collectInputs(answer.result, asker, signal);
        answer = await this.#exchange({ ...asked, members: [...asked.members, ...inputs] });
      }
      const isModernClient = answer.kind === 'error' && takesInputRequired(asked.meta);
      return toOutcome(name, answer, isModernClient);
    } catch (error) {
      const { code, message, details } = toDreyError(error, 'body_malformed');
      const theirs = details['error'] === undefined ? undefined : JSON.stringify(details['error']);
      return { outcome: 'failed', code, message: `${name}: ${message}`, error: theirs, countsAgainst: false };
    }
  }

  /** Any other request; resolves with the result, rejects with `upstream_failed` and the upstream's own error. */
  async request(method: string, params?: unknown, options: RequestOptions = {}): Promise<unknown> {
    const { _meta: meta, ...rest } = toObject(params);
    const subject = [rest['name'], rest['uri']].find((value) => typeof value === 'string');
    const answer = await this.#exchange({
      method,
      subject,
      members: Object.entries(rest)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`),
      meta: meta === undefined ? undefined : JSON.stringify(meta),
      traceparent: undefined,
      headers: {},
      signal: options.signal,
      timeoutMs: options.timeoutMs,
      notify: undefined,
      isOurs: true,
    });
    if (answer.kind === 'result') return JSON.parse(answer.result);
    throw toRequestError(`"${method}" of "${this.alias}"`, answer);
  }

  /** Called when the upstream's tools changed, or may have: list them again. */
  onToolsChanged(listener: () => void): () => void {
    return this.onNotification((method) => {
      if (method === 'notifications/tools/list_changed') listener();
    });
  }

  /** Called with notifications that belong to no call. */
  onNotification(listener: (method: string, params: unknown) => void): () => void {
    return this.#options.signals.onNotification(listener);
  }

  /** Called once, with a sentence; at once when it is closed already. */
  onClosed(listener: (why: string) => void): () => void {
    return this.#options.signals.onClosed(listener);
  }

  /** Resolves when the upstream answers; the 2026 era has no ping and is asked who it is. */
  async ping(): Promise<void> {
    await this.request(this.#options.session().isModern ? 'server/discover' : 'ping');
  }

  /** Ends the connection and, over stdio, everything the upstream started; bounded. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const why = 'it was closed';
    this.#options.signals.close(why);
    this.#options.exchanges.settleAll({
      kind: 'broken',
      code: 'upstream_unavailable',
      why,
      countsAgainst: false,
    });
    await this.#options.shutDown();
  }

  /** Headers exist over HTTP, and mirror arguments in the 2026 era only. */
  #keep(tools: readonly ToolDefinition[]): readonly ToolDefinition[] {
    this.#mirrors = new Map();
    if (!this.#options.session().isModern || this.pid !== undefined) return tools;
    return tools.filter(({ name, definition }) => {
      const mirrors = findMirrors(definition);
      if (mirrors === undefined)
        this.#options.onDropped(`its tool "${name}" has an x-mcp-header that is none; it is left out`);
      else if (mirrors.length > 0) this.#mirrors.set(name, mirrors);
      return mirrors !== undefined;
    });
  }

  #exchange(asked: Asked): Promise<Answer> {
    const { exchanges, lane, session, signals, callTimeoutMs } = this.#options;
    const { closedWhy: why } = signals;
    if (why !== undefined) {
      return Promise.resolve({ kind: 'broken', code: 'upstream_unavailable', why, countsAgainst: true });
    }
    const id = exchanges.nextId(ownIdPrefix);
    const { notify } = asked;
    const { envelope } = session();
    const request = writeRequest({ id, envelope, capabilities: asked.asker?.capabilities, ...asked });
    const { clientToken } = request;
    const isFollowed = notify !== undefined && clientToken !== undefined;
    const answer = exchanges.open(id, {
      signal: asked.signal,
      timeoutMs: asked.timeoutMs ?? callTimeoutMs,
      onGiveUp: (reason) => lane.cancel(id, reason),
      onProgress: isFollowed
        ? (params) => signals.guard(() => notify(writeProgress(params, clientToken)))
        : undefined,
      asker: asked.asker,
      isOurs: asked.isOurs,
      onNotification: notify && ((notification) => signals.guard(() => notify(notification))),
    });
    try {
      lane.sendOwn(request);
    } catch (error) {
      const unsent = `it could not be sent: ${error instanceof Error ? error.message : String(error)}`;
      exchanges.settle(id, { kind: 'broken', code: 'upstream_failed', why: unsent, countsAgainst: false });
    }
    return answer;
  }
}

function toHeaders(
  mirrored: Readonly<Record<string, string>>,
  traceparent: string | undefined,
): Readonly<Record<string, string>> {
  return traceparent === undefined ? mirrored : { ...mirrored, traceparent };
}
