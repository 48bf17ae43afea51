/** A stateful server over HTTP that is killed and started again between calls: its session is gone, the next call works. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { call, installed, open, textOf, until } from './upstreams.ts';

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The reference server with everything, as a process of its own; it answers when this resolves. */
async function start(port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [installed('server-everything/dist/index.js'), 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/mcp`).then(
      (answer) => answer.status < 500,
      () => false,
    );
  await until(answers, 20_000);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

describe('a server that forgot its sessions because it was killed', () => {
  it('is called in a new session, whoever comes first, and is away while it is away', async () => {
    const port = await findPort();
    const first = await start(port);
    const upstream = await open({ url: `http://127.0.0.1:${port}/mcp` }, { alias: 'everything' });
    const echo = (message: string) => call(upstream, 'echo', { args: JSON.stringify({ message }) });
    expect(textOf(await echo('one'))).toBe('Echo: one');
    let changes = 0;
    upstream.onToolsChanged(() => (changes += 1));
    await kill(first);
    expect(await echo('lost')).toMatchObject({
      outcome: 'failed',
      code: 'upstream_unavailable',
      countsAgainst: true,
    });
    await start(port);
    const many = await Promise.all(['two', 'three', 'four'].map(echo));
    expect(many.map(textOf)).toEqual(['Echo: two', 'Echo: three', 'Echo: four']);
    // One renewal for all of them, after which the tools are listed anew.
    expect(changes).toBe(1);
    expect(textOf(await echo('five'))).toBe('Echo: five');
  });
});
