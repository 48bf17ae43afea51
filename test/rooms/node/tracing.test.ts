// Whether a process is traced, what its environment may say wrongly, and that a collector that hangs holds up nobody.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AnyEvent, EventType } from '../../../machines/words/events.ts';
import { parseTraceparent } from '../../../machines/words/traces.ts';
import { watchOutages } from '../../../src/node/telemetry/outages.ts';
import { createRedactor } from '../../../src/access/access.ts';
import { openTracing } from '../../../src/node/telemetry/tracing.ts';
import { startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { recordingLog } from '../../support/quiet-log.ts';
import { createRecordingTracer } from '../../support/recording-tracer.ts';
import { until } from '../../support/until.ts';
import { createSimulatedClock, settle } from '../actors/world.ts';

afterEach(() => vi.unstubAllEnvs());

const isLoaded = (): boolean =>
  Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('@opentelemetry/sdk-trace'));

/** The library reads its own variables from the process; what is decided here is read from what is handed in. */
async function open(env: Record<string, string>) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const { log, sentences } = recordingLog();
  const clock = createSimulatedClock();
  const redaction = createRedactor({ key: 'a key of this test' });
  const tracing = await openTracing({ env, version: '1.2.3', part: 'node', clock, log, redaction });
  return { tracing, sentences, clock };
}

describe('tracing', () => {
  it.each([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_TRACES_EXPORTER: 'none' },
  ])('is off, and loads nothing, with %j', async (env) => {
    const { tracing, sentences } = await open(env);
    expect([tracing.tracer, tracing.note, tracing.figures(), sentences]).toEqual([
      undefined,
      undefined,
      undefined,
      [],
    ]);
    await tracing.close();
    expect(isLoaded()).toBe(false);
  });

  it.each(['127.0.0.1:4318', 'grpc://collector:4317'])(
    'says so and is off with an address that is none: %s',
    async (address) => {
      const { tracing, sentences } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: address });
      expect(tracing.tracer).toBeUndefined();
      expect(sentences).toEqual(['nothing is traced: the address to send traces to is no http(s) URL']);
    },
  );

  it('sends spans with what is known of the process, and what is left when it ends', async () => {
    const collector = await startOtlpReceiver();
    const { tracing, sentences } = await open({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/own/path`,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    });
    expect(isLoaded()).toBe(true);
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const span = tracing.tracer?.start('outer', { parent, kind: 'server', links: [parent, 'none'] });
    const inner = span?.child('inner', { facts: { a: 1, b: true } });
    inner?.note('seen', { c: 'd' });
    inner?.set({ e: 'f' });
    inner?.end('boom');
    span?.end();
    await tracing.close();
    const [first, second] = collector.spans;
    expect(first).toMatchObject({
      name: 'inner',
      parentSpanId: second?.spanId,
      facts: { a: 1, b: true, e: 'f', 'error.type': 'boom' },
      events: ['seen'],
      status: 2,
      kind: 1,
    });
    expect(second).toMatchObject({
      name: 'outer',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b7ad6b7169203331',
      kind: 2,
      status: 0,
      links: [{ spanId: 'b7ad6b7169203331' }],
      resource: {
        'service.name': 'drey',
        'service.version': '1.2.3',
        'deployment.environment.name': 'test',
        'drey.part': 'node',
        'process.pid': process.pid,
      },
    });
    expect(parseTraceparent(span?.traceparent)?.spanId).toBe(second?.spanId);
    expect(collector.requests.map(({ path }) => path)).toEqual(['/own/path']);
    expect(tracing.figures()).toEqual({ sent: 2, lost: 0 });
    expect(sentences).toEqual(['traces are sent as http/json, whatever protocol is asked for']);
    await collector.close();
  });

  it('samples as it is told, and says what of that it does not understand', async () => {
    const never = await open({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_TRACES_SAMPLER: 'parentbased_always_off',
    });
    const start = (parent?: string) => never.tracing.tracer?.start('x', { parent })?.traceparent;
    expect(parseTraceparent(start())?.flags).toBe(0);
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0';
    expect([
      parseTraceparent(start(`${parent}1`))?.flags,
      parseTraceparent(start(`${parent}0`))?.flags,
    ]).toEqual([1, 0]);
    const wrong = await open({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_TRACES_SAMPLER: 'sometimes',
    });
    expect(parseTraceparent(wrong.tracing.tracer?.start('x').traceparent)?.flags).toBe(1);
    expect(wrong.sentences).toEqual(['OpenTelemetry warns']);
  });

  it('ends within its bound when the collector takes a connection and never answers', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const asked = new Promise<void>((resolve) => void silent.once('request', () => resolve()));
    const { tracing, clock } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    tracing.tracer?.start('x').end();
    let closed = false;
    const closing = tracing.close().then(() => (closed = true));
    await asked;
    expect(closed).toBe(false);
    await clock.advance(2_000);
    await closing;
    silent.closeAllConnections();
    await new Promise<void>((resolve) => void silent.close(() => resolve()));
  });

  it('says once that a collector refuses, and once that it is back', async () => {
    const collector = await startOtlpReceiver();
    collector.answerWith(400);
    const { tracing, sentences } = await open({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '1',
    });
    const send = async (which: 'sent' | 'lost', many: number): Promise<void> => {
      tracing.tracer?.start('x').end();
      await until('it is known what became of it', () => tracing.figures()?.[which] === many);
    };
    await send('lost', 1);
    await send('lost', 2);
    collector.answerWith(200);
    await send('sent', 1);
    await settle();
    expect(sentences).toEqual(['traces cannot be sent; calls go on without them', 'traces are sent again']);
    await tracing.close();
    await collector.close();
  });
});

describe('an outage', () => {
  const tell = (type: EventType, actor = { kind: 'worker', id: 'w-intake' }) =>
    ({ type, actor, namespace: '_system', data: { reason: 'a secret' } }) as unknown as AnyEvent;

  it('is one span from the failure until it works again, with what happened meanwhile', () => {
    const tracer = createRecordingTracer();
    const outages = watchOutages(tracer);
    const breaker = { kind: 'breaker', id: 'b-fs' };
    outages.note(tell('worker.started'));
    outages.note(tell('worker.failed'));
    outages.note(tell('breaker.opened', breaker));
    outages.note(tell('worker.restarted'));
    outages.note(tell('worker.failed'));
    outages.note(tell('worker.restarted'));
    outages.note(tell('worker.started'));
    outages.note(tell('call.finished', { kind: 'session', id: 's-1' }));
    expect(tracer.spans).toMatchObject([
      {
        name: 'outage worker',
        facts: { 'drey.actor': 'worker/w-intake' },
        notes: ['worker.failed', 'worker.restarted', 'worker.failed', 'worker.restarted', 'worker.started'],
        ended: true,
        failure: undefined,
      },
      { name: 'outage breaker', notes: ['breaker.opened'], ended: false },
    ]);
    outages.close();
    expect(tracer.spans[1]).toMatchObject({ ended: true });
    expect(JSON.stringify(tracer.spans)).not.toContain('a secret');
  });

  it('that is given up is a failure', () => {
    const tracer = createRecordingTracer();
    const outages = watchOutages(tracer);
    outages.note(tell('worker.failed'));
    outages.note(tell('worker.gave_up'));
    outages.note(tell('worker.failed'));
    expect(tracer.spans).toMatchObject([{ ended: true, failure: 'worker.gave_up' }, { ended: false }]);
  });
});
