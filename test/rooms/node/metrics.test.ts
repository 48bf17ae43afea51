// The node's figures for Prometheus: the format, what is counted, and that a part that is away holds up nothing.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { openBoards } from '../../../src/actors/actors.ts';
import { readActorFamilies } from '../../../src/node/actor-families.ts';
import { createClock } from '../../../src/node/clock.ts';
import { createCounters } from '../../../src/node/telemetry/counters.ts';
import { toExposition, toStateSamples } from '../../../src/node/telemetry/exposition.ts';
import { openMetrics } from '../../../src/node/telemetry/metrics.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { createSimulatedClock } from '../actors/world.ts';

const recorded = { hash: 'x', sizeBytes: 1, shape: 'null', cut: false } as const;

function toCall(type: 'call.finished' | 'call.failed', durationMs: number, facts: object = {}): DreyEvent {
  return {
    id: 'v-1',
    type,
    at: '2026-01-01T00:00:00.000Z',
    namespace: 'acme',
    actor: { kind: 'session', id: 's-1' },
    version: 1,
    data: {
      callId: 'k-1',
      principal: 'p',
      taskId: null,
      server: 'fs',
      tool: 'read',
      name: 'fs__read',
      args: recorded,
      result: recorded,
      isError: false,
      startedAt: '2026-01-01T00:00:00.000Z',
      durationMs,
      imported: false,
      code: 'unexpected',
      message: '',
      ...facts,
    },
  };
}

describe('the text', () => {
  it('is the Prometheus format, with labels escaped and empty families left out', () => {
    const text = toExposition([
      {
        name: 'a_total',
        type: 'counter',
        help: 'One\nline.',
        samples: [{ labels: { x: 'q"\\\n' }, value: 2 }, { value: Number.POSITIVE_INFINITY }],
      },
      { name: 'b', type: 'gauge', help: 'Nothing.', samples: [] },
    ]);
    expect(text).toBe(
      '# HELP a_total One\\nline.\n# TYPE a_total counter\na_total{x="q\\"\\\\\\n"} 2\na_total +Inf\n',
    );
  });

  it('says of a state 1, and 0 of the others', () => {
    expect(toStateSamples({ id: 'b' }, 'open', ['closed', 'open'])).toEqual([
      { labels: { id: 'b', state: 'closed' }, value: 0 },
      { labels: { id: 'b', state: 'open' }, value: 1 },
    ]);
  });
});

