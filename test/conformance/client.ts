/**
 * What the suite starts as the client under test: Drey's upstream room, opened on the address in the last word, as a node
 * would open it. It lists what there is, calls every tool with arguments that fit, and reads a prompt and a resource; the
 * scenarios' own servers judge what they see. It prints what went wrong, and never judges itself.
 */
import type { Asker } from '../../machines/words/calls.ts';
import { DreyError, toPlainError } from '../../machines/words/errors.ts';
import { openUpstream, parseUpstreamConfig } from '../../src/upstream/upstream.ts';
import type { Upstream, Vault } from '../../src/upstream/upstream.ts';
import { createVault, logIn } from './person.ts';

/** One tool call, as the suite asks for it or as we make it up. */
interface Wanted {
  readonly name: string;
  readonly args: object;
}

const say = (fields: object, sentence: string): void => console.error(sentence, JSON.stringify(fields));

/** A server may ask for more than was granted, but not for ever. */
const loginsMax = 3;

async function main(): Promise<void> {
  const vault = createVault();
  for (let login = 0; ; login += 1) {
    try {
      return await useOnce(vault);
    } catch (error) {
      // A person is needed: what a node tells its user to do.
      if (toPlainError(error).code !== 'upstream_unauthorized' || login >= loginsMax) throw error;
      say(toPlainError(error), 'a person logs in');
      await logIn('suite', config(), vault);
    }
  }
}

function config(): ReturnType<typeof parseUpstreamConfig> {
  const isModern = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] === '2026-07-28';
  const given = readContext() as { client_id?: string; client_secret?: string };
  const oauth =
    given.client_id === undefined ? {} : { clientId: given.client_id, clientSecret: given.client_secret };
  return parseUpstreamConfig('suite', {
    url: process.argv.at(-1) ?? '',
    era: isModern ? 'modern' : 'legacy',
    oauth,
  });
}

async function useOnce(vault: Vault): Promise<void> {
  const upstream = await openUpstream({
    alias: 'suite',
    config: config(),
    clientInfo: { name: 'drey', version: '0.0.0' },
    log: { debug: say, info: say, warn: say, error: say },
    env: process.env,
    vault,
    startTimeoutMs: 30_000,
    callTimeoutMs: 15_000,
  });
  try {
    await useAll(upstream);
  } finally {
    await upstream.close();
  }
}

/** A client behind the call that accepts whatever it is asked, with the defaults it is offered. */
const asker: Asker = {
  session: 'suite',
  capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
  ask: async ({ method, params }) => {
    if (method === 'roots/list') return { kind: 'result', result: { roots: [] } };
    if (method !== 'elicitation/create')
      return {
        kind: 'result',
        result: { role: 'assistant', model: 'none', content: { type: 'text', text: 'word' } },
      };
    const { requestedSchema } = params as { requestedSchema?: { properties?: object; required?: string[] } };
    return { kind: 'result', result: { action: 'accept', content: toDefaults(requestedSchema ?? {}) } };
  },
};

/** What a person gets who only presses the button: defaults, and something for what must be there. */
function toDefaults(schema: { properties?: object; required?: string[] }): object {
  const made: object = toArguments(schema);
  const given = Object.entries((schema.properties ?? {}) as Record<string, { default?: unknown }>);
  return Object.fromEntries(
    given.flatMap(([key, { default: value }]) => {
      if (value !== undefined) return [[key, value]];
      return schema.required?.includes(key) === true ? [[key, Reflect.get(made, key)]] : [];
    }),
  );
}

async function useAll(upstream: Upstream): Promise<void> {
  const tools = await upstream.listTools();
  const made = tools.map(({ name, definition }) => ({ name, args: toArguments(definition['inputSchema']) }));
  for (const { name, args } of readWanted() ?? toPreserved(tools) ?? made) {
    const signal = new AbortController().signal;
    const outcome = await upstream.call({ tool: name, args: JSON.stringify(args), signal, asker });
    if (outcome.outcome !== 'finished') say({ name, ...outcome }, 'a call did not finish');
    if (outcome.outcome === 'failed' && outcome.code === 'upstream_unauthorized')
      throw new DreyError(outcome.code, outcome.message);
  }
  const { prompts, resources } = upstream.capabilities;
  const first = async (method: string, list: string): Promise<Record<string, unknown> | undefined> => {
    const answer = (await upstream.request(method)) as Record<string, unknown>;
    return (answer[list] as Record<string, unknown>[] | undefined)?.[0];
  };
  if (prompts !== undefined) {
    const prompt = await first('prompts/list', 'prompts');
    if (prompt !== undefined) await upstream.request('prompts/get', { name: prompt['name'] });
  }
  if (resources !== undefined) {
    const resource = await first('resources/list', 'resources');
    if (resource !== undefined) await upstream.request('resources/read', { uri: resource['uri'] });
  }
}

function readContext(): unknown {
  return JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}');
}

/** Calls that the scenario gives in its context. */
function readWanted(): Wanted[] | undefined {
  const context = readContext() as { toolCalls?: unknown };
  return Array.isArray(context.toolCalls)
    ? context.toolCalls.map((call: { name: string; arguments?: object }) => ({
        name: call.name,
        args: call.arguments ?? {},
      }))
    : undefined;
}

/** One scenario wants to see the schema of its first tool again, as an argument of its second. */
function toPreserved(tools: Awaited<ReturnType<Upstream['listTools']>>): Wanted[] | undefined {
  if (!(process.env['MCP_CONFORMANCE_SCENARIO'] ?? '').endsWith('-preservation')) return undefined;
  const echo = tools.find(({ name }) => name.endsWith('_echo'));
  const focal = tools.find((tool) => tool !== echo);
  if (focal === undefined || echo === undefined) return undefined;
  return [{ name: echo.name, args: { schema: focal.definition['inputSchema'] } }];
}

/** Values that fit a simple schema: something for each property. */
function toArguments(schema: unknown): object {
  const { properties = {} } = (schema ?? {}) as { properties?: Record<string, { type?: string }> };
  const values: Record<string, unknown> = { string: 'word', number: 1, integer: 1, boolean: true };
  return Object.fromEntries(
    Object.entries(properties).map(([key, { type }]) => [key, values[type ?? ''] ?? 'word']),
  );
}

main().then(
  // Streams of the suite's servers may stay open; they are not ours to wait for.
  () => process.exit(0),
  (error: unknown) => {
    say(toPlainError(error), 'the upstream room failed');
    process.exit(1);
  },
);
