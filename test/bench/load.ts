/**
 * A light load driver: raw JSON-RPC over keep-alive HTTP, or over a child's pipes. The official client costs more than
 * what is measured here, so it is not used for load.
 */
import { spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';

export interface Target {
  /** One tool call; resolves when its answer is complete. */
  call(): Promise<void>;
  close(): void;
}

export interface Sample {
  readonly latenciesMs: readonly number[];
  readonly callsPerSecond: number;
}

/** Drives a target from `concurrency` loops for a while, after a warm-up that does not count. */
export async function drive(target: Target, concurrency: number, ms: number): Promise<Sample> {
  await loop(target, concurrency, Math.min(500, ms / 4), []);
  const latenciesMs: number[] = [];
  const begun = performance.now();
  await loop(target, concurrency, ms, latenciesMs);
  return { latenciesMs, callsPerSecond: (latenciesMs.length * 1_000) / (performance.now() - begun) };
}

async function loop(target: Target, concurrency: number, ms: number, latencies: number[]): Promise<void> {
  const end = performance.now() + ms;
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      const begun = performance.now();
      await target.call();
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
}

const revision = '2025-06-18';

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

export interface RawSession {
  ask(method: string, params: string): Promise<RawAnswer>;
  /** Sends a body as it is. */
  send(body: string): Promise<RawAnswer>;
  /** Holds the session's event stream open; resolves once it is, and calls back when it ends. */
  listen(ended: () => void): Promise<() => void>;
}

export interface RawSessionOptions {
  /** False for a server that knows no sessions. */
  readonly hasSession?: boolean;
  /** The API key of whose session it is. */
  readonly key?: string;
}

/** Opens a session of the 2025 era. */
export async function openRawSession(
  url: string,
  agent: Agent,
  { hasSession = true, key }: RawSessionOptions = {},
): Promise<RawSession> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  const post = (body: string): Promise<RawAnswer & { session: string | undefined }> =>
    new Promise((resolve, reject) => {
      const sent = request(
        url,
        { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8');
          answer.on('data', (chunk: string) => (text += chunk));
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              session: answer.headers['mcp-session-id'] as string | undefined,
              text,
            }),
          );
          answer.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  let id = 0;
  const ask = (method: string, params: string) => {
    id += 1;
    return post(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`);
  };
  if (hasSession) {
    const params = {
      protocolVersion: revision,
      capabilities: {},
      clientInfo: { name: 'bench', version: '1' },
    };
    const opened = await ask('initialize', JSON.stringify(params));
    if (opened.status !== 200) throw new Error(`initialize answered ${opened.status}: ${opened.text}`);
    if (opened.session !== undefined) headers['mcp-session-id'] = opened.session;
    headers['mcp-protocol-version'] = revision;
    await post(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
  }
  const listen = (ended: () => void): Promise<() => void> =>
    new Promise((resolve, reject) => {
      const sent = request(url, { agent: false, headers: { ...headers, accept: 'text/event-stream' } });
      sent.once('response', (answer) => {
        answer.resume().once('close', ended);
        if (answer.statusCode === 200) resolve(() => void sent.destroy());
        else reject(new Error(`the stream answered ${answer.statusCode}`));
      });
      sent.once('error', reject);
      sent.end();
    });
  return { ask, send: post, listen };
}

/** A session that calls one tool. */
export async function openHttpTarget(url: string, tool: string, hasSession = true): Promise<Target> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const session = await openRawSession(url, agent, { hasSession });
  const params = `{"name":"${tool}","arguments":{"text":"hello"}}`;
  return {
    async call() {
      const answer = await session.ask('tools/call', params);
      if (answer.status !== 200 || !answer.text.includes('"result"'))
        throw new Error(`a call answered ${answer.status}: ${answer.text.slice(0, 300)}`);
    },
    close: () => agent.destroy(),
  };
}

/** Calls a stdio server's tool directly: what a client has without any gateway. */
export async function openStdioTarget(program: string, tool: string): Promise<Target> {
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = new Map<number, () => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as { id?: number };
    if (answer.id === undefined) return;
    waiting.get(answer.id)?.();
    waiting.delete(answer.id);
  });
  let id = 0;
  const send = (method: string, params: string): Promise<void> =>
    new Promise((resolve) => {
      id += 1;
      waiting.set(id, resolve);
      child.stdin.write(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}\n`);
    });
  await send(
    'initialize',
    JSON.stringify({
      protocolVersion: revision,
      capabilities: {},
      clientInfo: { name: 'bench', version: '1' },
    }),
  );
  return {
    call: () => send('tools/call', `{"name":"${tool}","arguments":{"text":"hello"}}`),
    close: () => child.kill(),
  };
}
