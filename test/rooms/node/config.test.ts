/** The configuration: what wins, what is refused, and that a refusal names the thing and its place. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import { parseConfig, readConfig } from '../../../src/node/config/config.ts';
import type { ConfigSources, NodeConfig } from '../../../src/node/config/config.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('drey-config');
});
afterAll(() => folder.remove());

let files = 0;
async function write(content: unknown): Promise<string> {
  files += 1;
  const cwd = join(folder.path, String(files));
  await mkdir(cwd);
  await writeFile(join(cwd, 'drey.json'), typeof content === 'string' ? content : JSON.stringify(content));
  return cwd;
}

const read = (sources: Partial<ConfigSources>): NodeConfig =>
  readConfig({
    env: { HOME: join(folder.path, 'nobody') },
    cwd: folder.path,
    flags: {},
    uid: 1_000,
    ...sources,
  });

/** The sentence with which something is refused. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DreyError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'it was taken';
}

describe('the configuration', () => {
  it('needs no file', () => {
    expect(read({})).toMatchObject({
      host: '127.0.0.1',
      port: 7_333,
      namespace: 'default',
      prefix: 'always',
      role: 'all',
      durability: 'process-safe',
      file: undefined,
      natsUrl: undefined,
      requireToken: false,
      learning: { enabled: true, quietMs: 5_000, sharedNamespaces: [] },
    });
  });

  it('is taken from the flag, else the environment, else the file', async () => {
    const cwd = await write({ host: '127.0.0.2', port: 1_001, dataFolder: 'from-file' });
    const env = { HOME: '/home/nobody' };
    expect(read({ cwd, env })).toMatchObject({
      host: '127.0.0.2',
      port: 1_001,
      dataFolder: join(cwd, 'from-file'),
    });
    const full = { ...env, DREY_HOST: '127.0.0.3', DREY_PORT: '1002', DREY_DATA: '/data/from-env' };
    expect(read({ cwd, env: full })).toMatchObject({
      host: '127.0.0.3',
      port: 1_002,
      dataFolder: '/data/from-env',
    });
    const flags = { host: '127.0.0.4', port: 0, data: 'from-flag' };
    expect(read({ cwd, env: full, flags })).toMatchObject({
      host: '127.0.0.4',
      port: 0,
      dataFolder: join(cwd, 'from-flag'),
    });
  });

  it('takes an empty variable for one that is not set', async () => {
    const cwd = await write({ host: '127.0.0.2', port: 1_001 });
    const env = { HOME: '/home/nobody', DREY_HOST: '', DREY_PORT: '', DREY_NATS_URL: '', DATABASE_URL: '' };
    expect(read({ cwd, env })).toMatchObject({
      host: '127.0.0.2',
      port: 1_001,
      natsUrl: undefined,
      databaseUrl: undefined,
    });
  });

  it.each([-1, 65_536, 1.5, Number.NaN])('refuses the port %s', (port) => {
    expect(refusal(() => read({ flags: { port } }))).toMatch(/^config_invalid: .*0 to 65535/);
    expect(refusal(() => read({ env: { HOME: '/', DREY_PORT: String(port) } }))).toMatch(
      /^config_invalid: .*65535/,
    );
    expect(refusal(() => parseConfig({ port }, 'drey.json'))).toMatch(/^config_invalid: drey.json .*port/);
  });

  it.each([
    [{ prot: 1 }, 'unknown key "prot"'],
    [{ learning: { quiteMs: 1 } }, 'learning: unknown key "quiteMs"'],
    [{ breaker: { openSeconds: 1 } }, 'breaker: unknown key "openSeconds"'],
    [{ mcpServers: { fs: { command: 'x', argz: [] } } }, 'mcpServers.fs: has the unknown key "argz"'],
    [
      { mcpServers: { fs: { command: 'x', url: 'http://x' } } },
      'mcpServers.fs: has both "command" and "url"',
    ],
    [{ mcpServers: { 'a b': { command: 'x' } } }, 'mcpServers.a b: '],
    [{ namespace: 'Not A Slug' }, 'namespace: a namespace has 1 to 255 characters'],
    [{ durability: 'bomb-safe' }, 'durability: '],
    [[], 'the file: '],
  ])('refuses %j and names the place', (content, words) => {
    const sentence = refusal(() => parseConfig(content, 'drey.json'));
    expect(sentence).toContain('config_invalid: drey.json is not valid: ');
    expect(sentence).toContain(words);
    // They are of use where one of them was meant.
    const isAtTop = Array.isArray(content) || 'prot' in content;
    expect(sentence.includes('Known keys are mcpServers, host, port')).toBe(isAtTop);
  });

  it('names several faults, but not hundreds', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`s${n}`, { command: 7 }]));
    const sentence = refusal(() => parseConfig({ mcpServers: many }, 'drey.json'));
    expect(sentence).toContain('s0');
    expect(sentence).toContain('s1');
    expect(sentence.length).toBeLessThan(2_000);
  });

  it('takes power-safe durability', () => {
    expect(parseConfig({ durability: 'power-safe' }, 'drey.json').durability).toBe('power-safe');
  });

  it('reads a file with a byte order mark, and says what is wrong with one that is no JSON', async () => {
    expect(read({ cwd: await write('\uFEFF{"port": 1003}') }).port).toBe(1_003);
    const broken = await write('{"port": 1003,');
    expect(refusal(() => read({ cwd: broken }))).toContain(
      `config_invalid: ${join(broken, 'drey.json')} is not JSON`,
    );
  });

  it('says which file is missing when it was named, by flag or environment', async () => {
    const flags = { config: 'nowhere.json' };
    expect(refusal(() => read({ flags }))).toContain(
      `file_unreadable: The configuration file ${folder.path}`,
    );
    const env = { HOME: '/', DREY_CONFIG: '/nowhere.json' };
    expect(refusal(() => read({ env }))).toContain('file_unreadable: The configuration file /nowhere.json');
    const cwd = await write({ port: 1_004 });
    expect(read({ env, flags: { config: join(cwd, 'drey.json') } }).port).toBe(1_004);
  });

  it("is found in the user's own folder when the working folder has none", async () => {
    const home = join(folder.path, 'home');
    await mkdir(join(home, '.config', 'drey'), { recursive: true });
    const file = join(home, '.config', 'drey', 'drey.json');
    await writeFile(file, '{"port": 1005, "dataFolder": "here"}');
    const found = read({ env: { HOME: home } });
    expect(found).toMatchObject({ port: 1_005, file, dataFolder: join(home, '.config', 'drey', 'here') });
    expect(read({ env: { HOME: '/', XDG_CONFIG_HOME: join(home, '.config') } }).file).toBe(file);
  });
});

describe('how tools are shown', () => {
  const rules = { toolsets: { reading: { tools: ['files__read_*', 'tickets/*'], own: ['task'] } } };

  it('is everything, with all own tools, unless it is said', () => {
    expect(parseConfig({}, 'drey.json')).toMatchObject({
      trust: 'first-use',
      toolsets: {},
      defaultToolsets: [],
      ownTools: ['acontext', 'task', 'context', 'memory', 'sop'],
      toolSearch: { mode: 'off', above: 100 },
    });
    expect(
      parseConfig({ ...rules, defaultToolsets: ['reading'], ownTools: [] }, 'drey.json').ownTools,
    ).toEqual([]);
  });

  it.each([
    ['a default that names no toolset', { ...rules, defaultToolsets: ['writing'] }, 'no toolset "writing"'],
    ['a set of own tools that there is not', { ownTools: ['everything'] }, 'ownTools.0'],
    ['a toolset with a name of its own meaning', { toolsets: { all: { tools: [] } } }, 'toolsets'],
    ['a toolset without tools', { toolsets: { one: {} } }, 'toolsets.one.tools'],
    ['an unknown mode', { toolSearch: { mode: 'sometimes' } }, 'toolSearch.mode'],
    ['an unknown trust', { trust: 'none' }, 'trust'],
  ])('is refused with %s', (_what, content, named) => {
    expect(() => parseConfig(content, 'drey.json')).toThrow(named);
  });
});

describe('embeddings in the configuration', () => {
  const whole = { url: 'https://models.example/v1', model: 'small', dimensions: 384, key: '${MODELS_KEY}' };

  it('are off unless they are there, and have defaults', () => {
    expect(parseConfig({}, 'drey.json').embeddings).toBeUndefined();
    expect(parseConfig({ embeddings: whole }, 'drey.json').embeddings).toEqual({
      ...whole,
      shorten: false,
      timeoutMs: 15_000,
      queryTimeoutMs: 300,
      batchSize: 64,
      likenessMin: 0.3,
    });
  });

  it.each([
    [{ url: 'models.example' }, /embeddings\.url: must be an address such as/],
    [{ url: 'http://models.example/v1' }, /embeddings\.url: must be https, or on this machine/],
    [{ url: 'https://me:pw@models.example' }, /embeddings\.url: must not hold a login/],
    [{ key: 'written-here' }, /embeddings\.key: must be a variable of the environment/],
    [{ dimensions: 3_072 }, /embeddings\.dimensions: is at most 2000/],
    [{ model: '' }, /embeddings\.model/],
    [{ batchSize: 10_000 }, /embeddings\.batchSize/],
    [{ modle: 'x' }, /embeddings: unknown key "modle"/],
  ])('are refused with %j', (wrong, sentence) => {
    expect(refusal(() => parseConfig({ embeddings: { ...whole, ...wrong } }, 'drey.json'))).toMatch(sentence);
  });
});
