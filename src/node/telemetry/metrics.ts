/**
 * `GET /metrics`: the node for Prometheus. Figures are read when asked; a part that does not answer in time leaves its
 * figures out and says so with its own `up` gauge, it never holds up the rest.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Health } from '../../../machines/health.store.ts';
import type { Announcer, Boards, BreakerHints, Sessions } from '../../actors/actors.ts';
import { mayDo } from '../../../machines/words/scopes.ts';
import type { GatewayNeeds, Shedding } from '../../gateway/gateway.ts';
import type { EventLogFigures, Wire } from '../../wire/wire.ts';
import { readActorFamilies } from '../actor-families.ts';
import type { ActorFamiliesOptions } from '../actor-families.ts';
import type { Counters } from './counters.ts';
import { expositionType, toExposition, toSingle, toStateSamples } from './exposition.ts';
import type { Family } from './exposition.ts';

export interface MetricsOptions extends ActorFamiliesOptions {
  readonly version: string;
  readonly admit: GatewayNeeds['admit'];
  readonly counters: Counters;
  readonly wire: Wire;
  readonly hints: BreakerHints['figures'];
  readonly boards: Boards;
  /** Brings the boards up to date in what nobody tells by itself. */
  readonly refresh: () => Promise<void>;
  readonly sessions: Pick<Sessions, 'size'>;
  readonly eventLog: { figures(): EventLogFigures };
  readonly announcer: Pick<Announcer, 'unrecorded'>;
  readonly state: () => string;
  /** Actors of this process that an inspector watches just now. */
  readonly inspected: () => number;
  readonly shedding: () => Shedding['figures'];
}

export interface Metrics {
  /** False when the path is not its own; then nothing has been written. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
  close(): void;
}

const breakerStates = ['closed', 'open', 'halfOpen', 'isolated', 'disabled', 'metricsOnly'] as const;
const nodeStates = ['booting', 'running', 'degraded', 'draining', 'stopped'] as const;
const engineStates = ['running', 'stopped', 'unavailable'] as const;
const loopResolutionMs = 20;
const nanosPerSecond = 1e9;

/** Opens the face; it begins to measure the event loop. */
export function openMetrics(options: MetricsOptions): Metrics {
  const loop = monitorEventLoopDelay({ resolution: loopResolutionMs });
  loop.enable();
  const read = async (): Promise<string> => {
    const [dead, actors] = await Promise.all([
      countDead(options.wire),
      readActorFamilies(options),
      options.refresh(),
    ]);
    const families = [
      ...options.counters.families(),
      ...toNodeFamilies(options),
      ...toEventFamilies(options.eventLog.figures(), options.announcer.unrecorded),
      ...toBusFamilies(options.wire, dead),
      ...actors,
      ...toCatalogueFamilies(options.boards),
      ...toLearningFamilies(options.boards.health.read().learner),
      ...toProcessFamilies(loop),
    ];
    loop.reset();
    return toExposition(families);
  };
  return {
    handle(req, res) {
      if ((req.url ?? '').split('?', 1)[0] !== '/metrics') return false;
      answer(req, res, options.admit, read).catch(() => res.destroy());
      return true;
    },
    close: () => void loop.disable(),
  };
}

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  admit: MetricsOptions['admit'],
  read: () => Promise<string>,
): Promise<void> {
  const { authorization, host, origin } = req.headers;
  const admission = await admit({ authorization, host, origin, remoteAddress: req.socket.remoteAddress });
  const send = (status: number, type: string, text: string, headers: Record<string, string> = {}): void => {
    res.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers });
    res.end(text);
  };
  const plain = 'text/plain; charset=utf-8';
  if (!admission.ok) {
    const ask =
      admission.status === 401 ? { 'www-authenticate': admission.challenge ?? 'Bearer' } : undefined;
    return send(admission.status, plain, `${admission.sentence}\n`, ask);
  }
  if (!mayDo(admission.principal, 'node:read'))
    return send(403, plain, 'the figures need the scope node:read\n');
  if (req.method !== 'GET' && req.method !== 'HEAD')
    return send(405, plain, 'use GET here\n', { allow: 'GET, HEAD' });
  return send(200, expositionType, await read());
}

