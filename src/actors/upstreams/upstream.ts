/**
 * One configured upstream: its guards, and the resource that keeps its connection, awake or asleep. When it is taken
 * out, calls under way finish within a bound; once another has its place, nothing of it is told any more.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import { toToken } from '../../../machines/words/ids.ts';
import { openUpstream, toGrantName } from '../../upstream/upstream.ts';
import type { Groups, ToolDefinition, Upstream, UpstreamConfig, Vault } from '../../upstream/upstream.ts';
import { createAnnouncer } from '../announcer.ts';
import type { Announcer } from '../announcer.ts';
import type { HealthTold } from '../board.ts';
import type { BreakerConfig } from '../breaker/breaker-config.ts';
import type { Breakers } from '../breaker/breakers.ts';
import { bulkheadDefaults } from '../calls/bulkhead.ts';
import type { Clock, Log } from '../clock.ts';
import { toChance } from '../clock.ts';
import { Connections, ownPrincipal } from './connections.ts';
import type { ConnectionKey } from './connections.ts';
import { createGuards } from '../calls/guards.ts';
import type { Guards } from '../calls/guards.ts';
import type { Roots } from '../roots.ts';
import type { Guarded } from '../calls/route.ts';
import { openStandby } from './standby.ts';
import type { Standby } from './standby.ts';

export interface UpstreamNeeds {
  readonly breaker: BreakerConfig;
  readonly breakers: Breakers;
  readonly clientInfo: { readonly name: string; readonly version: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where what `drey auth` was granted is kept. */
  readonly vault?: Vault | undefined;
  /** Who sees to it that programs do not outlive this process. */
  readonly groups?: Groups | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly roots?: Roots | undefined;
  readonly health: HealthTold;
  /** A connection for everybody opened, and nobody uses it yet. */
  readonly onOpened: (upstream: Upstream) => void;
  /** Its tools or its state are not what they were. */
  readonly onChange: () => void;
  /** It listed its tools. */
  readonly onTools: (one: LiveUpstream) => void;
}

const startTimeoutMs = 30_000;
const callTimeoutMs = 120_000;
/** A lazy upstream rests after so long without a request. */
const lazyIdleStopMs = 300_000;
/** Connections for one principal or kind of client are closed after so long without a call. */
const pooledIdleMs = 60_000;
/** An upstream that failed too often is tried again after this long: one whose tools were never seen is never called. */
const reviveMs = 120_000;
/** Programs take seconds to fail: over a shorter time an upstream that never comes up would be started for ever. */
const restarts = { restartsMax: 5, restartPeriodMs: 120_000, restMs: 200 } as const;
/** Calls under way on an upstream that was removed or changed may take this long. */
export const drainMs = 30_000;
const drainLookMs = 50;

/** One upstream, from its configuration to its end. */
export class LiveUpstream implements Guarded {
  readonly alias: string;
  readonly config: UpstreamConfig;
  readonly guards: Guards;
  readonly resource: Standby<Upstream>;
  readonly connections: Connections<Upstream>;
  readonly idempotent: readonly string[];
  readonly isEach: boolean;
  readonly isApart: boolean;
  readonly startMs: number;
  revivedAt = -Infinity;
  tools: readonly ToolDefinition[];
  /** It has told in this process what it offers, be it nothing. */
  isKnown = false;
  readonly #needs: UpstreamNeeds;
  /** Counts the lists asked for; an answer that is older than the one taken last is not taken. */
  #lists = 0;
  #listTaken = 0;
  #wasGranted = false;
  #isReplaced = false;
  #drained: Promise<void> | undefined;

  /** `known` are the tools it had before; nothing is known where it is undefined. */
  constructor(
    alias: string,
    config: UpstreamConfig,
    needs: UpstreamNeeds,
    known: readonly ToolDefinition[] | undefined,
  ) {
    this.alias = alias;
    this.config = config;
    this.tools = known ?? [];
    this.idempotent = config.tools?.idempotent ?? [];
    this.startMs = config.startTimeoutMs ?? startTimeoutMs;
    this.isEach = config.credentials === 'principal';
    this.isApart = config.connections === 'by-ability';
    this.#needs = needs;
    this.guards = this.#openGuards();
    this.resource = this.#openResource(known !== undefined);
    this.connections = new Connections({
      name: alias,
      open: (key) => this.#connect(key),
      startMs: this.startMs,
      idleMs: config.idleStopMs ?? pooledIdleMs,
      clock: needs.clock,
      log: needs.log,
    });
  }

  /** Requests under way, those in line included. */
  get busy(): number {
    return this.guards.bulkhead.busy + (this.resource.current?.callsInFlight ?? 0);
  }

