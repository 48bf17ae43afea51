/**
 * Asks the node over REST. Answers come back as the text they were and as a value; everything else is a DreyError: the
 * node's own problem with its code, or `node_unreachable`.
 */
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { DreyError } from '../../machines/words/errors.ts';
import type { NodeAddress } from './node-address.ts';
import { toProblem } from './problem.ts';

/** A node that says nothing for so long is taken for dead. */
const silenceMsMax = 60_000;
/** Bytes of an answer that is kept. */
const answerBytesMax = 64 * 1024 * 1024;

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Answer {
  readonly text: string;
  readonly value: unknown;
}

export interface NodeClient {
  readonly address: NodeAddress;
  get(path: string, query?: Query): Promise<Answer>;
  post(path: string, body: unknown, query?: Query): Promise<Answer>;
  /** Any other way to change something. */
  change(method: 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, query?: Query): Promise<Answer>;
  /** The body of an answer that does not end by itself. */
  follow(path: string, query?: Query): Promise<IncomingMessage>;
  /** A request whose body the caller writes; it answers when the node does. */
  upload(path: string, query: Query, type: string): Promise<Upload>;
}

export interface Upload {
  readonly request: ClientRequest;
  readonly answer: Promise<Answer>;
}

/** Opens a client; every request has a connection of its own, so nothing keeps the process alive afterwards. */
export function openNodeClient(address: NodeAddress): NodeClient {
  const open = (method: string, path: string, query: Query, headers: Readonly<Record<string, string>>) =>
    openRequest(address, `/api/v1${path}`, query, { method, headers: { ...headers } });
  const send = async (method: string, path: string, body: unknown, query: Query): Promise<Answer> => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
    };
    const request = await open(method, path, query, body === undefined ? {} : headers);
    const answer = toAnswer(request, address);
    request.end(text);
    return answer;
  };
  return {
    address,
    get: (path, query = {}) => send('GET', path, undefined, query),
    post: (path, body, query = {}) => send('POST', path, body, query),
    change: (method, path, body, query = {}) => send(method, path, body, query),
    follow: async (path, query = {}) => {
      const request = await open('GET', path, query, { accept: 'text/event-stream' });
      const response = toResponse(request, address);
      request.end();
      const followed = await response;
      if (followed.statusCode === 200) {
        request.setTimeout(0);
        return followed;
      }
      throw toProblem(followed.statusCode ?? 0, await readAll(followed, address), address.url);
    },
    upload: async (path, query, type) => {
      const request = await open('POST', path, query, { 'content-type': type });
      return { request, answer: toAnswer(request, address) };
    },
  };
}

/** Opens a request to the node with the headers every one of them carries. */
export async function openRequest(
  address: NodeAddress,
  path: string,
  query: Query,
  options: Omit<RequestOptions, 'headers'> & { readonly headers?: Readonly<Record<string, string>> },
): Promise<ClientRequest> {
  const url = new URL(address.url + path);
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(key, String(value));
  }
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const bearer = address.token === undefined ? {} : { authorization: `Bearer ${address.token}` };
  const own = { agent: false, timeout: silenceMsMax } as const;
  const opened = request(url, { ...own, ...options, headers: { ...bearer, ...options.headers } });
  opened.on('timeout', () => {
    const sentence = `The node at ${address.url} said nothing for ${silenceMsMax / 1_000} s.`;
    opened.destroy(new DreyError('call_timeout', sentence));
  });
  return opened;
}

/** What is told when no connection comes about or an open one breaks. */
export function toUnreachable(cause: unknown, address: NodeAddress): DreyError {
  if (cause instanceof Error && 'isDreyError' in cause) return cause as DreyError;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = cause instanceof Error ? cause.message || code : String(cause);
  const sentence =
    code === 'ECONNREFUSED'
      ? `Nothing listens at ${address.url}.`
      : `The node at ${address.url} cannot be reached: ${why}.`;
  return new DreyError('node_unreachable', sentence, { cause, details: { cause: code } });
}

function toResponse(request: ClientRequest, address: NodeAddress): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', (cause) => reject(toUnreachable(cause, address)));
  });
}

async function toAnswer(request: ClientRequest, address: NodeAddress): Promise<Answer> {
  const response = await toResponse(request, address);
  const status = response.statusCode ?? 0;
  const text = await readAll(response, address);
  if (status < 200 || status > 299) throw toProblem(status, text, address.url);
  try {
    return { text, value: text === '' ? undefined : (JSON.parse(text) as unknown) };
  } catch (cause) {
    const sentence = `What answers at ${address.url} is no Drey node: its answer is not JSON.`;
    throw new DreyError('node_unreachable', sentence, { cause });
  }
}

async function readAll(response: IncomingMessage, address: NodeAddress): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > answerBytesMax) {
        throw new DreyError('body_too_large', `The node's answer is longer than ${answerBytesMax} bytes.`);
      }
      chunks.push(chunk);
    }
  } catch (cause) {
    throw toUnreachable(cause, address);
  }
  return Buffer.concat(chunks).toString('utf8');
}
