/**
 * A thousand principals' sessions in fifty namespaces, in an open model: each call has an intended start, and its latency
 * counts from there, so that a gateway that stalls cannot hide behind callers that wait. Steady load with the learner
 * running, killed and catching up, a burst, then more and more until it is too much. Every session holds an event stream
 * open, and one request in a hundred is broken.
 */
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { packageRoot, startNodeProcess } from '../journeys/demo/node.ts';
import type { NodeProcess } from '../journeys/demo/node.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { openRawSession } from './load.ts';
import type { RawSession } from './load.ts';
import { measure, quantile } from './measure.ts';
import type { Bench, Measure } from './measure.ts';

const sessionsCount = 1_000;
const namespacesCount = 50;
const steadyPerSecond = 500;
const burstCount = 1_000;
/** What a call asks of the upstream itself. */
const upstreamMs = 20;
const stepFactor = 1.4;
const stepsMax = 8;

interface Outcome {
  readonly kind: string;
  readonly fromIntendedMs: number;
  /** Refused with a hint when to come back, as overload should be. */
  readonly isShed: boolean;
  readonly isError: boolean;
}

const json = (value: unknown): string => JSON.stringify(value);
const tool = (name: string, args: object): string => json({ name, arguments: args });

const badParams = [
  '{"name":"up__tool_0","arguments":{"n":',
  '{"name":"up__tool_0","name":"acontext_get_sops","arguments":{}}',
  '{"name":7}',
  '{"name":"acontext_get_sops","arguments":{"limit":1e9,"trigger_pattern":"\\u0000"}}',
];

/** The mix: proxied calls, procedures, context, feedback about nothing (an error of the tool, and cheap), lists. */
const kinds: readonly { kind: string; share: number; method: string; params: (n: number) => string }[] = [
  {
    kind: 'call',
    share: 0.69,
    method: 'tools/call',
    params: (n) => tool('up__tool_0', { n, slowMs: upstreamMs }),
  },
  {
    kind: 'get_sops',
    share: 0.1,
    method: 'tools/call',
    params: (n) => tool('acontext_get_sops', { trigger_pattern: `count the words of note ${n % 7}` }),
  },
  {
    kind: 'inject',
    share: 0.1,
    method: 'tools/call',
    params: (n) =>
      tool('acontext_inject_context', { current_task: `count words ${n % 7}`, recent_memories: [] }),
  },
  {
    kind: 'feedback',
    share: 0.05,
    method: 'tools/call',
    params: () => tool('acontext_record_feedback', { pattern_id: 'p-none', helpful: true }),
  },
  { kind: 'list', share: 0.05, method: 'tools/list', params: () => '{}' },
  // What comes broken must be told so, and cost nobody else anything.
  { kind: 'bad', share: 0.01, method: 'tools/call', params: (n) => badParams[n % badParams.length] ?? '' },
];

function toKind(n: number): (typeof kinds)[number] {
  // A low-discrepancy sequence: the mix is right over any stretch, and the same in every run.
  let point = (n * 0.618_033_988_749_895) % 1;
  for (const one of kinds) {
    if (point < one.share) return one;
    point -= one.share;
  }
  return kinds[0] as (typeof kinds)[number];
}

/** Sends calls at their intended times; resolves when all have ended. */
async function offer(
  sessions: readonly RawSession[],
  perSecond: number,
  seconds: number,
): Promise<Outcome[]> {
  const count = Math.round(perSecond * seconds);
  const begun = performance.now();
  const all: Promise<Outcome>[] = [];
  for (let n = 0; n < count; n += 1) {
    const intended = begun + (n * 1_000) / perSecond;
    const early = intended - performance.now();
    if (early > 1) await pause(early);
    all.push(askOne(sessions, n, intended));
  }
  return Promise.all(all);
}

async function askOne(sessions: readonly RawSession[], n: number, intended: number): Promise<Outcome> {
  const { kind, method, params } = toKind(n);
  // Sessions take turns in an order that is not the order of namespaces.
  const session = sessions[(n * 379) % sessions.length] as RawSession;
  const answer = await session.ask(method, params(n)).catch(() => undefined);
  const fromIntendedMs = performance.now() - intended;
  const isShed = answer?.status === 503 || answer?.text.includes('"limit_reached"') === true;
  const isTold = kind === 'bad' ? /"error"|"isError":true/ : /"result"/;
  const isError = !isShed && (answer === undefined || !isTold.test(answer.text));
  return { kind, fromIntendedMs, isShed, isError };
}

const latencies = (outcomes: readonly Outcome[], kind?: string): number[] =>
  outcomes
    .filter((one) => !one.isShed && !one.isError && (kind === undefined || one.kind === kind))
    .map(({ fromIntendedMs }) => fromIntendedMs);

