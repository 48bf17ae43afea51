/**
 * Two ways to call a tool that change no byte: a reference server over its standard streams, and Drey over HTTP. Both
 * speak 2025-11-25 by hand, so that what an SDK would parse and write again is compared as it came.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { sliceMembers } from '../../../src/upstream/upstream.ts';

/** What came back: the bytes of a result, or of an error. */
export interface RawAnswer {
  readonly result: string | undefined;
  readonly error: string | undefined;
}

export interface RawPeer {
  /** Sends `params` as the text it is. */
  ask(method: string, params: string): Promise<RawAnswer>;
  close(): Promise<void>;
}

const toHandshake = (capabilities: object): string =>
  JSON.stringify({
    protocolVersion: '2025-11-25',
    capabilities,
    clientInfo: { name: 'drey-interop', version: '1.0.0' },
  });
/** What a node declares to a server over the connection that all its clients share. */
const declared = { roots: {}, sampling: {}, elicitation: { form: {}, url: {} } };
const frame = (id: number, method: string, params: string): string =>
  `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`;
const initialized = '{"jsonrpc":"2.0","method":"notifications/initialized"}';
const toAnswer = (text: string): RawAnswer => {
  const { result, error } = sliceMembers(text, ['result', 'error']);
  return { result, error };
};

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a server and shakes hands with it. */
export async function openRawStdio({ command, args, env }: Command): Promise<RawPeer> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'ignore'] });
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const waiting = new Map<string, (line: string) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, method } = sliceMembers(line, ['id', 'method']);
    // Whatever is asked is refused, as a node does outside of calls and for clients that cannot be asked.
    if (id !== undefined && method !== undefined)
      child.stdin.write(
        `{"jsonrpc":"2.0","id":${id},"error":{"code":-32601,"message":"nobody can be asked"}}\n`,
      );
    if (id === undefined || method !== undefined) return;
    waiting.get(id)?.(line);
    waiting.delete(id);
  });
  let count = 0;
  const ask = async (method: string, params: string): Promise<RawAnswer> => {
    count += 1;
    const line = new Promise<string>((resolve, reject) => {
      waiting.set(String(count), resolve);
      void gone.then(() => reject(new Error(`${command} ended before it answered`)));
    });
    child.stdin.write(`${frame(count, method, params)}\n`);
    return toAnswer(await line);
  };
  await ask('initialize', toHandshake(declared));
  child.stdin.write(`${initialized}\n`);
  return {
    ask,
    async close() {
      child.kill();
      await gone;
    },
  };
}

/** Opens a session of the 2025 era at a node. */
export async function openRawHttp(url: string): Promise<RawPeer> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json',
    'mcp-protocol-version': '2025-11-25',
  };
  let count = 0;
  const post = (body: string): Promise<Response> =>
    fetch(new URL('/mcp', url), { method: 'POST', headers, body });
  const opened = await post(frame(count, 'initialize', toHandshake({})));
  await opened.text();
  headers['mcp-session-id'] = opened.headers.get('mcp-session-id') ?? '';
  await (await post(initialized)).text();
  return {
    async ask(method, params) {
      count += 1;
      return toAnswer(await (await post(frame(count, method, params))).text());
    },
    async close() {
      await (await fetch(new URL('/mcp', url), { method: 'DELETE', headers })).text();
    },
  };
}
