/**
 * All upstreams of a node, as its configuration names them now. It resolves a client's tool name to its route (breaker, then resource) and tells the boards what is listed and how it
 * is; one upstream that fails never holds up the others, and its last known tools stay listed.
 */
import { isDeepStrictEqual } from 'node:util';
import { DreyError, toDreyError } from '../../../machines/words/errors.ts';
import { isPrefixedBy } from '../../upstream/upstream.ts';
import type {
  Groups,
  PrefixMode,
  ToolDefinition,
  Upstream,
  UpstreamConfig,
  Vault,
} from '../../upstream/upstream.ts';
import type { Announcer } from '../announcer.ts';
import type { CatalogueBoard, HealthTold } from '../board.ts';
import { toBreakerSettings } from '../breaker/breaker-config.ts';
import type { BreakerConfig } from '../breaker/breaker-config.ts';
import { createBreakers } from '../breaker/breakers.ts';
import type { Breakers } from '../breaker/breakers.ts';
import type { Clock, Log } from '../clock.ts';
import type { ContextKeyRules } from '../context/context-calls.ts';
import type { Passable } from '../calls/pass-route.ts';
import type { Roots } from '../roots.ts';
import { toRoute } from '../calls/route.ts';
import type { Route } from '../calls/route.ts';
import { composeListing, toHeldRoute } from './tool-listing.ts';
import type { ToolTrust } from './tool-trust.ts';
import { toUnlisted, toUnlistedRoute } from './unlisted.ts';
import type { Unlisted } from './unlisted.ts';
import { drainMs, LiveUpstream } from './upstream.ts';

export interface UpstreamsOptions {
  readonly configs: Readonly<Record<string, UpstreamConfig>>;
  readonly prefix: PrefixMode;
  /** Names our own tools have. */
  readonly reserved: readonly string[];
  readonly breaker: BreakerConfig;
  readonly clientInfo: { readonly name: string; readonly version: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  /** Where live actors are known by their address. */
  readonly roots?: Roots | undefined;
  readonly catalogue: Pick<CatalogueBoard, 'send'>;
  readonly health: HealthTold;
  /** Where what `drey auth` was granted is kept. */
  readonly vault?: Vault | undefined;
  /** Who sees to it that programs do not outlive this process. */
  readonly groups?: Groups | undefined;
  /** Where the last known tools of each upstream outlive the node. */
  readonly known?: KnownTools | undefined;
  /** Which definitions of tools may be used; without it all of them. */
  readonly trust?: ToolTrust | undefined;
}

/** Tools that an upstream listed when it was configured in just this way. */
export interface KnownTools {
  read(alias: string, config: UpstreamConfig): readonly ToolDefinition[] | undefined;
  /** Never throws. */
  write(alias: string, config: UpstreamConfig, tools: readonly ToolDefinition[]): void;
}

/** Aliases by what became of them. */
export interface UpstreamChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export interface Upstreams {
  /**
   * Goes over to these: what is configured as before is not touched, calls on the others finish, bounded. Throws
   * `config_invalid`, and then nothing has changed.
   */
  apply(configs: Readonly<Record<string, UpstreamConfig>>): UpstreamChanges;
  /** Tries again at once what failed or waits: its surroundings changed. */
  retry(): void;
  resolve(name: string): Route | undefined;
  /** Those of whose tools nothing is known yet, and why. */
  unlisted(): readonly Unlisted[];
  /** In the order of the configuration. */
  aliases(): readonly string[];
  behind(alias: string): Passable | undefined;
  /** Which keys of a shared context this tool's upstream is given and may write. */
  contextKeys(name: string): ContextKeyRules | undefined;
  /** Calls back with every connection that opens, before anybody uses it. */
  onOpened(opened: (alias: string, upstream: Upstream) => void): void;
  readonly breakers: Breakers;
  /** Resolves when every upstream has come up or failed once, or when the time is over. */
  settled(boundMs: number): Promise<void>;
  close(): Promise<void>;
}

/** How long a node that starts waits for an upstream whose tools it knows from before. */
const knownMs = 2_000;
/** Problems of the catalogue that are remembered as logged. */
const toldMax = 1_000;

/** Starts every upstream that is not disabled. */
export function openUpstreams(options: UpstreamsOptions): Upstreams {
  return new LiveUpstreams(options);
}

class LiveUpstreams implements Upstreams {
  readonly breakers: Breakers;
  readonly #options: UpstreamsOptions;
  /** In the order of the configuration. */
  #guarded: ReadonlyMap<string, LiveUpstream> = new Map();
  readonly #leaving = new Set<LiveUpstream>();
  readonly #told = new Set<string>();
  readonly #opened = new Set<(alias: string, upstream: Upstream) => void>();
  #routes: ReadonlyMap<string, Route> = new Map();

