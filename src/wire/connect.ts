/**
 * The line to the bus: one connection that is kept for good, and the truth about whether it stands. The client throws
 * away what is published while it is disconnected and lets the caller wait for a timeout; so everything here is gated
 * on the status, and what is in flight fails at once when the line breaks.
 */
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type ConnectionOptions, errors, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as pause } from 'node:timers/promises';
import { DreyError } from '../../machines/words/errors.ts';
import { Acknowledgements } from './acknowledged.ts';
import type { Log } from './log.ts';

export type BusStatus = 'connected' | 'disconnected';

/** The handles of a standing connection. */
export interface Handles {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly acknowledgements: Acknowledgements;
}

export interface Line {
  readonly status: BusStatus;
  readonly closed: boolean;
  onStatus(heard: (status: BusStatus) => void): () => void;
  /** The handles, or `bus_unavailable` when the line does not stand. */
  use(): Handles;
  /** Resolves when the line stands, true; or false when it was closed for good. */
  whenConnected(): Promise<boolean>;
  /** Settles as the promise does, or fails with `bus_unavailable` as soon as the line breaks. */
  guard<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface LineOptions {
  /** `nats://host:port`, with `token@` or `user:password@` when needed; several are separated by commas. */
  readonly url: string;
  readonly name: string;
  readonly log: Log;
  /** How long opening may take before the wire is handed out disconnected, to go on trying by itself. */
  readonly openMs: number;
  /** Run whenever the line stands again, before anybody is told: the streams are ensured here. */
  readonly prepare: (handles: Handles) => Promise<void>;
}

const retryMs = 250;
const sliceMs = 100;

/** Opens the line; throws only for what waiting cannot heal (a refused login, a stream of another shape). */
export async function openLine(options: LineOptions): Promise<Line> {
  const line = new KeptLine(options);
  await line.open();
  return line;
}

/** The connection options of a URL; the login is taken out of it, since the client does not read it there. */
export function toConnectionOptions(url: string, name: string): ConnectionOptions {
  const servers: string[] = [];
  let login: Pick<ConnectionOptions, 'token' | 'user' | 'pass' | 'tls'> = {};
  for (const one of url.split(',')) {
    const text = one.trim();
    const parsed = URL.canParse(text) ? new URL(text) : undefined;
    if (parsed === undefined || !['nats:', 'tls:'].includes(parsed.protocol) || parsed.hostname === '') {
      throw new DreyError(
        'config_invalid',
        'the bus address is no URL; write nats://127.0.0.1:4222 or tls://host:4222',
      );
    }
    const user = decodeURIComponent(parsed.username);
    const pass = decodeURIComponent(parsed.password);
    if (user !== '') login = pass === '' ? { ...login, token: user } : { ...login, user, pass };
    if (parsed.protocol === 'tls:') login = { ...login, tls: {} };
    servers.push(parsed.port === '' ? parsed.hostname : `${parsed.hostname}:${parsed.port}`);
  }
  return {
    servers,
    name,
    ...login,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitter: 150,
    pingInterval: 5_000,
    maxPingOut: 2,
    timeout: 2_000,
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  };
}

class KeptLine implements Line {
  status: BusStatus = 'disconnected';
  closed = false;
  readonly #options: LineOptions;
  #handles: Handles | undefined;
  readonly #heard = new Set<(status: BusStatus) => void>();
  readonly #inFlight = new Set<(error: DreyError) => void>();
  readonly #waiting = new Set<(connected: boolean) => void>();
  /** Counts disconnections, so that a slow preparation cannot announce a line that broke meanwhile. */
  #epoch = 0;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const connection = toConnectionOptions(this.#options.url, this.#options.name);
    const first = this.#establish(connection);
    const giveUp = new AbortController();
    const late = this.#outwait(giveUp.signal);
    // A line that breaks while it is prepared is tried again, so what counts is that it stands.
    const standing = first.then(async () => this.whenConnected()).then(() => 'settled' as const);
    const outcome = await Promise.race([standing, late]).finally(() => giveUp.abort());
    if (outcome === 'late') {
      this.#options.log.warn(
        { name: this.#options.name },
        'the bus is away; going on without it and trying again',
      );
      first.catch((error: unknown) => this.#options.log.error({ err: error }, 'the bus cannot be used'));
    }
  }

  onStatus(heard: (status: BusStatus) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }

