/** Commands as processes of their own: what only signals, pipes, detached children and races can show. */
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../../infra/servers/processes.ts';
import { repository } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';

const smallDrey = join(repository, 'dist/test/support/small-drey.js');
const realDrey = join(repository, 'dist/src/cli/drey.js');

let folder: TemporaryFolder;

beforeAll(() => {
  if (!existsSync(smallDrey))
    throw new Error('These tests run the built program: npm run build comes first.');
});

beforeEach(async () => {
  folder = await temporaryFolder('drey-processes');
});

afterEach(async () => {
  await run(['down']).ended;
  await folder.remove();
});

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly out: () => Buffer;
  readonly err: () => string;
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

function run(words: readonly string[], env: Record<string, string> = {}, program = smallDrey): Running {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'], HOME: folder.path, DREY_DATA: join(folder.path, 'data'), ...env },
  });
  const out: Buffer[] = [];
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, out: Buffer.concat(out).toString('utf8'), err }));
  });
  return { child, out: () => Buffer.concat(out), err: () => err, ended };
}

async function nodePid(): Promise<number> {
  const text = await readFile(join(folder.path, 'data/node.json'), 'utf8');
  return (JSON.parse(text) as { pid: number }).pid;
}

describe('the built program', () => {
  it('is executable and knows its version and its mistakes', async () => {
    expect(await readFile(realDrey, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(await run(['--version'], {}, realDrey).ended).toEqual({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      err: '',
    });
    expect(await run(['statsu'], {}, realDrey).ended).toMatchObject({ code: 64 });
    expect(await run(['status'], {}, realDrey).ended).toMatchObject({ code: 69, out: '' });
  });

  it('ends only when a slow reader has its last words', async () => {
    const cli = pathToFileURL(join(repository, 'dist/src/cli/cli.js')).href;
    const bytes = 1024 * 1024;
    const words = `import { leave } from '${cli}'; process.stdout.write(Buffer.alloc(${bytes})); await leave(process, 0);`;
    const talker = run(['--input-type=module', '--eval', words], {}, '--no-warnings');
    expect(await talker.ended).toMatchObject({ code: 0 });
    expect(talker.out().length).toBe(bytes);
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const help = run(['--help'], {}, realDrey);
    help.child.stdout.destroy();
    expect(await help.ended).toMatchObject({ code: 0, err: '' });
  });
});

describe('up', () => {
  it('runs until SIGTERM and ends in order', async () => {
    const up = run(['up', '--port', '0']);
    await until('it tells its address', () => up.out().includes('Drey runs at'));
    up.child.kill('SIGTERM');
    expect(await up.ended).toMatchObject({
      code: 0,
      err: expect.stringContaining('SIGTERM: ending in order'),
    });
    expect(existsSync(join(folder.path, 'data/node.json'))).toBe(false);
  });

  it('in the background answers when it returns, is not started twice, and goes down again', async () => {
    const first = await run(['up', '--detach']).ended;
    expect(first).toMatchObject({ code: 0, err: expect.stringContaining('node.log') });
    const pid = await nodePid();
    expect(await run(['up', '--detach']).ended).toMatchObject({
      code: 0,
      out: expect.stringContaining('A node runs already'),
    });
    expect(await nodePid()).toBe(pid);
    expect(await run(['status', '--json']).ended).toMatchObject({
      code: 0,
      out: expect.stringContaining(`"pid":${pid}`),
    });
    expect(await run(['down']).ended).toMatchObject({ code: 0, out: expect.stringContaining('has ended') });
    expect(isAlive(pid)).toBe(false);
    expect(await run(['down']).ended).toMatchObject({
      code: 0,
      out: expect.stringContaining('No node runs'),
    });
  });

  it('in the background says why it could not, with the code of the cause', async () => {
    expect(await run(['up', '--detach'], { SMALL_DREY_FAILS: '1' }).ended).toMatchObject({
      code: 69,
      err: expect.stringMatching(/drey: There is no Postgres here\.\n {2}The node's log is .*node\.log\.\n$/),
    });
    expect(await run(['up', '--detach'], { SMALL_DREY_DIES: '1' }).ended).toMatchObject({
      code: 69,
      err: expect.stringContaining('The node ended at once (exit code 3).'),
    });
  });

  it('refuses a data folder that has its node', async () => {
    await run(['up', '--detach']).ended;
    expect(await run(['up']).ended).toMatchObject({
      code: 73,
      err: expect.stringContaining(`pid ${await nodePid()}`),
    });
  });
});

describe('stdio', () => {
  it('starts a node that ends when idle, and passes every byte both ways', async () => {
    const bridge = run(['stdio', '--namespace', 'flock']);
    const bytes = randomBytes(3 * 1024 * 1024);
    bridge.child.stdin.end(bytes);
    const { code, err } = await bridge.ended;
    expect(code).toBe(0);
    expect(err).toMatch(/^drey: starting a node; its log is .*\n$/);
    const hello = `${await nodePid()} /stdio?namespace=flock\n`;
    expect(bridge.out().subarray(0, hello.length).toString()).toBe(hello);
    expect(bridge.out().subarray(hello.length).equals(bytes)).toBe(true);
    expect((await run(['status', '--json']).ended).out).toContain('"idle":600');
  });

  it('uses the node that runs, and says nothing then', async () => {
    await run(['up', '--detach']).ended;
    const bridge = run(['stdio']);
    bridge.child.stdin.end('{"id":1}\n');
    expect(await bridge.ended).toEqual({ code: 0, out: `${await nodePid()} /stdio\n{"id":1}\n`, err: '' });
  });

  it('started many times at once ends with one node', async () => {
    const bridges = Array.from({ length: 5 }, () => run(['stdio']));
    for (const { child } of bridges) child.stdin.end('x\n');
    const ended = await Promise.all(bridges.map((bridge) => bridge.ended));
    const hello = `${await nodePid()} /stdio\nx\n`;
    expect(ended.map(({ code, out }) => ({ code, out }))).toEqual(ended.map(() => ({ code: 0, out: hello })));
  }, 60_000);

  it('finds a free port where the usual one is in use', async () => {
    const bridge = run(['stdio'], { SMALL_DREY_PORT_IN_USE: '1' });
    bridge.child.stdin.end('x\n');
    expect(await bridge.ended).toMatchObject({ code: 0, out: `${await nodePid()} /stdio\nx\n` });
  });

  it('is not misled by what a dead node left', async () => {
    await run(['up', '--detach']).ended;
    const pid = await nodePid();
    process.kill(pid, 'SIGKILL');
    await until('it is gone', () => !isAlive(pid));
    const bridge = run(['stdio']);
    bridge.child.stdin.end('x\n');
    expect((await bridge.ended).code).toBe(0);
    expect(await nodePid()).not.toBe(pid);
  });

  it('ends with a sentence when the node is gone', async () => {
    await run(['up', '--detach']).ended;
    const bridge = run(['stdio']);
    await until('it is connected', () => bridge.out().length > 0);
    process.kill(await nodePid(), 'SIGKILL');
    const { code, err } = await bridge.ended;
    expect(code).toBe(69);
    expect(err).toMatch(/^drey: The connection to the node at http:\S+ was lost\.\n/);
  });

  it('ends quietly when its client is gone', async () => {
    await run(['up', '--detach']).ended;
    const bridge = run(['stdio']);
    await until('it is connected', () => bridge.out().length > 0);
    bridge.child.stdout.destroy();
    bridge.child.stdin.write('anybody there?\n');
    expect(await bridge.ended).toMatchObject({ code: 0, err: '' });
  });

  it('says why when no node can be started, with nothing on stdout', async () => {
    expect(await run(['stdio'], { SMALL_DREY_FAILS: '1' }).ended).toMatchObject({
      code: 69,
      out: '',
      err: expect.stringContaining('no Postgres'),
    });
  });

  it('does not start one for an address that somebody named', async () => {
    expect(await run(['stdio', '--url', 'http://127.0.0.1:9']).ended).toMatchObject({
      code: 69,
      out: '',
      err: expect.stringContaining('127.0.0.1:9'),
    });
    expect(existsSync(join(folder.path, 'data'))).toBe(false);
  });

  it('takes an address that somebody named as it is, its path included', async () => {
    await run(['up', '--detach']).ended;
    const address = JSON.parse(await readFile(join(folder.path, 'data/node.json'), 'utf8')) as {
      url: string;
    };
    const bridge = run(['stdio', '--url', `${address.url}/behind/a/proxy/`]);
    bridge.child.stdin.end();
    expect((await bridge.ended).out).toBe(`${await nodePid()} /behind/a/proxy/stdio\n`);
  });
});
