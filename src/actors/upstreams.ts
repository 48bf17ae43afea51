/**
 * All upstreams of a node: for each of them a resource actor that keeps the connection and a breaker that guards it.
 * It resolves a client's tool name to its route (breaker, then resource) and tells the boards what is listed and how it
 * is; one upstream that fails never holds up the others, and its last known tools stay listed.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { toToken } from '../../machines/words/ids.ts';
import { buildCatalogue, openUpstream } from '../upstream/upstream.ts';
import type { PrefixMode, ToolDefinition, Upstream, UpstreamConfig } from '../upstream/upstream.ts';
import type { Announcer } from './announcer.ts';
import type { CatalogueBoard, HealthTold } from './board.ts';
import type { BreakerConfig } from './breaker-config.ts';
import { createBreakers } from './breakers.ts';
import type { Breakers } from './breakers.ts';
import type { Clock, Log } from './clock.ts';
import { bulkheadDefaults } from './bulkhead.ts';
import { createGuards } from './guards.ts';
import { openResource } from './resource.ts';
import type { Passable } from './pass-route.ts';
import type { Resource } from './resource.ts';
import type { Roots } from './roots.ts';
import { toRoute } from './route.ts';
import type { Guarded, Route } from './route.ts';

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
}

export interface Upstreams {
  resolve(name: string): Route | undefined;
  /** In the order of the configuration. */
  aliases(): readonly string[];
  behind(alias: string): Passable | undefined;
  /** Calls back with every connection that opens, before anybody uses it. */
  onOpened(opened: (alias: string, upstream: Upstream) => void): void;
  readonly breakers: Breakers;
  /** Resolves when every upstream has come up or failed once, or when the time is over. */
  settled(boundMs: number): Promise<void>;
  close(): Promise<void>;
}

const startTimeoutMs = 30_000;
const callTimeoutMs = 120_000;
/** An upstream that failed too often is tried again after this long: one whose tools were never seen is never called. */
const reviveMs = 120_000;
/** Programs take seconds to fail: over a shorter time an upstream that never comes up would be started for ever. */
const restarts = { restartsMax: 5, restartPeriodMs: 120_000, restMs: 200 } as const;
/** Problems of the catalogue that are remembered as logged. */
const toldMax = 1_000;

interface Listed extends Guarded {
  readonly config: UpstreamConfig;
  readonly resource: Resource<Upstream>;
  tools: readonly ToolDefinition[];
  /** Counts the lists asked for; an answer that is older than the one taken last is not taken. */
  lists: number;
  listTaken: number;
}

/** Starts every upstream that is not disabled. */
export function openUpstreams(options: UpstreamsOptions): Upstreams {
  return new LiveUpstreams(options);
}

class LiveUpstreams implements Upstreams {
  readonly breakers: Breakers;
  readonly #options: UpstreamsOptions;
  readonly #guarded = new Map<string, Listed>();
  readonly #told = new Set<string>();
  readonly #opened = new Set<(alias: string, upstream: Upstream) => void>();
  #routes: ReadonlyMap<string, Route> = new Map();

  constructor(options: UpstreamsOptions) {
    this.#options = options;
    this.breakers = createBreakers({ ...options, config: options.breaker });
    for (const [alias, config] of Object.entries(options.configs))
      if (config.disabled !== true) this.#add(alias, config);
  }

  resolve(name: string): Route | undefined {
    return this.#routes.get(name);
  }