  use(): Handles {
    if (this.#handles === undefined || this.status === 'disconnected') throw unavailable(this.closed);
    return this.#handles;
  }

  async whenConnected(): Promise<boolean> {
    if (this.closed) return false;
    if (this.status === 'connected') return true;
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  async guard<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const broken = (error: DreyError): void => reject(error);
      this.#inFlight.add(broken);
      promise.then(resolve, reject).finally(() => this.#inFlight.delete(broken));
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.#break();
    for (const resolve of this.#waiting) resolve(false);
    this.#waiting.clear();
    await this.#handles?.nc.close();
  }

  /**
   * Waits for as long as opening may take. Time in which this process itself stood still (a busy start, a machine with
   * too few cores) counts as one slice only, since the bus had no chance to be heard in it.
   */
  async #outwait(signal: AbortSignal): Promise<'late'> {
    const { openMs } = this.#options;
    for (let waitedMs = 0; waitedMs < openMs && !signal.aborted; waitedMs += sliceMs) {
      await pause(Math.min(sliceMs, openMs - waitedMs), undefined, { signal }).catch(() => undefined);
    }
    return 'late';
  }

  /** Tries until it stands; returns when it does, when it broke again meanwhile, or when the line was closed. */
  async #establish(connection: ConnectionOptions): Promise<void> {
    while (!this.closed) {
      const nc = await this.#tryConnect(connection);
      if (nc === undefined) {
        await pause(retryMs);
        continue;
      }
      // First of all, so that no break goes unseen.
      this.#watch(nc);
      const handles = {
        nc,
        js: jetstream(nc, { timeout: 2_000 }),
        jsm: await jetstreamManager(nc, { checkAPI: false }),
        acknowledgements: new Acknowledgements(nc),
      };
      if (this.closed) return nc.close();
      this.#handles = handles;
      await this.#prepare(handles);
      return undefined;
    }
    return undefined;
  }

  async #tryConnect(connection: ConnectionOptions): Promise<NatsConnection | undefined> {
    try {
      return await connect(connection);
    } catch (error) {
      // A server gives up on who takes too long to log in, too; that heals.
      if (error instanceof errors.AuthorizationError && !/timeout/i.test(error.message)) {
        throw new DreyError('bus_unavailable', 'the bus refuses the login of its URL; check its token', {
          cause: error,
        });
      }
      this.#options.log.debug({ err: error }, 'the bus does not answer');
      return undefined;
    }
  }

  /** JetStream may come up after its server does: keep asking until it stands or the line breaks again. */
  async #prepare(handles: Handles): Promise<void> {
    const epoch = this.#epoch;
    while (!this.closed && epoch === this.#epoch) {
      try {
        await this.guard(this.#options.prepare(handles));
        if (epoch === this.#epoch) this.#stand();
        return;
      } catch (error) {
        if (error instanceof DreyError && error.code === 'config_invalid') throw error;
        this.#options.log.debug({ err: error }, 'the bus stands but its streams do not answer yet');
        await pause(retryMs);
      }
    }
  }

  #watch(nc: NatsConnection): void {
    const follow = async (): Promise<void> => {
      for await (const change of nc.status()) {
        if (change.type === 'disconnect' || change.type === 'staleConnection') this.#break();
        if (change.type === 'reconnect' && this.#handles !== undefined) {
          this.#prepare(this.#handles).catch((error: unknown) =>
            this.#options.log.error({ err: error }, 'the bus came back but its streams cannot be used'),
          );
        }
      }
    };
    follow().catch((error: unknown) =>
      this.#options.log.error({ err: error }, 'the status of the bus was lost'),
    );
  }

  #stand(): void {
    if (this.closed || this.status === 'connected') return;
    this.status = 'connected';
    for (const resolve of this.#waiting) resolve(true);
    this.#waiting.clear();
    this.#tell();
  }

  #break(): void {
    this.#epoch += 1;
    const error = unavailable(this.closed);
    for (const reject of this.#inFlight) reject(error);
    this.#inFlight.clear();
    if (this.status === 'disconnected') return;
    this.status = 'disconnected';
    this.#tell();
  }

  #tell(): void {
    this.#options.log.info({ status: this.status, name: this.#options.name }, `the bus is ${this.status}`);
    for (const heard of this.#heard) {
      try {
        heard(this.status);
      } catch (error) {
        this.#options.log.error({ err: error }, 'a listener to the status of the bus failed');
      }
    }
  }
}

function unavailable(closed: boolean): DreyError {
  const sentence = closed ? 'the wire was closed' : 'the bus is away; it is tried again by itself';
  return new DreyError('bus_unavailable', sentence);
}
