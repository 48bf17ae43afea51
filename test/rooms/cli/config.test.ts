// `drey config` over real files in a temporary home.
import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../../support/run-cli.ts';
import type { CliRun } from '../../support/run-cli.ts';
import { temporaryFolder } from '../../support/temporary.ts';

let home: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  const folder = await temporaryFolder('drey-config');
  home = folder.path;
  remove = () => folder.remove();
});
afterEach(() => remove());

const fixture = (name: string): Promise<Buffer> =>
  readFile(new URL(`../../fixtures/clients/${name}`, import.meta.url));

async function put(path: string, content: string | Buffer): Promise<string> {
  const file = join(home, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, content);
  return file;
}

const config = (words: readonly string[], answer?: string): Promise<CliRun> => {
  const stdin = new PassThrough();
  stdin.end(answer);
  return cli(['config', ...words], { env: { HOME: home, PATH: '' }, cwd: home, stdin });
};
const dreyFile = (): string => join(home, '.config/drey/drey.json');
const readJson = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

describe('an import', () => {
  it.each([
    ['claude.json', '.claude.json'],
    ['vscode.json', 'app/.vscode/mcp.json'],
    ['cursor.json', '.cursor/mcp.json'],
    ['claude_desktop_config.json', '.config/Claude/claude_desktop_config.json'],
    ['opencode.jsonc', '.config/opencode/opencode.jsonc'],
    ['config.toml', '.codex/config.toml'],
  ])('of %s is undone byte for byte', async (name, path) => {
    const before = await fixture(name);
    const file = await put(path, before);
    await chmod(file, 0o640);
    const done = await config(['import', file, '--yes']);
    expect([done.code, done.err]).toEqual([0, '']);
    expect(done.out).toContain('Backups:');
    expect((await readFile(file)).equals(before)).toBe(false);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect((await stat(dreyFile())).mode & 0o777).toBe(0o600);
    expect(await readJson(dreyFile())).toHaveProperty('mcpServers');
    const again = await config(['import', file, '--yes']);
    expect(again.out).not.toContain('moved');
    const back = await config(['restore', file, '--yes']);
    expect([back.code, back.err]).toEqual([0, '']);
    expect((await readFile(file)).equals(before)).toBe(true);
    expect((await config(['restore', file, '--yes'])).code).toBe(66);
  });

  it('of any file is undone byte for byte', async () => {
    const name = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text !== '__proto__');
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4, noNullPrototype: true }),
        fc.dictionary(name, fc.record({ command: name, args: fc.array(fc.string()) }), {
          minKeys: 1,
          maxKeys: 4,
        }),
        fc.constantFrom('', '\uFEFF'),
        fc.constantFrom('\n', '\r\n'),
        fc.constantFrom(undefined, 2, '\t'),
        async (others, servers, bom, eol, indent) => {
          const text = JSON.stringify({ ...others, mcpServers: servers }, null, indent).replaceAll('\n', eol);
          const before = Buffer.from(bom + text + eol);
          const file = await put('any.json', before);
          const done = await config(['import', file, '--yes', '--client', 'generic']);
          expect([done.code, done.err]).toEqual([0, '']);
          const after = await readFile(file, 'utf8');
          expect(after.startsWith('\uFEFF')).toBe(bom !== '');
          expect((await config(['restore', file, '--yes'])).code).toBe(0);
          expect((await readFile(file)).equals(before)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('shows no secret, in no form', async () => {
    const secret = 'hunter2-of-the-home';
    const content = {
      mcpServers: {
        a: { command: 'a', args: ['--api-key', secret, `--token=${secret}`], env: { A: secret } },
        b: { url: `https://ann:${secret}@b.example/mcp?api_key=${secret}`, headers: { 'X-A': secret } },
      },
    };
    const file = await put('.mcp.json', JSON.stringify(content));
    for (const words of [['--dry-run'], ['--dry-run', '--json'], ['--yes', '--json'], []]) {
      const run = await config(['import', file, ...words], 'n\n');
      expect(run.code).toBe(0);
      expect(run.out + run.err).not.toContain(secret);
    }
    expect(await readFile(dreyFile(), 'utf8')).toContain(secret);
  });

  it('changes nothing without a yes', async () => {
    const before = await fixture('claude.json');
    const file = await put('.claude.json', before);
    const silent = await config(['import', file]);
    expect([silent.code, silent.err]).toEqual([64, expect.stringContaining('--yes')]);
    const no = await config(['import', file], 'no\n');
    expect([no.code, no.err]).toEqual([0, expect.stringContaining('Nothing was changed.')]);
    expect((await config(['import', file, '--json'])).code).toBe(64);
    expect((await config(['import', file, '--dry-run'])).code).toBe(0);
    expect(await readdir(home)).toEqual(['.claude.json']);
    expect((await readFile(file)).equals(before)).toBe(true);
    const yes = await config(['import', file], 'y\n');
    expect([yes.code, await readdir(home)]).toEqual([
      0,
      ['.claude.json', '.claude.json.drey-backup', '.config'],
    ]);
  });

  it('adds to a drey.json that is there and keeps a backup of it; --keep leaves the client alone', async () => {
    const drey = await put(
      'drey.json',
      '{\n  "port": 0,\n  "mcpServers": {\n    "github": { "command": "mine" }\n  }\n}\n',
    );
    const file = await put('.cursor/mcp.json', '{"mcpServers":{"github":{"command":"theirs"}}}');
    const run = await config(['import', file, '--yes', '--keep', '--json']);
    expect(JSON.parse(run.out)).toMatchObject({
      client: 'cursor',
      done: true,
      moves: [{ name: 'github', alias: 'github-2', entry: { command: 'theirs' } }],
      changed: [{ file: drey, backup: `${drey}.drey-backup` }],
    });
    expect(await readFile(drey, 'utf8')).toBe(
      '{\n  "port": 0,\n  "mcpServers": {\n    "github": { "command": "mine" },\n    "github-2": {\n      "command": "theirs"\n    }\n  }\n}\n',
    );
    expect(await readFile(file, 'utf8')).toContain('theirs');
  });

  it('follows a link to the file', async () => {
    const real = await put('dotfiles/mcp.json', '{"mcpServers":{"a":{"command":"a"}}}');
    await mkdir(join(home, '.cursor'));
    const link = join(home, '.cursor/mcp.json');
    await symlink(real, link);
    await config(['import', link, '--yes']);
    expect(await readFile(real, 'utf8')).toContain('drey');
    await config(['restore', link, '--yes']);
    expect(await readFile(real, 'utf8')).toBe('{"mcpServers":{"a":{"command":"a"}}}');
    expect(await readFile(link, 'utf8')).toBe('{"mcpServers":{"a":{"command":"a"}}}');
  });

  it('says what is wrong with a file it cannot use', async () => {
    expect(await config(['import', 'nothing.json'])).toMatchObject({
      code: 66,
      err: expect.stringContaining('There is no file'),
    });
    const other = await put('package.json', '{"name":"x"}');
    expect(await config(['import', other])).toMatchObject({
      code: 65,
      err: expect.stringContaining('--client'),
    });
    const own = await put('drey.json', '{"mcpServers":{"a":{"command":"a"}}}');
    expect((await config(['import', own])).err).toContain("Drey's own file");
    const bytes = await put('bytes.json', Buffer.from([0x7b, 0xff, 0x7d]));
    expect((await config(['import', bytes])).code).toBe(66);
  });
});

describe('print', () => {
  it('names the node that the terminal means: the client has an environment of its own', async () => {
    const env = { HOME: home, PATH: '', DREY_DATA: 'kept', DREY_URL: '' };
    const { out } = await cli(['config', 'print', '--client', 'cursor'], { env, cwd: home });
    expect(JSON.parse(out).mcpServers.drey.args.slice(-3)).toEqual(['stdio', '--data', join(home, 'kept')]);
    const named = { ...env, DREY_URL: 'http://127.0.0.1:7999' };
    const other = await cli(['config', 'print', '--client', 'cursor', '--data', 'else'], {
      env: named,
      cwd: home,
    });
    expect(JSON.parse(other.out).mcpServers.drey.args.slice(-5)).toEqual([
      'stdio',
      '--url',
      'http://127.0.0.1:7999',
      '--data',
      join(home, 'else'),
    ]);
  });

  it('writes a command that any window finds, and the address where it is asked for', async () => {
    const cursor = await config(['print', '--client', 'cursor']);
    expect(JSON.parse(cursor.out)).toEqual({
      mcpServers: { drey: { command: process.execPath, args: ['nothing', 'stdio'] } },
    });
    const code = await config([
      'print',
      '--client',
      'vscode',
      '--http',
      '--namespace',
      'team',
      '--url',
      'http://there:1/',
    ]);
    expect(JSON.parse(code.out)).toEqual({
      servers: { drey: { type: 'http', url: 'http://there:1/mcp?namespace=team' } },
    });
    expect((await config(['print', '--client', 'claude-desktop', '--http'])).code).toBe(64);
    expect((await config(['print', '--client', 'emacs'])).code).toBe(64);
  });

  it('names a drey.json that a client would not find by itself', async () => {
    const drey = await put('drey.json', '{"port": 7400}');
    const run = await config(['print', '--client', 'claude-desktop']);
    expect(JSON.parse(run.out)).toEqual({
      mcpServers: { drey: { command: process.execPath, args: ['nothing', 'stdio', '--config', drey] } },
    });
    expect((await config(['print', '--client', 'codex', '--http'])).out).toContain(
      'http://127.0.0.1:7400/mcp',
    );
  });
});

describe('show and check', () => {
  it('say where each value comes from, and hide secrets', async () => {
    const drey = await put(
      'drey.json',
      JSON.stringify({
        port: 7400,
        learning: { quietMs: 500 },
        mcpServers: { a: { command: 'sh', env: { KEY: 'of-the-house', OTHER: '${NOT_SET_ANYWHERE}' } } },
      }),
    );
    const env = { HOME: home, PATH: '', DREY_HOST: '::1', DATABASE_URL: 'postgres://ann:of-the-house@db/x' };
    const run = await cli(['config', 'show', '--json', '--data', 'here'], { env, cwd: home });
    expect([run.code, run.out.includes('of-the-house')]).toEqual([0, false]);
    const shown = JSON.parse(run.out) as { file: string; values: { key: string }[]; problems: string[] };
    expect(shown.file).toBe(drey);
    const byKey = (key: string) => shown.values.find((value) => value.key === key);
    expect(byKey('port')).toEqual({ key: 'port', value: 7_400, from: 'file' });
    expect(byKey('host')).toEqual({ key: 'host', value: '::1', from: 'DREY_HOST' });
    expect(byKey('dataFolder')).toEqual({ key: 'dataFolder', value: join(home, 'here'), from: '--data' });
    expect(byKey('learning.quietMs')).toMatchObject({ from: 'file' });
    expect(byKey('learning.enabled')).toMatchObject({ from: 'default' });
    expect(byKey('databaseUrl')).toEqual({
      key: 'databaseUrl',
      value: 'postgres://[redacted]@db/x',
      from: 'DATABASE_URL',
    });
    expect(shown.problems).toEqual([expect.stringContaining('NOT_SET_ANYWHERE')]);
    const people = await cli(['config', 'show'], { env, cwd: home, columns: 80 });
    expect(people.out).not.toContain('of-the-house');
    expect(people.out).toContain('sh  (env KEY, OTHER)');
  });

  it('find what would not work', async () => {
    const check = async (content: unknown) => {
      await put('drey.json', typeof content === 'string' ? content : JSON.stringify(content));
      return config(['check']);
    };
    expect(
      await check({ mcpServers: { a: { command: process.execPath }, b: { url: 'http://b/mcp' } } }),
    ).toMatchObject({
      code: 0,
      out: expect.stringContaining('is fine: 2 servers.'),
    });
    expect(await check({ mcpServers: { a: { command: 'no-such-program' } } })).toMatchObject({
      code: 78,
      err: expect.stringContaining('not on the PATH'),
    });
    expect(await check({ mcpServers: { a: { command: 'x', args: ['${NOT_SET}'] } } })).toMatchObject({
      code: 78,
    });
    expect(await check({ prot: 1 })).toMatchObject({ code: 78, err: expect.stringContaining('"prot"') });
    expect((await check('{')).code).toBe(78);
  });
});
