/**
 * Who hears what upstreams say without being asked: clients that watch a resource, and clients that asked for logs. One
 * subscription at the upstream serves all who watch; it is renewed when the upstream comes back, and what may have
 * changed meanwhile counts as changed. A log message is never given to a principal whose call it may not be about.
 */
import type { CallOutcome } from '../../../machines/words/calls.ts';
import { isDreyError, toDreyError, toPlainError } from '../../../machines/words/errors.ts';
import { logLevels, toLogRank } from '../../../machines/words/log-levels.ts';
import { sessionRenewed } from '../../upstream/upstream.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import type { Log } from '../clock.ts';
import type { Offers, Owner } from './offers.ts';
import type { Upstreams } from './upstreams.ts';

/** One client's ear. */
export interface Listener {
  /** Namespace and name of whoever listens. */
  readonly who: string;
  /** A watched resource changed; the URI is the one that was asked for. */
  updated(params: Readonly<Record<string, unknown>>): void;
  logged(params: Readonly<Record<string, unknown>>): void;
}

export interface HearingOptions {
  readonly upstreams: Pick<Upstreams, 'aliases' | 'behind' | 'onOpened'>;
  readonly offers: Pick<Offers, 'resource'>;
  readonly log: Log;
}

/** Resources that may be watched at one upstream. */
export const watchedMax = 2_000;
/** Clients that may watch one resource, or ask for logs. */
export const listenersMax = 10_000;

const done: CallOutcome = { outcome: 'finished', result: '{}', isError: false };

/** Listeners, and the URI under which each knows the resource. */
type Watchers = Map<Listener, string>;

export class Hearing {
  readonly #options: HearingOptions;
  /** By alias, then by the upstream's own URI. */
  readonly #watched = new Map<string, Map<string, Watchers>>();
  readonly #levels = new Map<Listener, number>();
  /** The level that each upstream was last told. */
  readonly #told = new WeakMap<Upstream, number>();

  constructor(options: HearingOptions) {
    this.#options = options;
    options.upstreams.onOpened((alias, upstream) => this.#opened(alias, upstream));
  }

  /** Begins to watch; never rejects. */
  async watch(uri: string, listener: Listener): Promise<CallOutcome> {
    const [owner] = await this.#options.offers.resource(uri);
    if (owner === undefined) return refuse('argument_invalid', `there is no resource "${uri}"`);
    const { server, own } = owner;
    const here = this.#watched.get(server) ?? new Map<string, Watchers>();
    const watchers = here.get(own) ?? (new Map() as Watchers);
    if (here.size >= watchedMax || watchers.size >= listenersMax)
      return refuse('limit_reached', `at most ${watchedMax} resources of "${server}" can be watched`);
    this.#watched.set(server, here.set(own, watchers.set(listener, uri)));
    const outcome = await this.#atUpstream(owner, (upstream) => upstream.watched.watch(own));
    if (outcome.outcome !== 'finished') this.#forget(owner, listener);
    return outcome;
  }

  async unwatch(uri: string, listener: Listener): Promise<CallOutcome> {
    const [owner] = await this.#options.offers.resource(uri);
    return owner !== undefined && this.#forget(owner, listener)
      ? this.#atUpstream(owner, (upstream) => upstream.watched.unwatch(owner.own))
      : done;
  }

  /** Asks all upstreams for logs of this level; undefined for a level that is none. */
  setLevel(level: unknown, listener: Listener): CallOutcome {
    const index = toLogRank(level);
    if (index === -1)
      return refuse('argument_invalid', `params.level must be one of ${logLevels.join(', ')}`);
    if (this.#levels.size >= listenersMax) return refuse('limit_reached', 'too many clients ask for logs');
    this.#levels.set(listener, index);
    for (const alias of this.#options.upstreams.aliases()) {
      const upstream = this.#options.upstreams.behind(alias)?.resource.current;
      if (upstream !== undefined) this.#tellLevel(alias, upstream);
    }
    return done;
  }

  /** Ends everything of one listener. */
  leave(listener: Listener): void {
    this.#levels.delete(listener);
    for (const [server, here] of this.#watched) {
      for (const own of here.keys()) {
        if (!this.#forget({ server, own }, listener)) continue;
        // Whoever left waits for nothing.
        void this.#atUpstream({ server, own }, (upstream) => upstream.watched.unwatch(own));
      }
    }
  }

  /** True when it was the last who watched. */
  #forget({ server, own }: Owner, listener: Listener): boolean {
    const here = this.#watched.get(server);
    const watchers = here?.get(own);
    if (watchers?.delete(listener) !== true || watchers.size > 0) return false;
    here?.delete(own);
    return true;
  }

  async #atUpstream({ server }: Owner, act: (upstream: Upstream) => Promise<void>): Promise<CallOutcome> {
    const upstream = this.#options.upstreams.behind(server)?.resource.current;
    // It is subscribed to when the upstream comes back.
    if (upstream === undefined) return done;
    try {
      await act(upstream);
      return done;
    } catch (error) {
      const { code, message } = toDreyError(error, 'upstream_failed');
      const theirs = isDreyError(error) ? error.details['error'] : undefined;
      const raw = theirs === undefined ? undefined : JSON.stringify(theirs);
      return { outcome: 'failed', code, message, error: raw, countsAgainst: false };
    }
  }

  #opened(alias: string, upstream: Upstream): void {
    upstream.onNotification((method, params) => {
      if (method === 'notifications/resources/updated') this.#updated(alias, params);
      if (method === 'notifications/message') this.#logged(params);
      if (method === sessionRenewed) this.#renew(alias, upstream);
    });
    this.#renew(alias, upstream);
  }

  #renew(alias: string, upstream: Upstream): void {
    this.#told.delete(upstream);
    this.#tellLevel(alias, upstream);
    for (const uri of this.#watched.get(alias)?.keys() ?? []) {
      upstream.watched.rewatch(uri).then(
        () => this.#updated(alias, { uri }),
        (error: unknown) =>
          this.#options.log.warn(
            { alias, uri, err: toPlainError(error) },
            'a resource is not watched any more',
          ),
      );
    }
  }

  #tellLevel(alias: string, upstream: Upstream): void {
    const level = Math.min(...this.#levels.values());
    const name = logLevels[level];
    if (name === undefined || upstream.capabilities.logging === undefined) return;
    if (this.#told.get(upstream) === level) return;
    this.#told.set(upstream, level);
    upstream.request('logging/setLevel', { level: name }).catch((error: unknown) => {
      this.#options.log.debug({ alias, err: toPlainError(error) }, 'an upstream takes no log level');
    });
  }

  #updated(alias: string, params: unknown): void {
    if (!isObject(params) || typeof params['uri'] !== 'string') return;
    const watchers = this.#watched.get(alias)?.get(params['uri']);
    for (const [listener, uri] of watchers ?? []) listener.updated({ ...params, uri });
  }

  /** What belongs to no call may be about anybody's: it is heard only where all who could hear it are one principal. */
  #logged(params: unknown): void {
    if (!isObject(params)) return;
    const level = toLogRank(params['level']);
    if (new Set([...this.#levels.keys()].map(({ who }) => who)).size > 1) return;
    for (const [listener, wanted] of this.#levels) if (level >= wanted) listener.logged(params);
  }
}

function refuse(code: 'argument_invalid' | 'limit_reached', message: string): CallOutcome {
  return { outcome: 'refused', code, message, retryAfterMs: undefined };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