function toNodeFamilies({
  version,
  state,
  sessions,
  hints,
  boards,
  inspected,
  shedding,
}: MetricsOptions): readonly Family[] {
  const { resources, breakers } = boards.health.read();
  return [
    {
      name: 'drey_node_info',
      type: 'gauge',
      help: 'Always 1; says which version runs.',
      samples: [{ labels: { version }, value: 1 }],
    },
    {
      name: 'drey_node_state',
      type: 'gauge',
      help: 'The node as an actor: 1 for the state it is in.',
      samples: toStateSamples({}, state(), nodeStates),
    },
    toSingle('drey_sessions', 'gauge', 'Live sessions.', sessions.size),
    toSingle('drey_requests', 'gauge', 'MCP requests over HTTP under way.', shedding().underWay),
    toSingle('drey_requests_waiting', 'gauge', 'Those of them that wait for their turn.', shedding().waiting),
    toSingle('drey_requests_shed_total', 'counter', 'MCP requests sent away.', shedding().sentAway),
    toSingle('drey_inspected_actors', 'gauge', 'Actors that an inspector watches.', inspected()),
    {
      name: 'drey_breaker_state',
      type: 'gauge',
      help: 'Circuit breakers: 1 for the state each is in.',
      samples: Object.values(breakers).flatMap(({ id, state: now }) =>
        toStateSamples({ breaker: id }, now, breakerStates),
      ),
    },
    {
      name: 'drey_breaker_hints_total',
      type: 'counter',
      help: 'Hints between the breakers of several nodes, by what became of them.',
      samples: Object.entries(hints()).map(([outcome, value]) => ({ labels: { outcome }, value })),
    },
    {
      name: 'drey_resource_up',
      type: 'gauge',
      help: 'Upstreams, bus, database and learner process: 1 while healthy or degraded.',
      samples: Object.values(resources).map(({ id, state: now }) => ({
        labels: { resource: id },
        value: now === 'healthy' || now === 'degraded' ? 1 : 0,
      })),
    },
  ];
}

function toEventFamilies(figures: EventLogFigures, unrecorded: number): readonly Family[] {
  const { waiting, oldestMs, lagging, appended, diskBytes, spoiled, setAside, appendUs, ackMs } = figures;
  const quantiles = ({ p50, p95, p99, count }: EventLogFigures['ackMs'], perSecond: number) => [
    { labels: { quantile: '0.5' }, value: p50 / perSecond },
    { labels: { quantile: '0.95' }, value: p95 / perSecond },
    { labels: { quantile: '0.99' }, value: p99 / perSecond },
    { suffix: '_count', value: count },
  ];
  return [
    {
      name: 'drey_event_append_seconds',
      type: 'summary',
      help: 'Emission: the time an append to the event log takes.',
      samples: quantiles(appendUs, 1e6),
    },
    {
      name: 'drey_event_ack_seconds',
      type: 'summary',
      help: 'From the append until the bus has acknowledged.',
      samples: quantiles(ackMs, 1e3),
    },
    toSingle('drey_events_appended_total', 'counter', 'Events appended to the event log.', appended),
    toSingle('drey_events_waiting', 'gauge', 'Events in the log that the bus has not acknowledged.', waiting),
    toSingle('drey_events_oldest_seconds', 'gauge', 'Lag: the age of the oldest of them.', oldestMs / 1e3),
    toSingle('drey_event_lag_alarm', 'gauge', '1 while too many of them wait.', lagging ? 1 : 0),
    toSingle('drey_event_log_bytes', 'gauge', 'Spill: disk used by the event log.', diskBytes),
    toSingle('drey_events_set_aside_total', 'counter', 'Events the bus will never take.', setAside),
    toSingle('drey_event_log_spoiled_total', 'counter', 'Lines of the log that a crash spoiled.', spoiled),
    toSingle('drey_events_unrecorded_total', 'counter', 'Events lost to a full or broken log.', unrecorded),
  ];
}

