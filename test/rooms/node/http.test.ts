/** The HTTP server: its address, the ways in which it cannot listen, and how it ends. */
import http from 'node:http';
import net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen } from '../../../src/node/http.ts';
import type { HttpBounds, HttpFaces, HttpServer } from '../../../src/node/http.ts';

const hello: HttpFaces = {
  handle: (request, response) => {
    if (request.url !== '/hello') return false;
    response.end('hello');
    return true;
  },
  handleUpgrade: (_request, socket) => void socket.destroy(),
};

async function open(faces: HttpFaces = hello, bounds?: HttpBounds): Promise<HttpServer> {
  const server = await listen('127.0.0.1', 0, faces, bounds);
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

/** Says exactly this over a connection, and hears all until its end. */
function say(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (part: Buffer) => (heard += part.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(heard));
    socket.write(text);
    onTestFinished(() => void socket.destroy());
  });
}

const echo: HttpFaces = {
  ...hello,
  handle: (request, response) => {
    request.resume();
    request.on('end', () => response.end(request.url));
    return true;
  },
};
const head = 'POST /a HTTP/1.1\r\nHost: localhost\r\n';

describe('what is no HTTP, or a strange one', () => {
  it.each([
    ['64 KiB of headers', `${head}X-A: ${'a'.repeat(64 * 1024)}\r\n\r\n`, '431'],
    ['1 000 long headers', `${head}${'X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(1_000)}\r\n`, '431'],
    ['a line break within a header', `${head}X-A: a\rb\r\n\r\n`, '400'],
    ['a NUL in a header', `${head}X-A: a\0b\r\n\r\n`, '400'],
    [
      'a length and chunks both',
      `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      '400',
    ],
    ['two lengths', `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\na`, '400'],
    ['a length that is no number', `${head}Content-Length: 1e9\r\n\r\n`, '400'],
    ['no Host', 'GET /a HTTP/1.1\r\n\r\n', '400'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', '400'],
  ])('is refused: %s', async (_what, text, status) => {
    const { port } = await open(echo);
    expect(await say(port, text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*Connection: close`, 'i'));
  });

  it('is answered in order when requests come before the answers', async () => {
    const { port } = await open(echo);
    const many = Array.from({ length: 50 }, (_, n) => `GET /r${n} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const last = 'GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    const heard = await say(port, many.join('') + last);
    const paths = [...heard.matchAll(/\r\n\r\n(\/(?:r\d+|last))/g)].map((match) => match[1]);
    expect(paths).toEqual([...many.map((_, n) => `/r${n}`), '/last']);
  });
});

describe('whoever is slow', () => {
  const bounds: HttpBounds = { headersMs: 150, requestMs: 300, checkMs: 50 };

  it.each([
    ['headers', 'GET /a HTTP/1.1\r\nHost:'],
    ['a body', `${head}Content-Length: 10\r\n\r\n{`],
  ])('with %s is sent away', async (_what, text) => {
    const { port } = await open(echo, bounds);
    expect(await say(port, text)).toMatch(/^HTTP\/1\.1 408 [^]*Connection: close/);
  });

  it('with a body, a byte at a time, gains nothing by it', async () => {
    const { port } = await open(echo, bounds);
    const socket = net.connect(port, '127.0.0.1');
    const dripping = setInterval(() => socket.write(' '), 20);
    let heard = '';
    socket.on('data', (part: Buffer) => (heard += part.toString('latin1')));
    socket.on('error', () => undefined);
    socket.write(`${head}Content-Length: 1000\r\n\r\n`);
    await new Promise((resolve) => socket.on('close', resolve));
    clearInterval(dripping);
    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('to answer is waited for: the bounds are for requests only', async () => {
    const { url } = await open(
      {
        ...hello,
        handle: (_request, response) => {
          setTimeout(() => response.end('at last'), 3 * bounds.requestMs);
          return true;
        },
      },
      bounds,
    );
    expect(await (await fetch(`${url}/slow`)).text()).toBe('at last');
  });

  it('to say anything at all leaves the others their answers', async () => {
    const { url, port } = await open(echo);
    const idle = Array.from({ length: 500 }, () =>
      net.connect(port, '127.0.0.1').on('error', () => undefined),
    );
    onTestFinished(() => idle.forEach((socket) => void socket.destroy()));
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    expect(await (await fetch(`${url}/b`)).text()).toBe('/b');
  });
});
