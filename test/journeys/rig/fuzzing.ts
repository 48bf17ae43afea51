/** Deeds for a fuzzer: every operation and every tool of a node with inputs that are good, broken or hostile; and how one is done. */
import * as fc from 'fast-check';
import { fromSchema } from '../../support/from-schema.ts';
import { hostileTexts, toBroken } from './hostile.ts';
import type { Neighbour, Neighbours, Operation } from './neighbours.ts';
import { withoutNamespace } from './requests.ts';

export interface Deed {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

export interface Done {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly ms: number;
}

/** Longer than this is no answer. */
const answerMsMax = 15_000;
/** Parts of an address that no program writes. */
const rawParts = ['%ff', '%ed%a0%80', '%00', '%2e%2e%2f', '%', encodeURIComponent('x'.repeat(4_000))];
const parts = [...hostileTexts.filter((text) => text.length < 5_000).map(encodeURIComponent), ...rawParts];

/** A number of deeds for each operation and tool; the same seed makes the same ones. */
export function listDeeds(house: Neighbours, many: number, seed: number): Deed[] {
  const world = { pool: ['deploy', 'a plain word', ...hostileTexts.slice(-12)], schemas: house.schemas };
  const sample = (deeds: fc.Arbitrary<Deed>, of: string): Deed[] =>
    fc.sample(deeds, { numRuns: many, seed: seed + of.length });
  const ofRest = house.operations.flatMap((operation) =>
    sample(fromOperation(operation, world), `${operation.method}${operation.path}`),
  );
  const ofTools = house.tools.flatMap(({ name, inputSchema }) =>
    sample(
      fromSchema(inputSchema, world)
        .chain((args) => toBroken(withoutNamespace(args)))
        .map((args) => toCall(name, typeof args === 'string' ? args : '{"a":"\\u0000"}')),
      name,
    ),
  );
  return [...ofRest, ...ofTools];
}

function fromOperation(operation: Operation, world: Parameters<typeof fromSchema>[1]): fc.Arbitrary<Deed> {
  const { method, path, query, body, bodyType = 'application/json', example } = operation;
  const good = fc.oneof(fromSchema(body, world), ...(example === undefined ? [] : [fc.constant(example)]));
  const bad = good.chain((value) => toBroken(value));
  const asked = [...query.map(({ name }) => name), 'namespace', 'none'];
  return fc
    .record({
      ids: fc.array(fc.constantFrom(...parts), { minLength: 3, maxLength: 3 }),
      names: fc.subarray(asked, { maxLength: 2 }),
      values: fc.array(fc.constantFrom(...parts), { minLength: 2, maxLength: 2 }),
      sent: body === undefined ? fc.constant(undefined) : bad,
      type: fc.oneof(
        { weight: 12, arbitrary: fc.constant(bodyType) },
        { weight: 1, arbitrary: fc.constantFrom('text/plain', 'application/x-www-form-urlencoded') },
      ),
    })
    .map(({ ids, names, values, sent, type }) => {
      let at = 0;
      const filled = path.replace(/\{\w+\}/g, () => ids[(at += 1) - 1] ?? '');
      const told = names.map((name, index) => `${name}=${values[index] ?? ''}`).join('&');
      return {
        what: `${method} ${path}`,
        method,
        path: `/api/v1${filled}${told === '' ? '' : `?${told}`}`,
        headers: method === 'GET' ? {} : { 'content-type': type },
        body: method === 'GET' ? undefined : (sent ?? '{}'),
      };
    });
}

function toCall(name: string, args: string): Deed {
  const meta = JSON.stringify({
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'fuzz', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  });
  const params = `{"name":${JSON.stringify(name)},"arguments":${args === '' ? '""' : args},"_meta":${meta}}`;
  return {
    what: name,
    method: 'POST',
    path: '/mcp',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`,
  };
}

/** Does it; of a stream that does not end by itself only the beginning counts. */
export async function doDeed(url: string, who: Pick<Neighbour, 'headers'>, deed: Deed): Promise<Done> {
  const { method, path, body } = deed;
  const start = performance.now();
  const answer = await fetch(url + path, {
    method,
    headers: { ...who.headers, ...deed.headers },
    signal: AbortSignal.timeout(answerMsMax),
    // Bytes of a typed array are a body as they are.
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }),
  });
  const type = answer.headers.get('content-type') ?? '';
  const isEndless = type.startsWith('text/event-stream') && path !== '/mcp';
  const text = isEndless ? '' : await answer.text();
  if (isEndless) await answer.body?.cancel();
  return { status: answer.status, type, text, ms: performance.now() - start };
}

/** What a refusal says: its code and its sentence; undefined where it was none. */
export function readRefusal({ status, type, text }: Done): { code: string; sentence: string } | undefined {
  const json = type.startsWith('text/event-stream') ? (/^data: (\{.*)$/m.exec(text)?.[1] ?? '') : text;
  if (type.startsWith('application/problem+json')) {
    const { code, detail } = JSON.parse(json) as { code: string; detail: string };
    return { code, sentence: detail };
  }
  if (status >= 400 && !json.startsWith('{')) return { code: '', sentence: json };
  if (!json.startsWith('{"jsonrpc"') && !json.includes('"jsonrpc"')) return undefined;
  const { error, result } = JSON.parse(json) as {
    error?: { code: number; message: string };
    result?: { isError?: boolean; content: readonly { text: string }[] };
  };
  if (error !== undefined) return { code: String(error.code), sentence: error.message };
  if (result?.isError !== true) return undefined;
  const said = result.content.map((part) => part.text).join(' ');
  return { code: 'tool', sentence: said };
}
