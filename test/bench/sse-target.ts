/**
 * One tool behind the HTTP+SSE transport of 2024-11-05, for gateways that speak nothing newer: requests are posted, and
 * every answer comes on the one stream. It reads no more of the protocol than a bench needs.
 */
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { Target } from './load.ts';

/** Opens the stream and a session on it. */
export async function openSseTarget(url: string, tool: string): Promise<Target> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const stream = await listen(url);
  const waiting = new Map<number, (answer: string) => void>();
  let found: (address: string) => void = () => undefined;
  const endpoint = new Promise<string>((resolve) => (found = resolve));
  let event = '';
  createInterface({ input: stream }).on('line', (line) => {
    if (line.startsWith('event: ')) event = line.slice(7);
    if (!line.startsWith('data: ')) return;
    const data = line.slice(6);
    if (event === 'endpoint') return found(new URL(data, url).href);
    const { id } = JSON.parse(data) as { id?: number };
    if (id === undefined) return;
    waiting.get(id)?.(data);
    waiting.delete(id);
  });
  const address = await endpoint;
  const post = (body: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const sent = request(address, { method: 'POST', agent, headers }, (answer) => {
        answer.resume().once('end', resolve);
      });
      sent.once('error', reject);
      sent.end(body);
    });
  let lastId = 0;
  const ask = async (method: string, params: string): Promise<string> => {
    const id = (lastId += 1);
    const answer = new Promise<string>((resolve) => waiting.set(id, resolve));
    await post(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`);
    return answer;
  };
  const client = '"capabilities":{},"clientInfo":{"name":"bench","version":"1"}';
  await ask('initialize', `{"protocolVersion":"2024-11-05",${client}}`);
  await post('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  return {
    async call() {
      const answer = await ask('tools/call', `{"name":"${tool}","arguments":{"text":"hello"}}`);
      if (!answer.includes('"result"')) throw new Error(`a call answered ${answer.slice(0, 300)}`);
    },
    close: () => {
      stream.destroy();
      agent.destroy();
    },
  };
}

function listen(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, headers: { accept: 'text/event-stream' } });
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.end();
  });
}