function summarize(name: string, outcomes: readonly Outcome[], target?: number): Measure[] {
  const calls = latencies(outcomes, 'call').map((ms) => ms - upstreamMs);
  const share = (what: readonly Outcome[]): number => (what.length * 100) / outcomes.length;
  return [
    measure(`load.${name}.added_p50_ms`, quantile(calls, 0.5), 'ms', 'lower'),
    measure(`load.${name}.added_p95_ms`, quantile(calls, 0.95), 'ms', 'lower', target),
    measure(`load.${name}.added_p99_ms`, quantile(calls, 0.99), 'ms', 'lower'),
    measure(`load.${name}.own_p95_ms`, quantile(latencies(outcomes, 'inject'), 0.95), 'ms', 'lower'),
    measure(`load.${name}.errors_pct`, share(outcomes.filter(({ isError }) => isError)), '%', 'lower', 0.1),
    measure(`load.${name}.shed_pct`, share(outcomes.filter(({ isShed }) => isShed)), '%', 'lower'),
  ];
}

interface StatusView {
  readonly memory: { readonly rssBytes: number };
  readonly learning: { readonly pid?: number; readonly behind?: number };
  readonly events: { readonly waiting: number };
}

export const loadBench: Bench = {
  name: 'load',
  about:
    '1,000 sessions in 50 namespaces at intended times: steady, with the learner killed, a burst, the knee',
  run: async ({ quick }) => {
    const folder = await temporaryFolder('drey-bench');
    const config = join(folder.path, 'drey.json');
    const args = [join(packageRoot, 'test/fixtures/upstreams/echo.mjs')];
    const up = { command: process.execPath, args, callsMax: 1_000 };
    await writeFile(config, json({ mcpServers: { up } }));
    const node = await startNodeProcess({ dataFolder: join(folder.path, 'data'), config });
    const agent = new Agent({ keepAlive: true, maxSockets: 2 * sessionsCount });
    try {
      return await runAll(node, agent, quick ? 3 : 20);
    } finally {
      agent.destroy();
      await node.stop();
      await folder.remove();
    }
  },
};

async function runAll(node: NodeProcess, agent: Agent, seconds: number): Promise<Measure[]> {
  const sessions: RawSession[] = [];
  let streamsLost = 0;
  const streams: (() => void)[] = [];
  for (let n = 0; n < sessionsCount; n += 1) {
    const key = await makeKey(node, n);
    const session = await openRawSession(`${node.url}/mcp`, agent, { key });
    streams.push(await session.listen(() => (streamsLost += 1)));
    sessions.push(session);
  }
  await offer(sessions, steadyPerSecond / 2, seconds / 4); // warm
  const steady = await offer(sessions, steadyPerSecond, seconds);
  const status = (): Promise<StatusView> => node.get<StatusView>('/api/v1/status');
  const { memory, events, learning } = await status();
  if (learning.pid !== undefined) process.kill(learning.pid, 'SIGKILL');
  const killed = await offer(sessions, steadyPerSecond, seconds);
  const burst = await offer(sessions, burstCount * 10, 0.1);
  const mega = 1024 * 1024;
  const lost = streamsLost;
  const knee = await findKnee(sessions, Math.max(4, seconds / 2));
  for (const close of streams) close();
  return [
    ...summarize('steady', steady, 50),
    ...summarize('learner_killed', killed, 50),
    ...summarize('burst', burst),
    measure('load.events_waiting', events.waiting, 'events', 'lower', 1_000),
    measure('load.node.rss_mb', memory.rssBytes / mega, 'MB', 'lower', 200),
    measure('load.streams_lost', lost, 'streams', 'lower', 0),
    ...knee,
  ];
}

/** A principal of its own for each session. */
async function makeKey(node: NodeProcess, n: number): Promise<string> {
  const path = `/api/v1/keys?namespace=load-${n % namespacesCount}`;
  const { key } = await node.post<{ key: string }>(path, { agent: `agent-${n}` });
  return key;
}

/** More and more, until it is too much; then what it still does, and how quickly it sends the rest away. */
async function findKnee(sessions: readonly RawSession[], seconds: number): Promise<Measure[]> {
  let best = 0;
  let rate = steadyPerSecond;
  let last: readonly Outcome[] = [];
  for (let step = 0; step < stepsMax; step += 1) {
    const begun = performance.now();
    last = await offer(sessions, rate, seconds);
    const good = latencies(last);
    const goodput = (good.length * 1_000) / (performance.now() - begun);
    if (goodput > best) best = goodput;
    if (quantile(good, 0.95) > 1_000 || good.length < last.length * 0.9) {
      const shed = last.filter(({ isShed }) => isShed).map(({ fromIntendedMs }) => fromIntendedMs);
      return [
        measure('load.knee.calls_per_s', best, 'calls/s', 'higher'),
        measure('load.beyond.offered_per_s', rate, 'calls/s', 'higher'),
        measure('load.beyond.goodput_ratio', goodput / best, '×', 'higher', 0.8),
        measure('load.beyond.shed_pct', (shed.length * 100) / last.length, '%', 'lower'),
        ...(shed.length === 0
          ? []
          : [measure('load.beyond.shed_p95_ms', quantile(shed, 0.95), 'ms', 'lower')]),
      ];
    }
    rate = Math.round(rate * stepFactor);
  }
  return [measure('load.knee.calls_per_s', best, 'calls/s', 'higher')];
}
