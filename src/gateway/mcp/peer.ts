/**
 * A client of the older era as upstreams can reach it: what it watches, which logs it wants to hear, and the questions
 * that it was asked and has not answered. A question goes out on the stream of the request that caused it.
 */
import type { WishChange } from '../../../machines/words/wishes.ts';
import type { Asker, ClientAnswer, Question, RawJson } from '../../../machines/words/calls.ts';
import type { Principal } from '../needs.ts';
import type { Listener } from '../offers-need.ts';
import { isRecord } from './parse-message.ts';

type Write = (frame: RawJson) => unknown;

export interface Peer extends Listener {
  /** Writes a message that nobody asked for; false where there is no way to the client just now. */
  readonly tell: (frame: RawJson) => boolean;
  /** The least log level it wants to hear, by its rank; undefined when it never said. */
  logRank: number | undefined;
  /** What it said that it can do; undefined where it never did, and then it is simply asked. */
  capabilities: Readonly<Record<string, unknown>> | undefined;
  /** Remembers what it wants to hear, where that is to outlive this connection. */
  readonly wish: (change: WishChange) => void;
  /** The way to it while one of its requests runs. */
  askOn(write: Write | undefined): Asker;
  /** Takes a response; false when nothing was asked under its id. */
  answered(body: unknown): boolean;
}

/** Questions that one client may have before it. */
const questionsMax = 32;
/** Somebody may have to be found who answers. */
const answerMs = 600_000;

const abilities: Readonly<Record<string, string>> = {
  'roots/list': 'roots',
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
};
const methodUnknown = -32_601;
const internalError = -32_603;

interface PeerOptions {
  readonly principal: Principal;
  readonly tell: (frame: RawJson) => boolean;
  /** How it learns that a watched resource changed, if not by being told. */
  readonly updated?: Listener['updated'];
  readonly wish?: Peer['wish'];
}

/** Makes the peer of one session or connection. */
export function createPeer({ principal, tell, updated, wish }: PeerOptions): Peer {
  const open = new Map<string, (answer: ClientAnswer) => void>();
  const session = `${principal.namespace}/${principal.id}/${(peers += 1)}`;
  let asked = 0;
  const notify = (method: string, params: object) => tell(JSON.stringify({ jsonrpc: '2.0', method, params }));
  const ask = ({ method, params, signal }: Question, write: Write): Promise<ClientAnswer> => {
    const problem =
      findProblem(method, peer.capabilities) ?? (open.size >= questionsMax ? tooMany : undefined);
    if (problem !== undefined) return Promise.resolve(problem);
    if (signal.aborted) return Promise.resolve(toError(internalError, 'the request has ended'));
    asked += 1;
    const id = `drey-ask-${asked}`;
    return new Promise((resolve) => {
      const giveUp = (why: string) => {
        const cancelled = { requestId: id, reason: why };
        write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: cancelled }));
        settle(toError(internalError, `the client did not answer: ${why}`));
      };
      const abort = () => giveUp('the request has ended');
      const late = setTimeout(() => giveUp(`${answerMs} ms are over`), answerMs).unref();
      const settle = (answer: ClientAnswer) => {
        clearTimeout(late);
        signal.removeEventListener('abort', abort);
        open.delete(id);
        resolve(answer);
      };
      open.set(id, settle);
      signal.addEventListener('abort', abort, { once: true });
      const frame = JSON.stringify({
        jsonrpc: '2.0',
        id,
        method,
        ...(params === undefined ? {} : { params }),
      });
      if (write(frame) === false)
        settle(toError(internalError, 'the client has no stream on which to ask it'));
    });
  };
  const peer: Peer = {
    who: JSON.stringify([principal.namespace, principal.id]),
    principal,
    tell,
    logRank: undefined,
    capabilities: undefined,
    wish: wish ?? (() => undefined),
    updated: updated ?? ((params) => void notify('notifications/resources/updated', params)),
    logged: (params) => void notify('notifications/message', params),
    askOn: (write) => new PeerAsker(peer, session, (question) => ask(question, write ?? tell)),
    answered: (body) => {
      if (open.size === 0) return false;
      if (!isRecord(body) || 'method' in body) return false;
      const settle = open.get(String(body['id']));
      if (settle === undefined) return false;
      settle(toAnswer(body));
      return true;
    },
  };
  return peer;
}

/** A class, for one is made with each call (see `OpenAnswer` on getters). */
class PeerAsker implements Asker {
  readonly session: string;
  readonly ask: Asker['ask'];
  readonly #peer: Pick<Peer, 'capabilities'>;

  constructor(peer: Pick<Peer, 'capabilities'>, session: string, ask: Asker['ask']) {
    this.#peer = peer;
    this.session = session;
    this.ask = ask;
  }

  get capabilities(): Peer['capabilities'] {
    return this.#peer.capabilities;
  }
}

/** Takes what a client can do out of its handshake. */
export function learnCapabilities(peer: Peer, body: unknown): void {
  if (!isRecord(body) || body['method'] !== 'initialize' || !isRecord(body['params'])) return;
  const { capabilities } = body['params'];
  if (isRecord(capabilities)) peer.capabilities = capabilities;
}

/** Peers made so far: tells those of one principal apart. */
let peers = 0;

const tooMany = toError(internalError, `the client has ${questionsMax} questions before it`);

function findProblem(method: string, can: Peer['capabilities']): ClientAnswer | undefined {
  const ability = Object.hasOwn(abilities, method) ? abilities[method] : undefined;
  if (ability === undefined) return toError(methodUnknown, `"${method}" is not asked of clients`);
  if (can === undefined || isRecord(can[ability])) return undefined;
  return toError(methodUnknown, `the client does not support ${ability}`);
}

function toAnswer({ result, error }: Readonly<Record<string, unknown>>): ClientAnswer {
  if (!isRecord(error)) return { kind: 'result', result: result ?? {} };
  const { code, message, data } = error;
  const told = toError(typeof code === 'number' ? code : internalError, String(message));
  return data === undefined ? told : { ...told, data };
}

function toError(code: number, message: string): Extract<ClientAnswer, { kind: 'error' }> {
  return { kind: 'error', code, message };
}
