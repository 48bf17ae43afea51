/**
 * The stdio connection: the SDK's Transport over our own child process. Answers to our own requests (the raw path) are
 * told apart by a cheap check and never parsed; every other message is the SDK's.
 */
import { deserializeMessage, type JSONRPCMessage, type Transport } from '@modelcontextprotocol/client';
import { isDreyError } from '../../machines/words/errors.ts';
import type { RawJson } from '../../machines/words/calls.ts';
import { Child, type ChildOptions } from './child.ts';
import type { Exchanges } from './exchanges.ts';
import {
  guessId,
  mayBeOwn,
  readFrame,
  toOneLine,
  writeCancel,
  type Frame,
  type OwnRequest,
} from './frame.ts';
import { sliceElements } from './slice.ts';

/** How requests of the raw path leave, on any transport; their answers arrive at the exchanges. */
export interface Lane {
  sendOwn(request: OwnRequest): void;
  /** The answer is not wanted any more. */
  cancel(id: string, reason: string): void;
  /** Sends a message that wants no answer: a response, or a notification. */
  say(message: RawJson): void;
}

export interface StdioOptions extends Pick<ChildOptions, 'resolved' | 'env' | 'groups' | 'onStderr'> {
  readonly exchanges: Exchanges;
  readonly onEnd: (why: string) => void;
  /** Called for output that is no message: some servers print on stdout. */
  readonly onNoise: (why: string) => void;
}

/** One child process as a transport of the SDK and as a lane of ours. */
export class StdioTransport implements Transport, Lane {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: Transport['onmessage'];
  readonly child: Child;
  readonly #exchanges: Exchanges;
  readonly #onNoise: (why: string) => void;

  constructor(options: StdioOptions) {
    this.#exchanges = options.exchanges;
    this.#onNoise = options.onNoise;
    this.child = new Child({
      ...options,
      onLine: (line) => this.#read(line),
      onOversize: (head, tail) => this.#skipOversize(head, tail),
      onEnd: (why) => {
        this.#exchanges.settleAll({ kind: 'broken', code: 'upstream_unavailable', why, countsAgainst: true });
        options.onEnd(why);
        this.onclose?.();
      },
    });
  }

  /** The SDK takes a transport with `pid` and `stderr` for stdio. */
  get pid(): number | null {
    return this.child.pid ?? null;
  }

  get stderr(): null {
    return null;
  }

  start(): Promise<void> {
    return this.child.start();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.child.write(JSON.stringify(message))) throw new Error('the upstream takes no more input');
  }

  close(): Promise<void> {
    return this.child.close();
  }

  sendOwn(request: OwnRequest): void {
    if (this.child.write(toOneLine(request.text))) return;
    const why = this.child.describe('it takes no more input');
    this.#exchanges.settle(request.id, {
      kind: 'broken',
      code: 'upstream_unavailable',
      why,
      countsAgainst: true,
    });
  }

  cancel(id: string, reason: string): void {
    this.say(writeCancel(id, reason));
  }

  say(message: RawJson): void {
    this.child.write(message);
  }

  #read(line: RawJson): void {
    if (line.trimStart().startsWith('[')) return this.#readBatch(line);
    if (mayBeOwn(line) && settleFrame(readFrame(line), this.#exchanges)) return;
    let message: JSONRPCMessage;
    try {
      message = deserializeMessage(line);
    } catch {
      if (line.trim() !== '') this.#onNoise('it wrote a line that is no JSON-RPC message');
      return;
    }
    this.onmessage?.(message);
  }

  /** Servers of 2025-03-26 may answer in batches. */
  #readBatch(line: RawJson): void {
    try {
      for (const element of sliceElements(line)) if (!element.startsWith('[')) this.#read(element);
    } catch (error) {
      if (!isDreyError(error)) throw error;
      this.#onNoise('it wrote a line that is no JSON-RPC message');
    }
  }

  #skipOversize(head: string, tail: string): void {
    const id = guessId(head) ?? guessId(tail);
    const why = 'its answer is larger than 4 MiB';
    if (id === undefined) return this.#onNoise('it wrote a line larger than 4 MiB');
    this.#exchanges.settle(id, { kind: 'broken', code: 'upstream_failed', why, countsAgainst: false });
  }
}

/** Gives a frame of ours to whoever waits for it; false when it is not ours. */
export function settleFrame(frame: Frame, exchanges: Exchanges): boolean {
  if (frame.kind === 'other') return false;
  if (frame.kind === 'progress') {
    exchanges.progress(frame.id, frame.params);
  } else if (frame.kind === 'answer') {
    exchanges.settle(frame.id, { kind: 'result', result: frame.result });
  } else if (frame.kind === 'error') {
    exchanges.settle(frame.id, { kind: 'error', error: frame.error });
  } else {
    if (frame.id === undefined) return false;
    const why = `it answered with something unreadable: ${frame.why}`;
    exchanges.settle(frame.id, { kind: 'broken', code: 'upstream_failed', why, countsAgainst: true });
  }
  return true;
}
