// Spans over real HTTP: JSON, protobuf, packed; what is none is refused with its reason.
import { gzipSync } from 'node:zlib';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeTraces, toSpans } from '../../../src/importers/importers.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

let at: GatewayServer;
beforeEach(async () => {
  at = await startGateway();
});
afterEach(() => at.close());

const send = (body: string | Buffer, headers: Record<string, string>, path = '/v1/traces') =>
  at.send({ path, body, headers });

const batch = { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'ab', spanId: 'cd', name: 'x' }] }] }] };
const json = { 'content-type': 'application/json' };

/** The same batch, and all kinds of values, as an exporter writes them. */
function toProtobuf(): Buffer {
  const delimited = (
    write: BinaryWriter,
    field: number,
    fill: (inner: BinaryWriter) => void,
  ): BinaryWriter => {
    const inner = new BinaryWriter();
    fill(inner);
    return write.tag(field, WireType.LengthDelimited).bytes(inner.finish());
  };
  const attribute = (write: BinaryWriter, field: number, key: string, fill: (value: BinaryWriter) => void) =>
    delimited(write, field, (pair) => {
      pair.tag(1, WireType.LengthDelimited).string(key);
      delimited(pair, 2, fill);
    });
  const request = new BinaryWriter();
  delimited(request, 1, (resourceSpans) => {
    delimited(resourceSpans, 1, (resource) =>
      attribute(resource, 1, 'service.name', (value) =>
        value.tag(1, WireType.LengthDelimited).string('shop'),
      ),
    );
    delimited(resourceSpans, 2, (scope) =>
      delimited(scope, 2, (span) => {
        span.tag(1, WireType.LengthDelimited).bytes(Uint8Array.from([0xab]));
        span.tag(2, WireType.LengthDelimited).bytes(Uint8Array.from([0xcd]));
        span.tag(5, WireType.LengthDelimited).string('x');
        span.tag(7, WireType.Bit64).fixed64('1772445600000000000');
        attribute(span, 9, 'n', (value) => value.tag(3, WireType.Varint).int64(-5));
        attribute(span, 9, 'list', (value) =>
          delimited(value, 5, (list) =>
            delimited(list, 1, (item) => item.tag(2, WireType.Varint).bool(true)),
          ),
        );
        delimited(span, 15, (status) => status.tag(3, WireType.Varint).int32(2));
        // A field of a later version.
        span.tag(99, WireType.LengthDelimited).string('new');
      }),
    );
  });
  return Buffer.from(request.finish());
}

describe('traces', () => {
  it('are taken in at the path that exporters know, and below the API', async () => {
    const { status, json: answer } = await send(JSON.stringify(batch), json);
    expect([status, answer()]).toEqual([200, {}]);
    expect((await send(JSON.stringify(batch), json, '/api/v1/traces')).status).toBe(200);
    expect(at.house.batches).toEqual([batch, batch]);
  });

  it('are taken in packed', async () => {
    const packed = gzipSync(JSON.stringify(batch));
    expect((await send(packed, { ...json, 'content-encoding': 'gzip' })).status).toBe(200);
    expect(at.house.batches).toEqual([batch]);
  });

  it('are taken in as protobuf and answered as protobuf', async () => {
    const answer = await send(toProtobuf(), { 'content-type': 'application/x-protobuf' });
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      200,
      'application/x-protobuf',
      '',
    ]);
    const [span] = toSpans(at.house.batches[0] ?? { resourceSpans: [] }, () => undefined);
    expect(span).toMatchObject({
      trace: 'ab',
      id: 'cd',
      name: 'x',
      failed: true,
      startedMs: 1_772_445_600_000,
    });
    expect([...(span?.attributes ?? [])]).toEqual([
      ['n', -5],
      ['list', [true]],
    ]);
    expect(span?.resource.get('service.name')).toBe('shop');
  });

  it.each([
    [
      'of another type',
      'x',
      { 'content-type': 'text/plain' },
      415,
      /application\/json or application\/x-protobuf/,
    ],
    ['that are no JSON', '{', json, 400, /./],
    ['that are no traces', '{"resourceLogs":[]}', json, 400, /resourceSpans/],
    ['that are no protobuf', '\u000a\u00ff', { 'content-type': 'application/x-protobuf' }, 400, /protobuf/],
    ['that are no gzip', '{}', { ...json, 'content-encoding': 'gzip' }, 400, /no gzip data/],
    [
      'packed in an unknown way',
      '{}',
      { ...json, 'content-encoding': 'br' },
      400,
      /gzip, deflate or identity/,
    ],
    [
      'that unpack to too much',
      gzipSync(Buffer.alloc(17 * 1024 * 1024)),
      { ...json, 'content-encoding': 'gzip' },
      413,
      /at most 16777216 bytes/,
    ],
  ] as const)('%s are refused in one sentence', async (_, body, headers, status, sentence) => {
    const answer = await send(body, headers);
    expect([answer.status, (answer.json() as { detail: string }).detail]).toEqual([
      status,
      expect.stringMatching(sentence),
    ]);
    expect(at.house.batches).toEqual([]);
  });

  it('never make the decoder loop or throw anything but an error, wherever the bytes end', () => {
    const bytes = toProtobuf();
    for (let end = 0; end < bytes.length; end += 1) {
      try {
        expect(decodeTraces(bytes.subarray(0, end)).resourceSpans.length).toBeLessThanOrEqual(1);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});