describe('the counters', () => {
  it('count calls by upstream and outcome, and their time in cumulative buckets', () => {
    const counters = createCounters();
    for (const ms of [0.5, 3, 3, 70_000]) counters.note(toCall('call.finished', ms));
    counters.note(toCall('call.failed', 20));
    counters.note(toCall('call.finished', 20, { imported: true }));
    const text = toExposition(counters.families());
    for (const line of [
      'drey_events_total{type="call.finished"} 5',
      'drey_calls_total{server="fs",outcome="finished"} 4',
      'drey_calls_total{server="fs",outcome="failed"} 1',
      'drey_call_duration_seconds_bucket{server="fs",le="0.001"} 1',
      'drey_call_duration_seconds_bucket{server="fs",le="0.005"} 3',
      'drey_call_duration_seconds_bucket{server="fs",le="60"} 4',
      'drey_call_duration_seconds_bucket{server="fs",le="+Inf"} 5',
      'drey_call_duration_seconds_count{server="fs"} 5',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('keep a bounded number of upstreams apart', () => {
    const counters = createCounters();
    for (let server = 0; server < 500; server += 1)
      counters.note(toCall('call.finished', 1, { server: `s${server}` }));
    const calls = counters.families().find(({ name }) => name === 'drey_calls_total');
    const rest = calls?.samples.find(({ labels }) => labels?.['server'] === '');
    expect([calls?.samples.length, rest?.value]).toEqual([201, 300]);
  });
});

describe('what waits in the database', () => {
  const read = (outbox: Promise<{ waiting: number; oldestMs: number }>, clock = createSimulatedClock()) =>
    readActorFamilies({
      clock,
      roots: { figures: () => new Map() },
      relay: { published: 0 },
      outbox: () => outbox,
      tracing: { figures: () => undefined },
    }).then(toExposition);

  it('is told when it is known in time, and nothing of what is not there is told at all', async () => {
    const lines = (await read(Promise.resolve({ waiting: 3, oldestMs: 2_500 }))).split('\n');
    expect(lines).toContain('drey_outbox_waiting 3');
    expect(lines).toContain('drey_outbox_oldest_seconds 2.5');
    expect(lines.filter((line) => /^drey_(?:durable|commits|effects|spans)/.test(line))).toEqual([]);
  });

  it('is left out when the database fails or takes too long', async () => {
    expect(await read(Promise.reject(new Error('away')))).not.toContain('drey_outbox_waiting');
    const clock = createSimulatedClock();
    const late = read(new Promise(() => undefined), clock);
    await clock.advance(500);
    expect(await late).not.toContain('drey_outbox_waiting');
    expect(clock.pending).toBe(0);
  });
});

describe('the face', () => {
  it('answers with every family while bus and engine are away, and asks for a key where one is needed', async () => {
    const away = async (): Promise<never> => Promise.reject(new Error('away'));
    const boards = openBoards(quietLog);
    const nats = { id: 'r-nats', what: 'nats', state: 'healthy', lastError: null, code: null };
    boards.health.send({ type: 'resource.told', view: nats, at: 1 });
    boards.health.send({ type: 'breaker.told', view: { id: 'b-fs', state: 'open', retryAt: 9 }, at: 2 });
    const tool = { name: 'fs__read', server: 'fs', tool: 'read', definition: {}, stale: true };
    boards.catalogue.send({ type: 'listed', tools: [tool], at: 3 });
    const quantiles = { count: 3, p50: 20, p95: 40, p99: 80, max: 90 };
    const metrics = openMetrics({
      version: '1.2.3',
      admit: ({ authorization }) =>
        authorization === 'Bearer right'
          ? {
              ok: true,
              principal: {
                id: 'a',
                namespace: 'a',
                local: false,
                mayNameNamespaces: false,
                scopes: ['node:read'],
              },
            }
          : { ok: false, status: 401, code: 'principal_unknown', sentence: 'no such key' },
      counters: createCounters(),
      // Only what the face asks of the wire; all of it fails, as when the bus is away.
      wire: { status: 'disconnected', ask: away, streamInfo: away } as unknown as Wire,
      boards,
      refresh: async () => undefined,
      hints: () => ({ told: 1, lost: 0, taken: 2, moot: 0, unknown: 0, refused: 0 }),
      sessions: { size: 4 },
      eventLog: {
        figures: () => ({
          waiting: 7,
          oldestMs: 1_500,
          lagging: true,
          appended: 9,
          diskBytes: 100,
          spoiled: 0,
          setAside: 2,
          appendUs: quantiles,
          ackMs: quantiles,
        }),
      },
      announcer: { unrecorded: 1 },
      state: () => 'degraded',
      clock: createClock(),
      roots: { figures: () => new Map([['session', { live: 4, activations: 6 }]]) },
      relay: { published: 12 },
      outbox: away,
      durable: () => ({
        residents: 2,
        activations: 3,
        passivations: 1,
        commits: new Map([['context', 5]]),
        effects: { done: 4, failed: 2, buried: 1 },
      }),
      tracing: { figures: () => ({ sent: 10, lost: 3 }) },
      inspected: () => 2,
      shedding: () => ({ underWay: 9, waiting: 2, sentAway: 3 }),
    });
    const server = createServer((req, res) => void (metrics.handle(req, res) || res.writeHead(404).end()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const get = (headers: Record<string, string>, method = 'GET') =>
      fetch(`${url}/metrics`, { headers, method });
    const reply = await get({ authorization: 'Bearer right' });
    expect(reply.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = (await reply.text()).split('\n');
    for (const line of [
      'drey_node_info{version="1.2.3"} 1',
      'drey_node_state{state="degraded"} 1',
      'drey_sessions 4',
      'drey_inspected_actors 2',
      'drey_requests 9',
      'drey_requests_waiting 2',
      'drey_requests_shed_total 3',
      'drey_breaker_state{breaker="b-fs",state="open"} 1',
      'drey_breaker_hints_total{outcome="taken"} 2',
      'drey_resource_up{resource="r-nats"} 1',
      'drey_event_append_seconds{quantile="0.95"} 0.00004',
      'drey_events_waiting 7',
      'drey_events_oldest_seconds 1.5',
      'drey_event_lag_alarm 1',
      'drey_events_set_aside_total 2',
      'drey_events_unrecorded_total 1',
      'drey_catalogue_tools{state="stale"} 1',
      'drey_catalogue_changes_total 1',
      'drey_bus_up 0',
      'drey_actors{kind="session"} 4',
      'drey_actor_activations_total{kind="session"} 6',
      'drey_durable_actors 2',
      'drey_durable_activations_total 3',
      'drey_durable_passivations_total 1',
      'drey_commits_total{kind="context"} 5',
      'drey_effects_total{outcome="buried"} 1',
      'drey_outbox_published_total 12',
      'drey_spans_total{outcome="lost"} 3',
      'drey_learning_up 0',
      'drey_learning_state{state="unavailable"} 1',
    ])
      expect(lines).toContain(line);
    expect(lines.some((line) => line.startsWith('nodejs_eventloop_delay_seconds{quantile="0.99"}'))).toBe(
      true,
    );
    expect(lines.some((line) => line.startsWith('process_resident_memory_bytes '))).toBe(true);
    expect([(await get({})).status, (await get({ authorization: 'Bearer right' }, 'POST')).status]).toEqual([
      401, 405,
    ]);
    expect((await fetch(`${url}/metric`)).status).toBe(404);
    metrics.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