function toBusFamilies(wire: Wire, dead: number | null): readonly Family[] {
  const up = wire.status === 'connected' ? 1 : 0;
  return [
    toSingle('drey_bus_up', 'gauge', '1 while the bus is connected.', up),
    ...(dead === null ? [] : [toSingle('drey_dead_letters', 'gauge', 'Messages nobody could handle.', dead)]),
  ];
}

function toCatalogueFamilies({ catalogue }: Boards): readonly Family[] {
  const { face, tools, held } = catalogue.read();
  const stale = tools.filter((tool) => tool.stale).length;
  return [
    {
      name: 'drey_catalogue_tools',
      type: 'gauge',
      help: 'Tools of upstreams: listed, listed though their upstream is away (stale), or held back.',
      samples: [
        { labels: { state: 'live' }, value: tools.length - stale },
        { labels: { state: 'stale' }, value: stale },
        { labels: { state: 'held' }, value: held.length },
      ],
    },
    toSingle('drey_catalogue_changes_total', 'counter', 'Changes that clients were told of.', face.version),
  ];
}

function toLearningFamilies(learner: Health['learner']): readonly Family[] {
  const up = learner.engineStatus === 'running' ? 1 : 0;
  const reached: readonly Family[] =
    learner.behind === null
      ? []
      : [
          toSingle(
            'drey_learning_behind',
            'gauge',
            'Events and episodes not learned from yet.',
            learner.behind,
          ),
          toSingle('drey_learning_learners', 'gauge', 'Learners that share the work.', learner.learners ?? 1),
          {
            name: 'drey_worker_starts_total',
            type: 'counter',
            help: 'Starts of each worker in the life of its process; more than one means restarts.',
            samples: learner.workers.map(({ name, attempts }) => ({
              labels: { worker: name },
              value: attempts,
            })),
          },
        ];
  return [
    toSingle('drey_learning_up', 'gauge', '1 while the learning engine answers that it runs.', up),
    {
      name: 'drey_learning_state',
      type: 'gauge',
      help: 'The learning engine: 1 for the state it is in.',
      samples: toStateSamples({}, learner.engineStatus, engineStates),
    },
    ...reached,
    ...(learner.held === null ? [] : toHeldFamilies(learner.held)),
  ];
}

function toHeldFamilies({ episodes, clusters, share }: NonNullable<Health['learner']['held']>): Family[] {
  return [
    toSingle('drey_learning_held_episodes', 'gauge', 'Episodes that learning holds in memory.', episodes),
    toSingle('drey_learning_held_clusters', 'gauge', 'Kinds of tasks among them.', clusters),
    toSingle(
      'drey_learning_held_share',
      'gauge',
      'Of the fullest namespace, the share of its episodes that is learned from.',
      share,
    ),
  ];
}

function toProcessFamilies(loop: ReturnType<typeof monitorEventLoopDelay>): readonly Family[] {
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  const delay = (fraction: number): number => loop.percentile(fraction) / nanosPerSecond;
  return [
    toSingle('process_resident_memory_bytes', 'gauge', 'Resident memory.', memory.rss),
    toSingle('nodejs_heap_used_bytes', 'gauge', 'Heap in use.', memory.heapUsed),
    toSingle('process_cpu_seconds_total', 'counter', 'CPU time used.', (cpu.user + cpu.system) / 1e6),
    {
      name: 'nodejs_eventloop_delay_seconds',
      type: 'summary',
      help: 'Delay of the event loop since the last scrape.',
      samples: [
        { labels: { quantile: '0.5' }, value: delay(50) },
        { labels: { quantile: '0.99' }, value: delay(99) },
        { labels: { quantile: '1' }, value: loop.max / nanosPerSecond },
      ],
    },
  ];
}

async function countDead(wire: Wire): Promise<number | null> {
  try {
    return (await wire.streamInfo('dead')).messages;
  } catch {
    return null;
  }
}
