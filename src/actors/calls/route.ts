/**
 * The way of one tool's calls: the upstream's guards (breaker, bulkhead, time, retries) pass a call on to its resource,
 * or refuse it. What a call says about the upstream's health is told to the breaker exactly once.
 */
import type { CallCommand, CallOutcome, ClientAbility } from '../../../machines/words/calls.ts';
import type { Span } from '../../../machines/words/traces.ts';
import type { Upstream, UpstreamCall } from '../../upstream/upstream.ts';
import type { Clock } from '../clock.ts';
import { guardCall } from './guards.ts';
import { toConnectionKey } from '../upstreams/connections.ts';
import type { Borrowed, ConnectionKey } from '../upstreams/connections.ts';
import type { Guards } from './guards.ts';
import { isRepeatable } from './repeatable.ts';
import type { Standby } from '../upstreams/standby.ts';

/** Where a tool's calls go. */
export interface Route {
  readonly server: string;
  readonly tool: string;
  /** The namespace says whose turn it is where calls have to wait. */
  call(command: CallCommand, namespace: string): Promise<CallOutcome>;
}

type Asked = Pick<Upstream, 'call'>;

/** An upstream behind its guards. */
export interface Guarded {
  readonly alias: string;
  readonly resource: Pick<
    Standby<Asked & Pick<Upstream, 'isModern'>>,
    'current' | 'view' | 'restart' | 'arrive'
  >;
  /** Connections that not everybody may share. */
  readonly connections: {
    use(
      key: ConnectionKey,
      asked: Borrowed,
      call: (upstream: Asked) => Promise<CallOutcome>,
    ): Promise<CallOutcome>;
  };
  /** Whether each principal has credentials of its own. */
  readonly isEach: boolean;
  /** Whether clients that can be asked something have connections apart. */
  readonly isApart: boolean;
  /** How long a call waits for an upstream that starts. */
  readonly startMs: number;
  readonly guards: Guards;
  /** Tools that may be tried again. */
  readonly idempotent: readonly string[];
  /** When somebody's call last made it start again; on the monotonic clock. */
  revivedAt: number;
}

/** A failed upstream is tried again when it is called, but not more often than this. */
const reviveMs = 30_000;
const absentRetryMs = 1_000;

/** The route of one tool. */
export function toRoute(one: Guarded, tool: string, clock: Pick<Clock, 'monotonic'>): Route {
  const repeatable = isRepeatable('tools/call', tool, one.idempotent);
  return {
    server: one.alias,
    tool,
    call(command, namespace) {
      const { args, asker, inputs, meta, notify, signal, span, traceparent } = command;
      return guardCall(one.guards, {
        namespace,
        signal,
        isRepeatable: repeatable,
        work: async (trySignal) => {
          const asked = { tool, args, asker, inputs, meta, notify, signal: trySignal, traceparent };
          const send = (upstream: Asked): Promise<CallOutcome> =>
            span === undefined ? upstream.call(asked) : callTraced(upstream, asked, span, one.alias);
          const upstream = one.resource.current;
          // The usual way: it is up, and everybody shares it.
          const isUsual = !one.isEach && !one.isApart && command.abilities === undefined;
          if (upstream !== undefined && isUsual) return send(upstream);
          return findWay(
            one,
            one.isApart ? withAbilities(command) : command,
            { namespace, signal: trySignal },
            send,
            clock,
          );
        },
      });
    },
  };
}

const abilities = ['elicitation', 'roots', 'sampling'] as const satisfies readonly ClientAbility[];

/** The call with what its client can be asked. */
function withAbilities(command: CallCommand): CallCommand {
  const { capabilities = {} } = command.asker ?? {};
  const able = abilities.filter((ability) => Object.hasOwn(capabilities, ability));
  return able.length === 0 || command.abilities !== undefined ? command : { ...command, abilities: able };
}

/** Waits for one that starts, or goes over a connection of the caller's own kind. */
async function findWay(
  one: Guarded,
  command: CallCommand,
  asked: Borrowed,
  send: (upstream: Asked) => Promise<CallOutcome>,
  clock: Pick<Clock, 'monotonic'>,
): Promise<CallOutcome> {
  const { connections, isEach, resource, startMs } = one;
  // Who has a connection of one's own needs the one for everybody only to know its era.
  const isOwn = toConnectionKey({ isEach, isModern: true }, command) !== undefined;
  const needsIt = !isOwn || (command.abilities?.length ?? 0) > 0;
  const bound = { boundMs: startMs, signal: asked.signal };
  const upstream = needsIt ? await resource.arrive(bound) : undefined;
  const key = toConnectionKey({ isEach, isModern: upstream?.isModern === true }, command);
  if (key !== undefined) return connections.use(key, asked, send);
  return upstream === undefined ? refuseAbsent(one, clock) : send(upstream);
}

/** Each try is a span of its own, and the upstream's parent. It is told by its codes only. */
async function callTraced(
  upstream: Pick<Upstream, 'call'>,
  asked: UpstreamCall,
  span: Span,
  alias: string,
): Promise<CallOutcome> {
  const facts = {
    'mcp.method.name': 'tools/call',
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': asked.tool,
    'drey.upstream': alias,
  };
  const mine = span.child(`tools/call ${asked.tool}`, { kind: 'client', facts });
  let failure: string | undefined = 'unexpected';
  try {
    const outcome = await upstream.call({ ...asked, traceparent: mine.traceparent });
    failure = outcome.outcome === 'finished' ? undefined : outcome.code;
    if (outcome.outcome === 'finished' && outcome.isError) failure = 'tool_error';
    return outcome;
  } finally {
    mine.end(failure);
  }
}

/** The refusal of an upstream that is not there; one that has failed is started again, but not too often. */
export function refuseAbsent(one: Guarded, clock: Pick<Clock, 'monotonic'>): CallOutcome {
  const { state, lastError } = one.resource.view();
  if (state === 'failed' && clock.monotonic() - one.revivedAt > reviveMs) {
    one.revivedAt = clock.monotonic();
    one.resource.restart();
  }
  return {
    outcome: 'refused',
    code: 'upstream_unavailable',
    message: `the upstream "${one.alias}" is ${state}${lastError === null ? '' : `: ${lastError}`}`,
    retryAfterMs: absentRetryMs,
  };
}