  constructor(options: UpstreamsOptions) {
    this.#options = options;
    this.breakers = createBreakers({ ...options, config: options.breaker });
    this.apply(options.configs);
    options.trust?.onChange(() => this.#rebuild());
  }

  apply(configs: Readonly<Record<string, UpstreamConfig>>): UpstreamChanges {
    // What makes no sense is refused before anything is touched.
    for (const [alias, { breaker }] of Object.entries(configs)) this.#assertBreaker(alias, breaker);
    const before = this.#guarded;
    const now = new Map<string, LiveUpstream>();
    const [added, changed]: [string[], string[]] = [[], []];
    for (const [alias, config] of Object.entries(configs)) {
      if (config.disabled === true) continue;
      const was = before.get(alias);
      if (was !== undefined && isDeepStrictEqual(was.config, config)) {
        now.set(alias, was);
        continue;
      }
      (was === undefined ? added : changed).push(alias);
      for (const one of [was, ...this.#leaving]) if (one?.alias === alias) one.replace();
      if (was !== undefined) this.#leave(was);
      now.set(alias, this.#open(alias, config, was));
    }
    const removed = [...before.keys()].filter((alias) => !now.has(alias));
    this.#guarded = now;
    for (const [alias, one] of before) if (!now.has(alias)) this.#leave(one);
    if (added.length + changed.length + removed.length > 0) this.#rebuild();
    return { added, changed, removed };
  }

  retry(): void {
    for (const one of this.#guarded.values()) one.retry();
  }

  resolve(name: string): Route | undefined {
    const known = this.#routes.get(name);
    if (known !== undefined) return known;
    const behind = this.#unlisted().find(({ alias }) => isPrefixedBy(name, alias));
    if (behind === undefined) return undefined;
    return toUnlistedRoute(behind, name, (again) => this.#routes.get(again), this.#options.clock);
  }

  unlisted(): readonly Unlisted[] {
    return this.#unlisted().map((one) => toUnlisted(one));
  }

  #unlisted(): readonly LiveUpstream[] {
    return [...this.#guarded.values()].filter(
      (one) => one.resource.current === undefined && !one.isKnown && this.#toolsOf(one).length === 0,
    );
  }

  aliases(): readonly string[] {
    return [...this.#guarded.keys()];
  }

  contextKeys(name: string): ContextKeyRules | undefined {
    const route = this.#routes.get(name);
    return route === undefined ? undefined : this.#guarded.get(route.server)?.config.contextKeys;
  }

  behind(alias: string): Passable | undefined {
    return this.#guarded.get(alias);
  }

  onOpened(opened: (alias: string, upstream: Upstream) => void): void {
    this.#opened.add(opened);
  }

  async settled(boundMs: number): Promise<void> {
    const all = [...this.#guarded.values()];
    const isKnown = (one: LiveUpstream): boolean => this.#toolsOf(one).length > 0;
    const settle = (some: readonly LiveUpstream[]) => Promise.all(some.map((one) => one.resource.settled()));
    await Promise.all([
      // Whose tools are known is listed already, and gets a moment so that the first calls need not be refused.
      this.#within(Math.min(boundMs, knownMs), settle(all.filter(isKnown))),
      this.#within(
        boundMs,
        settle(all.filter((one) => !isKnown(one))).then(() => this.#options.trust?.settled()),
      ),
    ]);
  }

  async #within(boundMs: number, work: Promise<unknown>): Promise<void> {
    let cancel = (): void => undefined;
    const bound = new Promise<void>((resolve) => {
      cancel = this.#options.clock.schedule(boundMs, resolve);
    });
    await Promise.race([work, bound]);
    cancel();
  }

  async close(): Promise<void> {
    const all = [...this.#guarded.values(), ...this.#leaving];
    await Promise.all(all.map((one) => one.close()));
    this.breakers.close();
  }

  #assertBreaker(alias: string, own: BreakerConfig | undefined): void {
    try {
      toBreakerSettings({ ...this.#options.breaker, ...own });
    } catch (error) {
      const { code, message } = toDreyError(error, 'config_invalid');
      throw new DreyError(code, `the upstream "${alias}": ${message}`, { cause: error });
    }
  }

  #open(alias: string, config: UpstreamConfig, was: LiveUpstream | undefined): LiveUpstream {
    const { known, trust } = this.#options;
    const needs = {
      ...this.#options,
      breakers: this.breakers,
      onOpened: (upstream: Upstream) => {
        for (const opened of this.#opened) opened(alias, upstream);
      },
      onChange: () => this.#rebuild(),
      onTools: (one: LiveUpstream) => {
        known?.write(one.alias, one.config, one.tools);
        trust?.offer(one.alias, one.tools);
        this.#rebuild();
      },
    };
    const tools = known?.read(alias, config);
    // What a changed one offered last stays listed until it has told anew, but does not let it sleep.
    const one = new LiveUpstream(alias, config, needs, tools);
    if (tools === undefined && was !== undefined) one.tools = was.tools;
    return one;
  }

  /** Nobody finds it any more; what is under way on it finishes. */
  #leave(one: LiveUpstream): void {
    this.#leaving.add(one);
    one
      .drain(drainMs)
      .catch((error: unknown) =>
        this.#options.log.warn({ upstream: one.alias, err: String(error) }, 'an upstream did not end well'),
      )
      .finally(() => this.#leaving.delete(one));
  }

  /** What it offers; while it is away and nothing was heard of it yet, what it offered before this node began. */
  #toolsOf({ alias, tools, resource }: LiveUpstream): readonly ToolDefinition[] {
    if (tools.length > 0 || resource.current !== undefined) return tools;
    return this.#options.trust?.lastKnown(alias) ?? [];
  }

  #rebuild(): void {
    const { catalogue, clock, prefix, reserved, trust } = this.#options;
    const entries = [...this.#guarded.values()].map((one) => ({
      alias: one.alias,
      tools: this.#toolsOf(one),
      ...(one.config.tools === undefined ? {} : { filter: one.config.tools }),
      // One that sleeps answers when it is called.
      stale: one.resource.current === undefined && one.resource.state !== 'asleep',
    }));
    const { tools, held, problems } = composeListing({ entries, prefix, reserved, trust });
    const untold = held.filter(({ why }) => why === 'changed' || why === 'fresh' || why === 'unusable');
    for (const { server, tool, sentence } of [...problems, ...untold]) this.#tellOnce(server, tool, sentence);
    const routes = new Map(
      tools.flatMap(({ name, server, tool }) => {
        const behind = this.#guarded.get(server);
        return behind === undefined ? [] : [[name, toRoute(behind, tool, clock)] as const];
      }),
    );
    for (const one of held) if (one.name !== null) routes.set(one.name, toHeldRoute(one));
    this.#routes = routes;
    catalogue.send({ type: 'listed', tools, held, at: clock.now() });
  }

  #tellOnce(server: string, tool: string, sentence: string): void {
    if (this.#told.has(sentence) || this.#told.size >= toldMax) return;
    this.#told.add(sentence);
    this.#options.log.warn({ server, tool }, sentence);
  }
}
