import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayBeOwn, readFrame, toOneLine, writeProgress, writeRequest } from '../../../src/upstream/frame.ts';
import { sliceMembers } from '../../../src/upstream/slice.ts';

const json = fc.oneof(
  fc.json(),
  fc.json().map((text) => JSON.stringify(JSON.parse(text), undefined, 2)),
  fc.constantFrom('{"a":9007199254740993,"b":1.0,"c":-0,"d":1e400,"\\u0061":"\\ud800"}', '{ }'),
);
const request = { id: 'drey-7', method: 'tools/call', envelope: '' };

/** What stands in every envelope of the newer era, for a client of which nothing is known. */
const can = '"io.modelcontextprotocol/clientCapabilities":{},';

describe('a frame of the raw path', () => {
  it('holds the arguments byte for byte', () => {
    fc.assert(
      fc.property(json, fc.string(), (args, tool) => {
        const members = [`"name":${JSON.stringify(tool)}`, `"arguments":${args}`];
        const { text } = writeRequest({ ...request, members });
        const { id, params } = sliceMembers(text, ['id', 'params'], 256);
        expect(id).toBe('"drey-7"');
        expect(sliceMembers(params ?? '', ['arguments', 'name'], 256).arguments).toBe(args);
        expect(JSON.parse(toOneLine(text))).toEqual(JSON.parse(text));
        expect(toOneLine(text)).not.toMatch(/[\r\n]/);
      }),
    );
  });

  it('gives the result or error of an answer byte for byte, wherever it stands', () => {
    fc.assert(
      fc.property(json, fc.constantFrom('result', 'error'), fc.boolean(), (value, key, isFirst) => {
        const id = '"jsonrpc":"2.0","id":"drey-12"';
        const text = isFirst ? `{"${key}":${value},${id}}` : `{${id}, "${key}" : ${value} }`;
        expect(mayBeOwn(text)).toBe(true);
        const kind = key === 'result' ? 'answer' : 'error';
        expect(readFrame(text)).toEqual({ kind, id: 'drey-12', [key]: value });
      }),
    );
  });

  it('replaces the token of progress in both directions and keeps the rest', () => {
    const meta = '{"a":1.0, "progressToken" : {"odd":[1]} ,"io.modelcontextprotocol/clientInfo":{}}';
    const { text, clientToken } = writeRequest({ ...request, members: [], meta, envelope: '"e":1' });
    expect(clientToken).toBe('{"odd":[1]}');
    expect(text).toContain(`"params":{"_meta":{"e":1,${can}"a":1.0,"progressToken":"drey-7"}}`);
    expect(writeProgress('{"progressToken":"drey-7","progress":1.0}', '{"odd":[1]}')).toBe(
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{"odd":[1]},"progress":1.0}}',
    );
  });

  it('names the capabilities of the client, as it named them itself or as they are known', () => {
    const key = '"io.modelcontextprotocol/clientCapabilities"';
    const write = (parts: object) =>
      writeRequest({ ...request, members: [], envelope: '"e":1', ...parts }).text;
    expect(write({ meta: `{"a":1,${key}:{"x" :1.0}}` })).toContain(`{"e":1,${key}:{"x" :1.0},"a":1}`);
    expect(write({ capabilities: { roots: {} } })).toContain(`{"e":1,${key}:{"roots":{}}}`);
    expect(write({ envelope: '', capabilities: { roots: {} } })).not.toContain(key);
  });

  it.each([
    [undefined, '', '"_meta":{"traceparent":"00-ours"}'],
    [undefined, '"e":1', `"_meta":{"e":1,${can}"traceparent":"00-ours"}`],
    ['{"a":1.0, "traceparent" : "theirs", "z":2}', '', '"_meta":{"a":1.0,"traceparent":"00-ours","z":2}'],
    ['{"tracestate":"v=1"}', '"e":1', `"_meta":{"e":1,${can}"tracestate":"v=1","traceparent":"00-ours"}`],
  ])('names the trace it is given, in the place of another: %s', (meta, envelope, written) => {
    const { text } = writeRequest({ ...request, members: [], meta, envelope, traceparent: '00-ours' });
    expect(text).toContain(`"params":{${written}}`);
  });

  it('leaves a trace that the client names as it is when it is given none', () => {
    const { text } = writeRequest({ ...request, members: [], meta: '{"traceparent":"theirs"}' });
    expect(text).toContain('"_meta":{"traceparent":"theirs"}');
  });

  it('never throws, whatever an upstream writes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), json), (text) => {
        expect(['broken', 'other']).toContain(readFrame(text).kind);
      }),
    );
  });

  it('finds whose answer is broken', () => {
    expect(readFrame('{"jsonrpc":"2.0","id":"drey-3","result":{]}')).toMatchObject({
      kind: 'broken',
      id: 'drey-3',
    });
    expect(readFrame('{"result":{"text":"\\"id\\":\\"drey-4\\""')).toMatchObject({
      kind: 'broken',
      id: undefined,
    });
  });
});
