/**
 * Who wants to know when an upstream says something or closes. It exists before the connection does, because a program
 * may end during the handshake. A listener that throws harms nobody but itself.
 */

export type NotificationListener = (method: string, params: unknown) => void;

/** The listeners of one upstream. */
export class Signals {
  readonly #notified = new Set<NotificationListener>();
  readonly #closed = new Set<(why: string) => void>();
  readonly #onError: (error: unknown) => void;
  #closedWhy: string | undefined;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Why the connection is closed, once it is. */
  get closedWhy(): string | undefined {
    return this.#closedWhy;
  }

  onNotification(listener: NotificationListener): () => void {
    this.#notified.add(listener);
    return () => void this.#notified.delete(listener);
  }

  /** Calls the listener once; at once when it is closed already. */
  onClosed(listener: (why: string) => void): () => void {
    const why = this.#closedWhy;
    if (why === undefined) this.#closed.add(listener);
    else this.guard(() => listener(why));
    return () => void this.#closed.delete(listener);
  }

  notify(method: string, params: unknown): void {
    for (const listener of this.#notified) this.guard(() => listener(method, params));
  }

  close(why: string): void {
    if (this.#closedWhy !== undefined) return;
    this.#closedWhy = why;
    for (const listener of this.#closed) this.guard(() => listener(why));
    this.#closed.clear();
    this.#notified.clear();
  }

  /** Runs somebody else's callback: we are inside an event of a process or socket, where a throw would end the node. */
  guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#onError(error);
    }
  }
}
