/**
 * What an upstream of the 2025 era asks of its client: roots, sampling, elicitation. The question goes to the client whose
 * request is in flight, and ends with that request; where it cannot be told whose it is, it is refused and never guessed.
 */
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import type { Asker, ClientAnswer, Question } from '../../machines/words/calls.ts';
import type { Exchanges } from './exchanges.ts';

export interface AsksOptions {
  readonly alias: string;
  readonly exchanges: Exchanges;
  /** Sends a response to the upstream. */
  readonly say: (message: string) => void;
}

const askable: ReadonlySet<string> = new Set(['roots/list', 'sampling/createMessage', 'elicitation/create']);
/** Questions of one upstream that may wait for an answer. */
const asksMax = 256;
const invalidRequest = -32_600;
const methodUnknown = -32_601;

const whyNot = {
  nobody: 'no request of a client is in flight, so nobody can be asked',
  several: 'requests of several clients are in flight, and the question does not say whose it is',
  deaf: 'the client speaks revision 2026-07-28, in which it is asked in results; this is not translated',
} as const;

/** The questions of one upstream. */
export class Asks {
  readonly #options: AsksOptions;
  readonly #open = new Map<string | number, AbortController>();

  constructor(options: AsksOptions) {
    this.#options = options;
  }

  /** True when the message was a question, or took one back; `exchangeId` is the request on whose stream it came. */
  take(message: JSONRPCMessage, exchangeId?: string): boolean {
    if (!('method' in message)) return false;
    if (!('id' in message)) return this.#takeBack(message);
    const { id, method, params } = message;
    if (!askable.has(method)) return false;
    const asked = this.#options.exchanges.whoIsAsked(exchangeId);
    if (asked.kind !== 'client') {
      const code = asked.kind === 'deaf' ? methodUnknown : invalidRequest;
      this.#answer(id, { kind: 'error', code, message: `"${method}" was refused: ${whyNot[asked.kind]}` });
    } else if (this.#open.has(id) || this.#open.size >= asksMax) {
      this.#answer(id, { kind: 'error', code: invalidRequest, message: 'too many questions are open' });
    } else {
      const abort = new AbortController();
      this.#open.set(id, abort);
      this.#options.exchanges.onEnd(asked.id, () => abort.abort(new Error('the request has ended')));
      // It never rejects.
      void this.#askClient(id, asked.asker, { method, params, signal: abort.signal });
    }
    return true;
  }

  async #askClient(id: string | number, asker: Asker, question: Question): Promise<void> {
    const answer = await asker.ask(question);
    this.#open.delete(id);
    this.#answer(id, answer);
  }

  #takeBack({ method, params }: Extract<JSONRPCMessage, { method: string }>): boolean {
    if (method !== 'notifications/cancelled') return false;
    const id = params?.['requestId'];
    const open = typeof id === 'string' || typeof id === 'number' ? this.#open.get(id) : undefined;
    open?.abort(new Error('the upstream took its question back'));
    return open !== undefined;
  }

  #answer(id: string | number, answer: ClientAnswer): void {
    const { kind: _kind, ...error } = answer;
    const told = answer.kind === 'result' ? { result: answer.result } : { error };
    this.#options.say(JSON.stringify({ jsonrpc: '2.0', id, ...told }));
  }
}
