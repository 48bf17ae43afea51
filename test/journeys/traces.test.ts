/**
 * One trace from the client through node, upstream, event and learner, as a collector sees it; and that a collector that
 * is broken costs nobody anything.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTraceparent } from '../../machines/words/traces.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import type { OtlpReceiver } from '../support/otlp-receiver.ts';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createPlace } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { readStatus, untilHealthy } from './rig/status.ts';
import { lookAt } from './rig/truth.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const given = `00-${traceId}-${spanId}-01`;
const secret = 'hunter2-in-the-arguments';

let collector: OtlpReceiver;
let place: Place;
let node: NodeProcess;
let client: Client;

beforeAll(async () => {
  collector = await startOtlpReceiver();
  place = await createPlace({
    mcpServers: {
      echo: { command: process.execPath, args: [join(packageRoot, 'test/fixtures/upstreams/echo.mjs')] },
    },
  });
  const env = {
    ...place.env,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=of-the-test',
    OTEL_SERVICE_NAME: 'drey-under-test',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  };
  node = await startNodeProcess({ dataFolder: place.dataFolder, config: place.config, env });
  client = new Client({ name: 'traces', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.url)));
  await untilHealthy(node);
});
afterAll(async () => {
  await client?.close();
  await node?.stop();
  await place?.remove();
  await collector?.close();
});

async function call(meta: Record<string, unknown> | undefined): Promise<Record<string, unknown>> {
  const answer = (await client.callTool({
    name: 'echo__tool_0',
    arguments: { path: secret },
    ...(meta === undefined ? {} : { _meta: meta }),
  })) as unknown as { line: string };
  const { params } = JSON.parse(answer.line) as { params: { _meta?: Record<string, unknown> } };
  return params._meta ?? {};
}

const of = (span: { spanId: string } | undefined) => span?.spanId;

describe('a trace', () => {
  it('goes from the client through the node to the upstream, and through the event to the learner', async () => {
    const asUpstreamSaw = await call({ traceparent: given, tracestate: 'vendor=1' });
    const mine = (name: string) =>
      collector.find(name, (span) => span.name === name && span.traceId === traceId);
    const server = await mine('tools/call echo__tool_0');
    const upstream = await mine('tools/call tool_0');
    const emission = await mine('append call.finished');
    const learner = await mine('learn call.finished');

    expect([server.parentSpanId, server.kind]).toEqual([spanId, 2]);
    expect([upstream.parentSpanId, upstream.kind]).toEqual([of(server), 3]);
    expect([emission.parentSpanId, emission.kind]).toEqual([of(server), 4]);
    expect([learner.parentSpanId, learner.kind]).toEqual([of(emission), 5]);

    expect(parseTraceparent(asUpstreamSaw['traceparent'])).toEqual({
      traceId,
      spanId: of(upstream),
      flags: 1,
    });
    expect(asUpstreamSaw['tracestate']).toBe('vendor=1');
    const [stored] = await lookAt(place.dataFolder, (truth) => truth.calls());
    expect(stored).toMatchObject({ traceparent: `00-${traceId}-${of(emission)}-01` });

    expect(server.facts).toMatchObject({
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'echo__tool_0',
      'network.transport': 'tcp',
      'drey.upstream': 'echo',
      'drey.namespace': 'default',
      'drey.outcome': 'finished',
    });
    expect(server.resource).toMatchObject({
      'service.name': 'drey-under-test',
      'drey.part': 'node',
      'process.pid': node.pid,
    });
    const { learning } = await readStatus(node);
    expect(learner.resource).toMatchObject({ 'drey.part': 'learner', 'process.pid': learning.pid });
    expect(collector.requests[0]).toMatchObject({ path: '/v1/traces', headers: { 'x-key': 'of-the-test' } });
    expect(JSON.stringify(collector.spans)).not.toContain(secret);
  });

  it('goes on into what a tool of our own tells', async () => {
    const own = `00-4bf92f3577b34da6a3ce929d0e0e4736-${spanId}-01`;
    const meta = { _meta: { traceparent: own } };
    const start = { name: 'task', arguments: { action: 'start', task: 'Look at a trace' }, ...meta };
    await client.callTool(start);
    await client.callTool({ ...start, arguments: { action: 'finish', outcome: 'success' } });
    const spans = await Promise.all(
      ['append task.started', 'learn task.started', 'append task.finished', 'learn task.finished'].map(
        (name) => collector.find(name, (span) => span.name === name && own.includes(span.traceId)),
      ),
    );
    const [started, learned] = spans;
    expect(learned?.parentSpanId).toBe(of(started));
  });

  it('begins with the node where the client names none, and is left out where its parent is not recorded', async () => {
    const seen = collector.spans.length;
    const dark = await call({ traceparent: `00-${traceId}-${spanId}-00` });
    expect(parseTraceparent(dark['traceparent'])).toMatchObject({ traceId, flags: 0 });
    const own = parseTraceparent((await call(undefined))['traceparent']);
    const server = await collector.find('its server span', (span) => span.traceId === own?.traceId);
    await collector.find(
      'its taking',
      (span) => span.traceId === own?.traceId && span.name.startsWith('learn '),
    );
    const root = collector.spans.find((span) => span.traceId === own?.traceId && span.kind === 2);
    expect([root?.name, root?.parentSpanId]).toEqual(['tools/call echo__tool_0', undefined]);
    expect(server.traceId).not.toBe(traceId);
    expect(collector.spans.slice(seen).filter((span) => span.traceId === traceId)).toEqual([]);
  });

  it('shows a refused call and an outage of the learner for what they are', async () => {
    await expect(client.callTool({ name: 'echo__nothing', arguments: {} })).rejects.toThrow('no tool');
    const refused = await collector.find('the refusal', ({ name }) => name === 'tools/call echo__nothing');
    expect(refused).toMatchObject({
      status: 2,
      facts: {
        'error.type': '-32602',
        'rpc.response.status_code': '-32602',
        'drey.code': 'tool_unknown',
        'drey.outcome': 'refused',
      },
    });
    const { learning } = await readStatus(node);
    process.kill(learning.pid ?? 0, 'SIGKILL');
    const outage = await collector.find(
      'the end of the outage',
      ({ name, facts }) => name === 'outage resource' && facts['drey.actor'] === 'resource/r-learner',
      60_000,
    );
    expect(outage.events).toEqual(['resource.unhealthy', 'resource.restarted', 'resource.healthy']);
  });

  it('that a broken collector refuses costs one line in the log, and no call', async () => {
    collector.answerWith(400);
    const before = collector.requests.length;
    await call(undefined);
    await until('two batches were refused', () => collector.requests.length > before + 1, 20_000);
    await call(undefined);
    await until('one more was refused', () => collector.requests.length > before + 2, 20_000);
    const told = node
      .output()
      .split('\n')
      .filter((line) => line.includes('traces cannot be sent'));
    // One of the node, and one of its learner at most.
    expect(new Set(told.map((line) => (JSON.parse(line) as { pid: number }).pid)).size).toBe(told.length);
    expect(told.length).toBeGreaterThan(0);
    await untilHealthy(node);
  });
});
