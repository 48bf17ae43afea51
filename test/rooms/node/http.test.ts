/** The HTTP server: its address, the ways in which it cannot listen, and how it ends. */
import http from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen } from '../../../src/node/http.ts';
import type { HttpFaces, HttpServer } from '../../../src/node/http.ts';

const hello: HttpFaces = {
  handle: (request, response) => {
    if (request.url !== '/hello') return false;
    response.end('hello');
    return true;
  },
  handleUpgrade: (_request, socket) => void socket.destroy(),
};

async function open(faces: HttpFaces = hello): Promise<HttpServer> {
  const server = await listen('127.0.0.1', 0, faces);
  onTestFinished(() => server.close(100));
  return server;
}

/** Asks over a connection that the client keeps. */
function ask(agent: http.Agent, url: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      })
      .on('error', reject);
  });
}

describe("the node's HTTP server", () => {
  it('hands requests to its faces and answers 404 for the rest', async () => {
    const { url, port } = await open();
    expect(url).toBe(`http://127.0.0.1:${port}`);
    expect(await (await fetch(`${url}/hello`)).text()).toBe('hello');
    expect((await fetch(`${url}/other`)).status).toBe(404);
  });

  it('says which port is in use and what to do', async () => {
    const { port } = await open();
    await expect(listen('127.0.0.1', port, hello)).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(`Port ${port} on 127.0.0.1 is in use`),
    });
  });

  it('says that an address is none of this machine', async () => {
    await expect(listen('192.0.2.1', 0, hello)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('Listening on 192.0.2.1:0 is not possible'),
    });
  });

  it('gives an address that can be reached for one that stands for all', async () => {
    const all = await listen('0.0.0.0', 0, hello);
    onTestFinished(() => all.close(100));
    expect(all.url).toBe(`http://127.0.0.1:${all.port}`);
    expect((await fetch(`${all.url}/hello`)).status).toBe(200);
  });

  it('survives a face that breaks', async () => {
    const heard: unknown[] = [];
    const { url } = await open({
      ...hello,
      handle: () => {
        throw new Error('a bug in the face');
      },
      onError: (error) => void heard.push(error),
    });
    expect((await fetch(`${url}/hello`)).status).toBe(500);
    expect((await fetch(`${url}/hello`)).status).toBe(500);
    expect(heard).toHaveLength(2);
  });

  it('ends soon although a client keeps its connection, once its request was answered', async () => {
    let answer = (): void => undefined;
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const server = await listen('127.0.0.1', 0, {
      ...hello,
      handle: (_request, response) => {
        answer = () => response.end('at last');
        arrive();
        return true;
      },
    });
    const agent = new http.Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const answered = ask(agent, `${server.url}/slow`);
    await arrived;
    const began = performance.now();
    const closed = server.close(5_000);
    answer();
    expect(await answered).toEqual({ status: 200, text: 'at last' });
    await closed;
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it('cuts what does not end within its bound', async () => {
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const server = await listen('127.0.0.1', 0, {
      ...hello,
      handle: () => {
        arrive();
        return true;
      },
    });
    const agent = new http.Agent();
    onTestFinished(() => agent.destroy());
    const never = ask(agent, `${server.url}/never`).catch((error: unknown) => error);
    await arrived;
    await server.close(100);
    expect(await never).toBeInstanceOf(Error);
  });
});
