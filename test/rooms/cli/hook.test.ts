// `drey hook` as the process a client starts: it never fails, never waits long, and speaks only when there is something.
import { spawn } from 'node:child_process';
import { readFile, writeFile, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultDataFolder } from '../../../infra/servers/servers.ts';
import { defaultFolder } from '../../../src/cli/hook.ts';
import { repository } from '../../support/programs.ts';
import { cli } from '../../support/run-cli.ts';
import { sendJson, startSmallNode } from '../../support/small-node.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';

/** Generous: what is shown is that it ends at all. Starting a process takes long on a busy machine. */
const boundMs = 5_000;
const event = { hook_event_name: 'UserPromptSubmit', session_id: 's', prompt: 'fix the build' };

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder('drey-hook');
});
afterEach(() => folder.remove());

interface Hooked {
  readonly code: number | null;
  readonly out: string;
  readonly ms: number;
}

/** Runs the hook; without an input its stdin stays open. */
function hook(
  input: string | undefined,
  env: Record<string, string> = {},
  words: readonly string[] = [],
): Promise<Hooked> {
  const begun = performance.now();
  const child = spawn(process.execPath, [join(repository, 'dist/src/cli/drey.js'), 'hook', ...words], {
    env: { HOME: folder.path, DREY_DATA: folder.path, ...env },
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stdin.on('error', () => undefined);
  if (input !== undefined) child.stdin.end(input);
  return new Promise((resolve) =>
    child.once('close', (code) => resolve({ code, out, ms: performance.now() - begun })),
  );
}

describe('the hook', () => {
  it('gives the event to the node of its data folder and prints what comes back', async () => {
    const node = await startSmallNode({ routes: { 'POST /api/v1/hooks': { context: 'do it like this' } } });
    await writeFile(join(folder.path, 'node.json'), JSON.stringify({ url: node.url, pid: 1 }));
    await writeFile(join(folder.path, 'token'), 'secret\n');
    const done = await hook(JSON.stringify(event), {}, ['--namespace', 'a b']);
    await node.close();
    expect(done.code).toBe(0);
    expect(JSON.parse(done.out)).toEqual({
      hookSpecificOutput: { hookEventName: 'UserPromptSubmit', additionalContext: 'do it like this' },
    });
    expect(node.seen).toEqual([
      {
        method: 'POST',
        path: '/api/v1/hooks?namespace=a%20b',
        authorization: 'Bearer secret',
        body: JSON.stringify(event),
      },
    ]);
  });

  it('leaves a result behind that is too large', async () => {
    const node = await startSmallNode({ routes: { 'POST /api/v1/hooks': { context: null } } });
    const large = { ...event, hook_event_name: 'PostToolUse', tool_response: 'x'.repeat(1_100_000) };
    const done = await hook(JSON.stringify(large), {}, ['--url', node.url]);
    await node.close();
    expect([done.code, done.out]).toEqual([0, '']);
    expect(JSON.parse(node.seen[0]?.body ?? '')).toMatchObject({ tool_response: '[too large to be kept]' });
  });

  it('is silent and ends with 0, whatever is wrong', async () => {
    const routes = {
      'POST /api/v1/hooks': (_req: unknown, res: Parameters<typeof sendJson>[0]) =>
        sendJson(res, { code: 'unexpected' }, 500),
    };
    const broken = await startSmallNode({ routes });
    const strange = await startSmallNode({ routes: { 'POST /api/v1/hooks': 'not what you think' } });
    const text = JSON.stringify(event);
    const runs = await Promise.all([
      hook(text),
      hook(text, { DREY_URL: 'http://127.0.0.1:9' }),
      hook(text, { DREY_URL: 'no address' }),
      hook(text, { DREY_URL: broken.url }),
      hook(text, { DREY_URL: strange.url }),
      hook('{"hook_event_name": ', { DREY_URL: strange.url }),
      hook('[]', { DREY_URL: strange.url }),
      hook('', { DREY_URL: strange.url }),
    ]);
    await Promise.all([broken.close(), strange.close()]);
    expect(runs.map(({ code, out }) => [code, out])).toEqual(runs.map(() => [0, '']));
  });

  it('waits for nobody: neither for a node that is silent nor for a client that never ends its input', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const runs = await Promise.all([
      hook(JSON.stringify(event), { DREY_URL: `http://127.0.0.1:${port}` }),
      hook(undefined, { DREY_URL: `http://127.0.0.1:${port}` }),
    ]);
    silent.close();
    for (const { code, out, ms } of runs) {
      expect([code, out]).toEqual([0, '']);
      expect(ms).toBeLessThan(boundMs);
    }
  });

  it.each([
    [{ HOME: '/home/ann' }, 1_000],
    [{ HOME: '/home/ann', XDG_DATA_HOME: '/data' }, 1_000],
    [{ HOME: '/home/ann', XDG_DATA_HOME: 'data' }, 1_000],
    [{ HOME: '/root' }, 0],
  ])('looks where the node keeps its data: %j', (env, uid) => {
    expect(defaultFolder(env, uid)).toBe(defaultDataFolder(env, uid));
  });
});

describe('install', () => {
  const install = (...words: string[]) =>
    cli(['hook', 'install', ...words], {
      env: { HOME: folder.path, PATH: '' },
      cwd: join(folder.path, 'project'),
    });
  const settings = (): string => join(folder.path, '.claude/settings.json');

  it('adds its entries beside those that are there, once, and goes back', async () => {
    await mkdir(join(folder.path, '.claude'));
    const before = `{
  // Mine.
  "model": "x",
  "hooks": { "PostToolUse": [{ "matcher": "Edit", "hooks": [{ "type": "command", "command": "lint" }] }] }
}
`;
    await writeFile(settings(), before);
    expect((await install('--dry-run')).out).toContain('UserPromptSubmit');
    expect(await readFile(settings(), 'utf8')).toBe(before);
    expect(await install('--yes', '--data', '/some where', '--namespace', 'team')).toMatchObject({
      code: 0,
      err: '',
    });
    const text = await readFile(settings(), 'utf8');
    expect(text).toContain('// Mine.');
    const { hooks } = JSON.parse(text.replace('// Mine.', '')) as {
      hooks: Record<string, { hooks: { command: string }[] }[]>;
    };
    expect(Object.keys(hooks).sort()).toEqual(
      ['PostToolUse', 'PostToolUseFailure', 'SessionEnd', 'SessionStart', 'UserPromptSubmit'].sort(),
    );
    expect(hooks['PostToolUse']).toHaveLength(2);
    expect(hooks['UserPromptSubmit']?.[0]?.hooks[0]?.command).toBe(
      `${process.execPath} nothing hook --data '/some where' --namespace team`,
    );
    await cli(['config', 'restore', settings(), '--yes']);
    expect(await readFile(settings(), 'utf8')).toBe(before);
  });

  it('makes the file where there is none, and finds itself in it', async () => {
    const run = await install('--yes', '--project', '--url', 'http://127.0.0.1:7333');
    expect(run.out).toContain('(new)');
    const file = join(folder.path, 'project/.claude/settings.json');
    const text = (await readFile(file, 'utf8')).replaceAll(' nothing hook', ' /x/drey.js hook');
    await writeFile(file, text);
    expect((await install('--yes', '--project')).out).toContain('has the hook already');
    expect((await install()).code).toBe(64);
  });
});
