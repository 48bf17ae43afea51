/**
 * An endpoint of embeddings over HTTP in the format of OpenAI, small but real: what a text means is the sum of what its
 * words mean, and words that mean the same share an axis. It can be told to be slow, to refuse, and to go away.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The length of its vectors. */
export const meaningDimensions = 32;

/** Stands for a number that JSON may not know. */
const odd = 'odd number';

const synonyms: readonly (readonly string[])[] = [
  ['salary', 'wages', 'pay', 'earnings'],
  ['car', 'automobile', 'vehicle'],
  ['physician', 'doctor', 'medic'],
];

export interface EmbeddingRequest {
  readonly model: string;
  readonly input: readonly string[];
  readonly dimensions?: number;
  readonly authorization: string | undefined;
}

export interface EmbeddingServer {
  /** Its base, as for `embeddings.url`. */
  readonly url: string;
  /** What it was asked, in order. */
  readonly asked: EmbeddingRequest[];
  /** How it answers the next ones: `well`, `never`, with this status, or with these bytes. */
  mood: number | string;
  /** Texts with this in them are refused, and the whole request with them. */
  refused: string | undefined;
  /** How they are: with this status (400), or by vectors of which each number is written like this. */
  refusal: number | string;
  /** So many more refusals, as of a replica that is taken out then; undefined for good. */
  refusals: number | undefined;
  close(): Promise<void>;
}

/** Starts one on a free port of loopback. */
export async function startEmbeddingServer(): Promise<EmbeddingServer> {
  const server = createServer((req, res) => void answer(req, res, endpoint));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const endpoint: EmbeddingServer = {
    url: `http://127.0.0.1:${port}/v1`,
    asked: [],
    mood: 'well',
    refused: undefined,
    refusal: 400,
    refusals: undefined,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return endpoint;
}

async function answer(req: IncomingMessage, res: ServerResponse, endpoint: EmbeddingServer): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  if (req.url !== '/v1/embeddings' || req.method !== 'POST') {
    res.writeHead(404).end('{"error":{"message":"no such path"}}');
    return;
  }
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Omit<EmbeddingRequest, 'authorization'>;
  endpoint.asked.push({ ...body, authorization: req.headers.authorization });
  const { mood, refused, refusal } = endpoint;
  const isRefused = (text: string): boolean => refused !== undefined && text.includes(refused);
  if (mood === 'never') return;
  if (typeof mood === 'number') res.writeHead(mood).end('{"error":{"message":"not now"}}');
  else if (mood !== 'well') res.writeHead(200).end(mood);
  else if (typeof refusal === 'number' && endpoint.refusals !== 0 && body.input.some(isRefused)) {
    if (endpoint.refusals !== undefined) endpoint.refusals -= 1;
    res.writeHead(refusal).end('{"error":{"message":"one of these is not allowed"}}');
  } else {
    const data = body.input.map((text, index) => ({
      object: 'embedding',
      index,
      embedding: isRefused(text) ? toMeaning(text).map(() => odd) : toMeaning(text),
    }));
    res.writeHead(200, { 'content-type': 'application/json' });
    // Nothing says that answers come in the order of the texts.
    const text = JSON.stringify({ object: 'list', model: body.model, data: data.reverse() });
    res.end(text.replaceAll(JSON.stringify(odd), String(refusal)));
  }
}

/** What a text means: known words have an axis, all others share the rest by their letters. */
export function toMeaning(text: string): readonly number[] {
  const vector = Array.from({ length: meaningDimensions }, () => 0.001);
  for (const word of text.toLowerCase().split(/[^a-z]+/)) {
    if (word === '') continue;
    const known = synonyms.findIndex((group) => group.includes(word));
    const letters = [...word].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9_973, 7);
    const axis = known >= 0 ? known : synonyms.length + (letters % (meaningDimensions - synonyms.length));
    vector[axis] = (vector[axis] ?? 0) + (known >= 0 ? 3 : 0.5);
  }
  return vector.map(Math.fround);
}
