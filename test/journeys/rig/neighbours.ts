/**
 * Two namespaces on one real node, each with a principal that has a key of its own, and everything that the node says
 * it can be asked: its OpenAPI document and its own tools. Whatever is added to either is tried without a word here.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as Database } from 'pg';
import { Scope } from '../../../machines/words/scopes.ts';
import { startNodeProcess } from '../demo/node.ts';
import type { NodeProcess } from '../demo/node.ts';
import { createPlace } from './place.ts';
import { startServers } from './servers.ts';
import type { Servers } from './servers.ts';

export interface Operation {
  readonly method: string;
  /** With `{name}` where an id stands. */
  readonly path: string;
  readonly query: readonly { readonly name: string; readonly schema: unknown }[];
  readonly body: unknown;
  readonly bodyType: string | undefined;
  readonly example: unknown;
}

export interface OwnToolFace {
  readonly name: string;
  readonly inputSchema: unknown;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** One principal with its key. */
export interface Neighbour {
  /** What its requests show. */
  readonly headers: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly agent: string;
  ask(method: string, path: string, body?: unknown, type?: string): Promise<Answer>;
  call(tool: string, args: Record<string, unknown>): Promise<Answer>;
}

export interface Neighbours {
  readonly node: NodeProcess;
  readonly servers: Pick<Servers, 'natsUrl' | 'databaseUrl' | 'folder'>;
  readonly operations: readonly Operation[];
  readonly schemas: Readonly<Record<string, unknown>>;
  readonly tools: readonly OwnToolFace[];
  move(namespace: string, agent: string): Promise<Neighbour>;
  /** Every row that belongs to a namespace, table by table, as a digest; the last use of a key is noted half a minute later. */
  digest(namespace: string): Promise<Readonly<Record<string, string>>>;
  stop(): Promise<void>;
}

/** What ends or changes the node for everybody is no deed of a namespace. */
const notAsked = new Set(['POST /shutdown', 'POST /reload']);
/** A stream that does not end by itself is read for so long. */
const streamMs = 400;
const scopes = Scope.options.filter((scope) => scope !== 'node:shutdown');

/** Starts servers and node; `content` is what its configuration says. */
export async function openNeighbours(content: object = {}): Promise<Neighbours> {
  const servers = await startServers();
  const place = await createPlace(content);
  const env = { ...place.env, ...servers.env, DREY_LIMITS: 'test' };
  const node = await startNodeProcess({ ...place, env });
  const database = new Database({ connectionString: servers.databaseUrl });
  await database.connect();
  const document = await node.get<OpenApi>('/api/v1/openapi.json');
  const clients: Client[] = [];
  const owner = await connect(node.url);
  clients.push(owner);
  const { tools } = await owner.listTools();
  return {
    node,
    servers,
    operations: toOperations(document),
    schemas: document.components.schemas,
    tools,
    async move(namespace, agent) {
      const made = await node.post<{ key: string }>(`/api/v1/keys?namespace=${namespace}`, { agent, scopes });
      const headers = { authorization: `Bearer ${made.key}` };
      const client = await connect(node.url, headers);
      clients.push(client);
      return {
        headers,
        namespace,
        agent,
        ask: (method, path, body, type = 'application/json') =>
          ask(`${node.url}/api/v1${path}`, { method, headers, body, type }),
        async call(tool, args) {
          try {
            const result = await client.callTool({ name: tool, arguments: args });
            return { status: result.isError === true ? 400 : 200, text: JSON.stringify(result) };
          } catch (error) {
            return { status: 400, text: String(error) };
          }
        },
      };
    },
    digest: (namespace) => readDigest(database, namespace),
    async stop() {
      for (const client of clients) await client.close();
      await database.end();
      await node.stop();
      await servers.stop();
      await place.remove();
    },
  };
}

async function connect(url: string, headers: Record<string, string> = {}): Promise<Client> {
  const client = new Client(
    { name: 'drey-neighbour', version: '1.0.0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } }));
  return client;
}

interface Asked {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly type: string;
}

async function ask(url: string, { method, headers, body, type }: Asked): Promise<Answer> {
  const isText = typeof body === 'string';
  const answer = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': type }) },
    ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
  });
  const isStream = answer.headers.get('content-type') === 'text/event-stream';
  return { status: answer.status, text: await readText(answer, isStream) };
}

async function readText(answer: Response, isStream: boolean): Promise<string> {
  if (!isStream || answer.body === null) return answer.text();
  const reader = answer.body.getReader();
  const timer = setTimeout(() => void reader.cancel(), streamMs);
  const chunks: Uint8Array[] = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) chunks.push(part.value);
  clearTimeout(timer);
  return Buffer.concat(chunks).toString('utf8');
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}
interface OpenApiOperation {
  readonly parameters?: readonly {
    readonly name?: string;
    readonly in?: string;
    readonly schema?: unknown;
  }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: unknown; readonly example?: unknown }>>;
  };
}

function toOperations({ paths }: OpenApi): Operation[] {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => {
      const [bodyType, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
      return {
        method: method.toUpperCase(),
        path,
        query: parameters.flatMap(({ name, in: place, schema }) =>
          name !== undefined && place === 'query' ? [{ name, schema }] : [],
        ),
        body: content?.schema,
        bodyType,
        example: content?.example,
      };
    }),
  );
  return all.filter(({ method, path }) => !notAsked.has(`${method} ${path}`));
}

async function readDigest(database: Database, namespace: string): Promise<Record<string, string>> {
  const { rows: tables } = await database.query<{ name: string }>(
    `select c.relname as name from pg_class c
     join pg_attribute a on a.attrelid = c.oid and a.attname = 'namespace' and not a.attisdropped
     where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace order by 1`,
  );
  const digests: Record<string, string> = {};
  for (const { name } of tables) {
    const { rows } = await database.query<{ digest: string }>(
      `select count(*) || ' ' || coalesce(md5(string_agg(told, '|' order by told)), '') as digest
       from (select (to_jsonb(t) - 'last_used_at')::text as told, namespace from ${name} t) one where namespace = $1`,
      [namespace],
    );
    digests[name] = rows[0]?.digest ?? '';
  }
  return digests;
}
