/**
 * All upstreams of a node: for each of them a resource actor that keeps the connection and a breaker that guards it.
 * It resolves a client's tool name to its route (breaker, then resource) and keeps the catalogue; one upstream that
 * fails never holds up the others, and its last known tools stay listed.
 */
import type { CallCommand, CallOutcome } from '../../machines/words/calls.ts';
import { systemNamespace, toToken } from '../../machines/words/ids.ts';
import { buildCatalogue, openUpstream } from '../upstream/upstream.ts';
import type {
  CatalogueTool,
  PrefixMode,
  ToolDefinition,
  Upstream,
  UpstreamConfig,
} from '../upstream/upstream.ts';
import type { Announcer } from './announcer.ts';
import type { BreakerConfig } from './breaker-config.ts';
import { openBreaker } from './breaker.ts';
import type { Breaker, BreakerEdge } from './breaker.ts';
import type { Clock, Log } from './clock.ts';
import { toIso } from './clock.ts';
import { openResource } from './resource.ts';
import type { Resource, ResourceView } from './resource.ts';

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
}

/** The way of one tool's calls: the breaker passes them on to the resource or refuses. */
export interface Route {
  readonly server: string;
  readonly tool: string;
  call(command: CallCommand): Promise<CallOutcome>;
}

export interface BreakerView {
  readonly id: string;
  readonly state: string;
  readonly retryAfterMs: number | null;
}

export interface Upstreams {
  resolve(name: string): Route | undefined;
  catalogue(): { readonly tools: readonly CatalogueTool[] };
  onChange(changed: () => void): () => void;
  resources(): readonly ResourceView[];
  breakers(): readonly BreakerView[];
  /** Resolves when every upstream has come up or failed once, or when the time is over. */
  settled(boundMs: number): Promise<void>;
  close(): Promise<void>;
}

const startTimeoutMs = 30_000;
const callTimeoutMs = 120_000;
/** A failed upstream is tried again when it is called, but not more often than this. */
const reviveMs = 30_000;

interface Guarded {
  readonly alias: string;
  readonly config: UpstreamConfig;
  readonly resource: Resource<Upstream>;
  readonly breaker: Breaker;
  tools: readonly ToolDefinition[];
  revivedAt: number;
}

