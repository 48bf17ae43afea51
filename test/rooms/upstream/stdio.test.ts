import { describe, expect, it } from 'vitest';
import {
  call,
  hasProcesses,
  installed,
  isRunning,
  open,
  program,
  quietLog,
  resultOf,
  textOf,
  until,
} from './upstreams.ts';

const weird =
  '{"big":9007199254740993,"one":1.0,"zero":-0,"huge":1e400,"z":1,"a":"\\u00e9\\/", "space" : [ ]}';

describe('an upstream over stdio', { timeout: 20_000 }, () => {
  it('passes arguments and results on byte for byte', async () => {
    const upstream = await open(program('echo.mjs'));
    const outcome = await call(upstream, 'any', { args: weird, meta: '{"vendor/key":1.0}' });
    expect(outcome).toMatchObject({ outcome: 'finished', isError: false });
    expect(outcome).toHaveProperty('result', expect.stringContaining(`"raw":${weird}}`));
    expect(resultOf(outcome)['line']).toBe(
      `{"jsonrpc":"2.0","id":"drey-1","method":"tools/call","params":{"name":"any","arguments":${weird},"_meta":{"vendor/key":1.0}}}`,
    );
  });

  it('sends arguments written on several lines as one line', async () => {
    const upstream = await open(program('echo.mjs'));
    const outcome = await call(upstream, 'any', { args: '{\n  "a": "b\\n"\r\n}' });
    expect(resultOf(outcome)['line']).toContain('"arguments":{   "a": "b\\n" }}');
  });

  it('says nothing about the other hop', async () => {
    const upstream = await open(program('echo.mjs'));
    const meta =
      '{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{},"x":1}';
    expect(resultOf(await call(upstream, 'any', { meta }))['line']).toContain('"_meta":{"x":1}}');
  });

  it('lists all pages of tools as the upstream describes them', async () => {
    const upstream = await open(program('echo.mjs'));
    const tools = await upstream.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['tool_0', 'tool_1', 'tool_2']);
    expect(tools[0]?.definition).toEqual({
      name: 'tool_0',
      inputSchema: { type: 'object' },
      unknownField: { kept: true },
    });
  });

  it('stops at two thousand tools of an upstream that lists without end, and says so', async () => {
    const warnings: string[] = [];
    const log = { ...quietLog, warn: (_fields: object, sentence: string) => warnings.push(sentence) };
    const upstream = await open(program('echo.mjs', '--endless'), { log });
    expect((await upstream.listTools()).length).toBe(2_000);
    expect(warnings).toEqual([expect.stringContaining('it lists more than 2000 tools')]);
  });

  it('gives the program a short list of variables and its own ones', async () => {
    const env = { ...process.env, DATABASE_URL: 'postgres://secret', XDG_CONFIG_HOME: '/x', KEY: 'value' };
    const upstream = await open({ ...program('echo.mjs'), env: { OWN: '${KEY}' } }, { env });
    const seen = resultOf(await call(upstream, 'environment'))['env'];
    expect(seen).toMatchObject({ OWN: 'value', XDG_CONFIG_HOME: '/x', PATH: process.env['PATH'] });
    expect(seen).not.toHaveProperty('DATABASE_URL');
    expect(seen).not.toHaveProperty('KEY');
  });

  it('lets the program inherit what is allowed by name or beginning, and shows none of it', async () => {
    const env = {
      ...process.env,
      AWS_REGION: 'far-away',
      AWS_KEY: 'hush-hush',
      AWSX: 'no',
      TOKEN: 'no',
      ONE: '1',
    };
    const entry = { ...program('echo.mjs'), envAllow: ['AWS_*', 'ONE'], env: { ONE: 'own' } };
    const seen = resultOf(await call(await open(entry, { env }), 'environment'))['env'];
    expect(seen).toMatchObject({ AWS_REGION: 'far-away', AWS_KEY: 'hush-hush', ONE: 'own' });
    expect(seen).not.toHaveProperty('AWSX');
    expect(seen).not.toHaveProperty('TOKEN');
    const talks = { command: 'sh', args: ['-c', 'echo "it is $AWS_KEY" >&2; exit 3'], envAllow: ['AWS_KEY'] };
    await expect(open(talks, { env })).rejects.toThrow('it is [redacted]');
  });

  it('keeps a thousand calls in flight apart', async () => {
    const upstream = await open(program('echo.mjs'));
    const all = Array.from({ length: 1_000 }, (_, n) => call(upstream, 'any', { args: `{"n":${n}}` }));
    const outcomes = await Promise.all(all);
    for (const [n, outcome] of outcomes.entries()) {
      expect(resultOf(outcome)['line']).toContain(`"arguments":{"n":${n}}`);
    }
    expect(upstream.callsInFlight).toBe(0);
  });

  it('works with a server of the SDK 1.x line', async () => {
    const upstream = await open(program('sdk-v1.mjs'));
    expect([upstream.revision, upstream.serverInfo?.name, upstream.instructions]).toEqual([
      '2025-11-25',
      'v1',
      'Be kind.',
    ]);
    expect(textOf(await call(upstream, 'add', { args: '{"a":1,"b":2}' }))).toBe('3');
    expect(await upstream.request('prompts/get', { name: 'greet' })).toMatchObject({
      messages: [{ role: 'user' }],
    });
    await upstream.ping();
  });

  it('tells when the tools change', async () => {
    const upstream = await open(program('sdk-v1.mjs'));
    const changed = new Promise<void>((resolve) => upstream.onToolsChanged(resolve));
    await call(upstream, 'grow');
    await changed;
    expect((await upstream.listTools()).map(({ name }) => name)).toContain('grown');
  });

  it.each([
    ['in the 2025 era first', {}, [], '2025-11-25'],
    ['in the 2026 era when it speaks nothing else', {}, ['--modern-only'], '2026-07-28'],
    ['in the 2026 era when asked to', { era: 'modern' }, [], '2026-07-28'],
    ['in the newest era it finds', { era: 'auto' }, [], '2026-07-28'],
  ])('works with a server of the SDK 2.x line %s', async (_title, more, args, revision) => {
    const upstream = await open({ ...program('sdk-v2.mjs', ...args), ...more });
    expect(upstream.revision).toBe(revision);
    expect((await upstream.listTools()).map(({ name }) => name)).toEqual(['add']);
    expect(textOf(await call(upstream, 'add', { args: '{"a":1,"b":2}', meta: '{"x":1}' }))).toBe('3');
    await upstream.ping();
  });

  it('works with the official servers', async () => {
    const everything = await open({
      command: process.execPath,
      args: [installed('server-everything/dist/index.js')],
    });
    expect((await everything.listTools()).length).toBeGreaterThan(10);
    const seen: string[] = [];
    const outcome = await call(everything, 'trigger-long-running-operation', {
      args: '{"duration":0.2,"steps":2}',
      meta: '{"progressToken":42}',
      notify: (notification) => seen.push(notification),
    });
    expect(textOf(outcome)).toContain('completed');
    expect(seen.map((text) => JSON.parse(text).params.progressToken)).toEqual([42, 42]);
    const files = await open({
      command: process.execPath,
      args: [installed('server-filesystem/dist/index.js'), process.cwd()],
    });
    const listing = await call(files, 'list_directory', { args: JSON.stringify({ path: process.cwd() }) });
    expect(textOf(listing)).toContain('package.json');
    const memory = await open({
      command: process.execPath,
      args: [installed('server-memory/dist/index.js')],
    });
    expect(resultOf(await call(memory, 'read_graph'))['structuredContent']).toHaveProperty('entities');
  });
});