  /** Ends it once what is under way has finished, or when that takes too long. */
  drain(boundMs: number): Promise<void> {
    if (this.#drained === undefined) this.#needs.breakers.drop(this.#breakerId);
    this.#drained ??= this.#drain(boundMs);
    return this.#drained;
  }

  /** Another one has its name now: what it still does is told to nobody. */
  replace(): void {
    this.#isReplaced = true;
  }

  /** Starts again at once what failed, and what goes on with a grant that was forgotten. */
  retry(): void {
    const { state } = this.resource;
    const isForgotten = this.#wasGranted && !this.#isGranted && this.resource.current !== undefined;
    if (state === 'failed' || state === 'unhealthy' || isForgotten) this.resource.restart();
  }

  async close(): Promise<void> {
    await Promise.all([this.resource.dispose(), this.connections.close()]);
    this.guards.bulkhead.close();
  }

  get #isGranted(): boolean {
    const name = toGrantName(this.alias, this.isEach ? ownPrincipal : undefined);
    return this.#needs.vault?.read(name) !== undefined;
  }

  get #breakerId(): string {
    return `b-${toToken(this.alias)}`;
  }

  async #drain(boundMs: number): Promise<void> {
    const { clock, health, log } = this.#needs;
    const deadline = clock.monotonic() + boundMs;
    while (this.busy > 0 && clock.monotonic() < deadline)
      await new Promise<void>((resolve) => clock.schedule(drainLookMs, resolve));
    if (this.busy > 0)
      log.warn({ upstream: this.alias, calls: this.busy }, 'calls of a removed upstream are cut');
    const { id } = this.resource.view();
    await this.close();
    if (!this.#isReplaced) health.send({ type: 'resource.gone', id, at: clock.now() });
  }

  #openGuards(): Guards {
    const { breaker, breakers, clock } = this.#needs;
    const { config } = this;
    return createGuards({
      name: this.alias,
      breaker: breakers.open(this.#breakerId, { ...breaker, ...config.breaker }),
      config: {
        // One try ends by the connection's own time; this one bounds the wait in line and for a start as well.
        totalMs: (config.timeoutMs ?? callTimeoutMs) + bulkheadDefaults.waitMs + this.startMs,
        ...(config.callsMax === undefined ? {} : { bulkhead: { limit: config.callsMax } }),
      },
      clock,
      chance: () => toChance(clock),
    });
  }

  #openResource(isKnown: boolean): Standby<Upstream> {
    const { announcer, clock, health, log, onChange, roots } = this.#needs;
    const { config, alias } = this;
    const isLazy = config.start === 'lazy';
    const silent = createAnnouncer({ append: () => undefined, clock, log });
    return openStandby<Upstream>({
      name: alias,
      what: 'url' in config ? `MCP server at ${toOrigin(config.url)}` : `MCP server ${config.command}`,
      start: (broke) => this.#start(broke),
      stop: (upstream) => upstream.close(),
      settings: { initMs: this.startMs + 5_000, ...restarts },
      roots,
      reviveMs,
      clock,
      log,
      announcer: {
        announce: (...told) => (this.#isReplaced ? silent : announcer).announce(...told),
      },
      health: { send: (event) => void (this.#isReplaced || health.send(event)) },
      onChange: () => queueMicrotask(onChange),
      // Clients keep the first list they get, so one whose tools nobody knows is asked for them first.
      isAsleep: isLazy && isKnown,
      idleStopMs: config.idleStopMs ?? (isLazy ? lazyIdleStopMs : undefined),
      uses: ({ callsInFlight, requests }) => (callsInFlight > 0 ? undefined : requests),
    });
  }

  async #start(broke: (error: unknown) => void): Promise<Upstream> {
    const { log } = this.#needs;
    const { alias } = this;
    // What it lists is listed for everybody, with the credentials of the node's own user.
    this.#wasGranted = this.#isGranted;
    const upstream = await this.#connect({ principal: ownPrincipal, abilities: [] });
    upstream.onClosed((why) => broke(new DreyError('upstream_unavailable', why)));
    upstream.onToolsChanged(() => {
      this.#list(upstream).catch((error: unknown) =>
        log.warn({ alias, err: String(error) }, 'the changed tools of an upstream could not be listed'),
      );
    });
    try {
      await this.#list(upstream);
    } catch (error) {
      await upstream.close();
      throw error;
    }
    if (!this.#isReplaced) this.#needs.onOpened(upstream);
    return upstream;
  }

  #connect({ abilities, principal }: ConnectionKey): Promise<Upstream> {
    const { clientInfo, env, groups, log, vault } = this.#needs;
    return openUpstream({
      alias: this.alias,
      config: this.config,
      clientInfo,
      log,
      env,
      groups,
      vault,
      principal: this.isEach ? (principal ?? ownPrincipal) : undefined,
      // A connection for everybody declares what any client might be able to do.
      capabilities:
        abilities.length === 0 ? undefined : Object.fromEntries(abilities.map((ability) => [ability, {}])),
      startTimeoutMs: this.startMs,
      callTimeoutMs,
    });
  }

  async #list(upstream: Upstream): Promise<void> {
    this.#lists += 1;
    const mine = this.#lists;
    const tools = await upstream.listTools();
    if (mine < this.#listTaken) return;
    this.#listTaken = mine;
    this.tools = tools;
    this.isKnown = true;
    this.#needs.onTools(this);
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