/** Starts every upstream that is not disabled. */
export function openUpstreams(options: UpstreamsOptions): Upstreams {
  const { clock, log } = options;
  const listeners = new Set<() => void>();
  const guarded = new Map<string, Guarded>();
  /** Problems of the catalogue that were logged; a handful for each upstream. */
  const told = new Set<string>();
  let routes = new Map<string, Route>();
  let tools: readonly CatalogueTool[] = [];

  const rebuild = (): void => {
    const entries = [...guarded.values()].map((one) => ({
      alias: one.alias,
      tools: one.tools,
      ...(one.config.tools === undefined ? {} : { filter: one.config.tools }),
      stale: one.resource.current === undefined,
    }));
    const built = buildCatalogue(entries, { prefix: options.prefix, reserved: options.reserved });
    for (const problem of built.problems)
      log.warn({ server: problem.server, tool: problem.tool }, problem.sentence);
    tools = built.tools;
    routes = new Map(
      tools.flatMap((tool) => {
        const behind = guarded.get(tool.server);
        return behind === undefined ? [] : [[tool.name, toRoute(behind, tool.tool, clock)] as const];
      }),
    );
    for (const changed of listeners) changed();
  };

  const list = async (alias: string, upstream: Upstream): Promise<void> => {
    const one = guarded.get(alias);
    const listed = await upstream.listTools();
    if (one !== undefined) one.tools = listed;
    rebuild();
  };

  for (const [alias, config] of Object.entries(options.configs)) {
    if (config.disabled === true) continue;
    const resource = openResource<Upstream>({
      name: alias,
      what: 'url' in config ? `MCP server at ${toOrigin(config.url)}` : `MCP server ${config.command}`,
      start: async (broke) => {
        const upstream = await openUpstream({
          alias,
          config,
          clientInfo: options.clientInfo,
          log,
          env: options.env,
          startTimeoutMs,
          callTimeoutMs,
        });
        upstream.onClosed((why) => broke(new Error(why)));
        upstream.onToolsChanged(
          () =>
            void list(alias, upstream).catch((error: unknown) =>
              log.warn({ alias, err: String(error) }, 'the changed tools of an upstream could not be listed'),
            ),
        );
        try {
          await list(alias, upstream);
        } catch (error) {
          await upstream.close();
          throw error;
        }
        return upstream;
      },
      stop: (upstream) => upstream.close(),
      settings: { initMs: startTimeoutMs + 5_000 },
      clock,
      log,
      announcer: options.announcer,
      onChange: () => queueMicrotask(rebuild),
    });
    const breaker = openBreaker({
      id: `b-${toToken(alias)}`,
      config: options.breaker,
      clock,
      onEdge: (edge) => announceEdge(options, `b-${toToken(alias)}`, edge),
      log,
    });
    guarded.set(alias, { alias, config, resource, breaker, tools: [], revivedAt: 0 });
  }

  return {
    resolve: (name) => routes.get(name),
    catalogue: () => ({ tools }),
    onChange(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    resources: () => [...guarded.values()].map((one) => one.resource.view()),
    breakers: () =>
      [...guarded.values()].map(({ breaker }) => ({
        id: breaker.id,
        state: breaker.state,
        retryAfterMs: breaker.retryAfterMs(),
      })),
    async settled(boundMs) {
      const all = Promise.all([...guarded.values()].map((one) => one.resource.settled()));
      let cancel = (): void => undefined;
      const bound = new Promise<void>((resolve) => {
        cancel = clock.schedule(boundMs, resolve);
      });
      await Promise.race([all, bound]);
      cancel();
    },
    async close() {
      await Promise.all([...guarded.values()].map((one) => one.resource.dispose()));
      for (const one of guarded.values()) one.breaker.close();
    },
  };
}

function toRoute(one: Guarded, tool: string, clock: Clock): Route {
  return {
    server: one.alias,
    tool,
    async call(command) {
      const admission = one.breaker.permit();
      if (!admission.ok) {
        return {
          outcome: 'refused',
          code: 'breaker_open',
          message: `the upstream "${one.alias}" failed too often lately; its circuit breaker refuses calls for now`,
          retryAfterMs: admission.retryAfterMs ?? undefined,
        };
      }
      const begunAt = clock.monotonic();
      const upstream = one.resource.current;
      if (upstream === undefined) {
        one.breaker.done(admission.permit, 'ignored', 0);
        return refuseAbsent(one, clock);
      }
      const outcome = await upstream.call({
        tool,
        args: command.args,
        meta: command.meta,
        signal: command.signal,
        notify: command.notify,
      });
      one.breaker.done(admission.permit, toVerdict(outcome), clock.monotonic() - begunAt);
      return outcome;
    },
  };
}

/** Only what says something about the upstream's health counts; a tool's own error does not. */
function toVerdict(outcome: CallOutcome): 'ok' | 'err' | 'ignored' {
  if (outcome.outcome === 'finished') return 'ok';
  if (outcome.outcome === 'refused') return 'ignored';
  return outcome.countsAgainst ? 'err' : 'ignored';
}

function refuseAbsent(one: Guarded, clock: Clock): CallOutcome {
  const { state, lastError } = one.resource.view();
  if (state === 'failed' && clock.monotonic() - one.revivedAt > reviveMs) {
    one.revivedAt = clock.monotonic();
    one.resource.restart();
  }
  return {
    outcome: 'refused',
    code: 'upstream_unavailable',
    message: `the upstream "${one.alias}" is ${state}${lastError === null ? '' : `: ${lastError}`}`,
    retryAfterMs: 1_000,
  };
}

function announceEdge(options: UpstreamsOptions, id: string, edge: BreakerEdge): void {
  const { announcer, clock, log } = options;
  const actor = { namespace: systemNamespace, kind: 'breaker', id } as const;
  const data = { from: edge.from, to: edge.to, cause: { ...edge.cause } };
  if (edge.type === 'breaker.opened') {
    const openUntil = edge.retryAfterMs === null ? null : toIso(clock.now() + edge.retryAfterMs);
    announcer.announce('breaker.opened', actor, { ...data, openUntil });
    log.warn({ breaker: id, retryAfterMs: edge.retryAfterMs }, 'a circuit breaker opened');
    return;
  }
  announcer.announce(edge.type as 'breaker.closed', actor, data);
}

function toOrigin(url: string): string {
  try {
    const { origin, pathname } = new URL(url);
    return `${origin}${pathname}`;
  } catch {
    return 'an address that its configuration completes';
  }
}
