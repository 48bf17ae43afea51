/**
 * The resources of one upstream that somebody watches. In the 2025 era each is subscribed to by a request; in the 2026 era
 * all of them stand in one `subscriptions/listen`, which is opened anew when they change or when its stream is lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@modelcontextprotocol/client';

type Subscription = Awaited<ReturnType<Client['listen']>>;

export interface WatchedOptions {
  readonly session: () => { readonly client: Client; readonly isModern: boolean };
  readonly request: (method: string, params: unknown) => Promise<unknown>;
  /** Called with a resource that may have changed while nobody was told. */
  readonly onMissed: (uri: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Times a lost stream is opened again on one connection. */
const relistensMax = 10;
const relistenDelayMs = 500;
const relistenDelayMsMax = 30_000;

export class Watched {
  readonly #options: WatchedOptions;
  readonly #uris = new Set<string>();
  #subscription: Subscription | undefined;
  /** One change after the other: the 2026 era replaces the whole set each time. */
  #last: Promise<void> = Promise.resolve();
  #losses = 0;

  constructor(options: WatchedOptions) {
    this.#options = options;
  }

  /** Rejects with what the upstream says against it. */
  watch(uri: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#uris.has(uri)) return;
      this.#uris.add(uri);
      try {
        await this.#tell('resources/subscribe', uri);
      } catch (error) {
        this.#uris.delete(uri);
        throw error;
      }
    });
  }

  /** The same for an upstream that has forgotten all of them. */
  rewatch(uri: string): Promise<void> {
    this.#uris.delete(uri);
    return this.watch(uri);
  }

  unwatch(uri: string): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#uris.delete(uri)) await this.#tell('resources/unsubscribe', uri);
    });
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #tell(method: string, uri: string): Promise<void> {
    if (this.#options.session().isModern) await this.#listen();
    else await this.#options.request(method, { uri });
  }

  /** The new stream stands before the old one ends, so that nothing is missed in between. */
  async #listen(): Promise<void> {
    const old = this.#subscription;
    const { client } = this.#options.session();
    const resourceSubscriptions = [...this.#uris];
    this.#subscription =
      resourceSubscriptions.length === 0 ? undefined : await client.listen({ resourceSubscriptions });
    await old?.close();
    if (this.#subscription !== undefined) void this.#keep(this.#subscription);
  }

  async #keep(subscription: Subscription): Promise<void> {
    const end = await subscription.closed;
    if (end === 'local' || this.#subscription !== subscription || this.#losses >= relistensMax) return;
    const waitMs = Math.min(relistenDelayMs * 2 ** this.#losses, relistenDelayMsMax);
    this.#losses += 1;
    await delay(waitMs, undefined, { ref: false });
    try {
      await this.#inTurn(async () => {
        if (this.#subscription !== subscription) return;
        this.#subscription = undefined;
        await this.#listen();
        for (const uri of this.#uris) this.#options.onMissed(uri);
      });
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