describe('ending an upstream over stdio', { timeout: 20_000 }, () => {
  it.runIf(hasProcesses)('leaves no grandchild behind a shell', async () => {
    const { command, args } = program('misbehaving.mjs');
    const upstream = await open({ command: 'sh', args: ['-c', `"${command}" "${args[0]}"; true`] });
    const grandchild = Number(textOf(await call(upstream, 'grandchild')));
    expect(await isRunning(grandchild)).toBe(true);
    await upstream.close();
    await until(async () => !(await isRunning(grandchild)) && !(await isRunning(upstream.pid ?? 0)), 500);
  });

  it.runIf(hasProcesses)('ends a program that ignores signals, within two seconds', async () => {
    const upstream = await open(program('misbehaving.mjs', '--ignore-signals'));
    const began = performance.now();
    await upstream.close();
    expect(performance.now() - began).toBeLessThan(2_500);
    await until(async () => !(await isRunning(upstream.pid ?? 0)), 500);
  });

  it('answers waiting calls and later ones, and does not count it against the upstream', async () => {
    const upstream = await open(program('misbehaving.mjs'));
    const waiting = call(upstream, 'hang');
    const closed: string[] = [];
    upstream.onClosed((why) => closed.push(why));
    await upstream.close();
    expect(await waiting).toMatchObject({
      outcome: 'failed',
      code: 'upstream_unavailable',
      countsAgainst: false,
    });
    expect(await call(upstream, 'hang')).toMatchObject({ outcome: 'failed', code: 'upstream_unavailable' });
    upstream.onClosed((why) => closed.push(why));
    expect(closed).toEqual(['it was closed', 'it was closed']);
  });
});
