// Each tool call is one span, whoever names its parent, and without a tracer there is nothing.
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CallOutcome } from '../../../machines/words/calls.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';
import { createRecordingTracer, idOf } from '../../support/recording-tracer.ts';
import type { RecordingTracer } from '../../support/recording-tracer.ts';

const inMeta = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const inHeader = '00-11111111111111111111111111111111-2222222222222222-01';

let at: GatewayServer;
let session: string;
let tracer: RecordingTracer;
beforeEach(async () => {
  at = await startGateway();
  tracer = createRecordingTracer();
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const reply = await at.send({ headers: { 'content-type': 'application/json' }, body });
  session = String(reply.headers['mcp-session-id']);
});
afterEach(() => at.close());

const trace = () => Object.assign(at.house.needs, { tracer });

async function call(name: string, meta?: object, headers: Record<string, string> = {}): Promise<void> {
  const params = { name, arguments: {}, ...(meta === undefined ? {} : { _meta: meta }) };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'r-7', method: 'tools/call', params });
  await at.send({
    headers: { 'content-type': 'application/json', 'mcp-session-id': session, ...headers },
    body,
  });
}

const command = () => at.house.calls.at(-1)?.command;

it('is a server span with the words of the conventions, and its session works on under it', async () => {
  trace();
  await call('fs__echo', { traceparent: inMeta });
  expect(tracer.spans).toEqual([
    {
      name: 'tools/call fs__echo',
      kind: 'server',
      traceparent: expect.stringMatching(/^00-0af7651916cd43dd8448eb211c80319c-/),
      parent: idOf(inMeta),
      links: [],
      facts: {
        'mcp.method.name': 'tools/call',
        'mcp.session.id': session,
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'fs__echo',
        'jsonrpc.request.id': 'r-7',
        'network.transport': 'tcp',
        'drey.namespace': 'default',
        'drey.outcome': 'finished',
      },
      notes: [],
      ended: true,
      failure: undefined,
    },
  ]);
  expect(command()?.traceparent).toBe(tracer.spans[0]?.traceparent);
  expect(command()?.span).toBeDefined();
});

it('takes the parent of the message first; the transport’s own is its parent alone, or linked', async () => {
  trace();
  await call('fs__echo', { traceparent: inMeta }, { traceparent: inHeader });
  await call('fs__echo', undefined, { traceparent: inHeader });
  await call('fs__echo', { traceparent: inHeader }, { traceparent: inHeader });
  await call('fs__echo', { traceparent: 'no trace at all' }, { traceparent: 'neither' });
  expect(tracer.spans.map(({ parent, links }) => [parent, links])).toEqual([
    [idOf(inMeta), [inHeader]],
    [idOf(inHeader), []],
    [idOf(inHeader), []],
    [undefined, []],
  ]);
});

const failed = (error: string | undefined): CallOutcome => ({
  outcome: 'failed',
  code: 'call_timeout',
  message: 'a secret',
  error,
  countsAgainst: true,
});

it.each<[string, CallOutcome, string, object]>([
  [
    'a tool’s own error',
    { outcome: 'finished', result: '{"isError":true}', isError: true },
    'tool_error',
    {},
  ],
  [
    'a refusal',
    { outcome: 'refused', code: 'breaker_open', message: 'a secret', retryAfterMs: 5 },
    '503',
    { 'rpc.response.status_code': '503', 'drey.code': 'breaker_open' },
  ],
  ['a failure', failed(undefined), '504', { 'rpc.response.status_code': '504', 'drey.code': 'call_timeout' }],
  [
    'the upstream’s own',
    failed('{"code":-32000,"message":"a secret"}'),
    '-32000',
    { 'drey.outcome': 'failed' },
  ],
  ['one that is not passed on', failed('{"code":-32020,"message":"x"}'), '504', {}],
  ['one without a number', failed('{"code":"boom"}'), '504', {}],
])('tells how it ended by codes: %s', async (_title, outcome, failure, facts) => {
  trace();
  at.house.outcome = outcome;
  await call('fs__echo');
  expect(tracer.spans[0]).toMatchObject({ ended: true, failure, facts });
  expect(JSON.stringify(tracer.spans)).not.toContain('a secret');
});

it('holds for own tools, and for calls that break inside', async () => {
  trace();
  await call('acontext_get_learning_status');
  expect(tracer.named('tools/call acontext_get_learning_status')).toMatchObject({
    ended: true,
    kind: 'server',
  });
  Object.assign(at.house.needs, { learning: () => Promise.reject(new Error('boom')) });
  await call('acontext_get_learning_status');
  expect(tracer.spans[1]).toMatchObject({ ended: true, failure: '-32603' });
});

it('without a tracer the trace is passed on as it came', async () => {
  await call('fs__echo', { traceparent: inMeta }, { traceparent: inHeader });
  expect([command()?.traceparent, command()?.span]).toEqual([inMeta, undefined]);
  await call('fs__echo', undefined, { traceparent: inHeader });
  expect(command()?.traceparent).toBe(inHeader);
});