  aliases(): readonly string[] {
    return [...this.#guarded.keys()];
  }

  behind(alias: string): Passable | undefined {
    return this.#guarded.get(alias);
  }

  onOpened(opened: (alias: string, upstream: Upstream) => void): void {
    this.#opened.add(opened);
  }

  async settled(boundMs: number): Promise<void> {
    let cancel = (): void => undefined;
    const bound = new Promise<void>((resolve) => {
      cancel = this.#options.clock.schedule(boundMs, resolve);
    });
    await Promise.race([
      Promise.all([...this.#guarded.values()].map((one) => one.resource.settled())),
      bound,
    ]);
    cancel();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#guarded.values()].map((one) => one.resource.dispose()));
    for (const { guards } of this.#guarded.values()) guards.bulkhead.close();
    this.breakers.close();
  }

  #add(alias: string, config: UpstreamConfig): void {
    const { announcer, clock, health, log } = this.#options;
    const resource = openResource<Upstream>({
      name: alias,
      what: 'url' in config ? `MCP server at ${toOrigin(config.url)}` : `MCP server ${config.command}`,
      start: (broke) => this.#start(alias, config, broke),
      stop: (upstream) => upstream.close(),
      settings: { initMs: startTimeoutMs + 5_000, ...restarts },
      roots: this.#options.roots,
      reviveMs: reviveMs,
      clock,
      log,
      announcer,
      health,
      onChange: () => queueMicrotask(() => this.#rebuild()),
    });
    const guards = createGuards({
      name: alias,
      breaker: this.breakers.open(`b-${toToken(alias)}`),
      config: {
        // One try ends by the connection's own time; this one bounds the wait in line as well.
        totalMs: (config.timeoutMs ?? callTimeoutMs) + bulkheadDefaults.waitMs,
        ...(config.callsMax === undefined ? {} : { bulkhead: { limit: config.callsMax } }),
      },
      clock,
      chance: () => toChance(clock),
    });
    const idempotent = config.tools?.idempotent ?? [];
    const nothing = { tools: [], lists: 0, listTaken: 0, revivedAt: -Infinity };
    this.#guarded.set(alias, { alias, config, resource, guards, idempotent, ...nothing });
  }

  async #start(alias: string, config: UpstreamConfig, broke: (error: unknown) => void): Promise<Upstream> {
    const { clientInfo, env, log } = this.#options;
    const upstream = await openUpstream({
      alias,
      config,
      clientInfo,
      log,
      env,
      startTimeoutMs,
      callTimeoutMs,
    });
    upstream.onClosed((why) => broke(new DreyError('upstream_unavailable', why)));
    upstream.onToolsChanged(() => {
      this.#list(alias, upstream).catch((error: unknown) =>
        log.warn({ alias, err: String(error) }, 'the changed tools of an upstream could not be listed'),
      );
    });
    try {
      await this.#list(alias, upstream);
    } catch (error) {
      await upstream.close();
      throw error;
    }
    for (const opened of this.#opened) opened(alias, upstream);
    return upstream;
  }

  async #list(alias: string, upstream: Upstream): Promise<void> {
    const one = this.#guarded.get(alias);
    if (one === undefined) return;
    one.lists += 1;
    const mine = one.lists;
    const tools = await upstream.listTools();
    if (mine < one.listTaken) return;
    one.listTaken = mine;
    one.tools = tools;
    this.#rebuild();
  }

  #rebuild(): void {
    const { catalogue, clock, prefix, reserved } = this.#options;
    const entries = [...this.#guarded.values()].map((one) => ({
      alias: one.alias,
      tools: one.tools,
      ...(one.config.tools === undefined ? {} : { filter: one.config.tools }),
      stale: one.resource.current === undefined,
    }));
    const { tools, problems } = buildCatalogue(entries, { prefix, reserved });
    for (const { server, tool, sentence } of problems) this.#tellOnce(server, tool, sentence);
    this.#routes = new Map(
      tools.flatMap(({ name, server, tool }) => {
        const behind = this.#guarded.get(server);
        return behind === undefined ? [] : [[name, toRoute(behind, tool, clock)] as const];
      }),
    );
    catalogue.send({ type: 'listed', tools, at: clock.now() });
  }

  #tellOnce(server: string, tool: string, sentence: string): void {
    if (this.#told.has(sentence) || this.#told.size >= toldMax) return;
    this.#told.add(sentence);
    this.#options.log.warn({ server, tool }, sentence);
  }
}

function toOrigin(url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return `${origin}${pathname}`;
  } catch {
    return 'an address that its configuration completes';
  }
}

/** A number from 0 up to 1 out of the clock's chance, for jitter. */
function toChance(clock: Clock): number {
  const [high = 0, low = 0] = clock.random();
  return (high * 256 + low) / 65_536;
}
