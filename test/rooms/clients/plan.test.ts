// What an import does to names, to files that were imported before, and to everything else in a file.
import * as fc from 'fast-check';
import { parse, stringify } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { toSnippet } from '../../../src/clients/clients.ts';
import type { ClientName } from '../../../src/clients/clients.ts';
import { http, plan, stdio } from './stage.ts';

const one = '{"mcpServers": {"a": {"command": "a", "args": ["x"]}}}';

describe('names', () => {
  it('takes the same server as known, and gives another one of its name a number', () => {
    const same = plan(one, { dreyText: '{"mcpServers":{"a":{"args":["x"],"command":"a"}}}' });
    expect([same.moves[0]?.known, same.dreyText]).toEqual([true, undefined]);
    expect(same.clientText).toContain('drey');
    const other = plan(one, { dreyText: '{"mcpServers":{"a":{"command":"b"}, "a-2": {"command":"c"}}}' });
    expect(other.moves[0]).toMatchObject({ alias: 'a-3', notes: ['it is called a-3 in Drey'] });
    expect(JSON.parse(other.dreyText ?? '')).toEqual({
      mcpServers: { a: { command: 'b' }, 'a-2': { command: 'c' }, 'a-3': { command: 'a', args: ['x'] } },
    });
  });

  it('makes any name one that Drey takes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 }), (names) => {
        const servers = Object.fromEntries(names.map((name, index) => [name, { command: `c${index}` }]));
        const text = JSON.stringify({ mcpServers: servers });
        const { moves } = plan(text);
        const aliases = moves.map(({ alias }) => alias);
        expect(new Set(aliases).size).toBe(aliases.length);
        for (const alias of aliases) expect(alias).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/);
      }),
    );
  });
});

describe('an import of what was imported', () => {
  it.each([stdio, http])('changes nothing', (connection) => {
    const first = plan(one, { connection });
    const second = plan(first.clientText ?? '', {
      connection,
      ...(first.dreyText === undefined ? {} : { dreyText: first.dreyText }),
    });
    expect(second).toMatchObject({ moves: [], stays: [], clientText: undefined, dreyText: undefined });
  });
});

it('leaves the file alone, or a server in it, where it is told so', () => {
  expect(plan(one, { keep: true })).toMatchObject({ clientText: undefined, moves: [{ alias: 'a' }] });
  expect(plan(one, { except: ['a'] })).toMatchObject({
    moves: [],
    stays: [{ name: 'a', reason: 'you said so' }],
    clientText: undefined,
    dreyText: undefined,
  });
});

it('moves a server that is called drey and is none', () => {
  const done = plan('{"mcpServers":{"drey":{"command":"squirrel"}}}');
  expect(done.moves[0]).toMatchObject({ alias: 'drey' });
  expect(JSON.parse(done.clientText ?? '')).toEqual({
    mcpServers: { drey: { command: 'drey', args: ['stdio'] } },
  });
});

it('says what it said before about everything but servers, however the file is written', () => {
  const key = fc
    .string({ maxLength: 6 })
    .filter((name) => !['mcpServers', 'servers', 'mcp', '__proto__', 'projects'].includes(name));
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 5, noNullPrototype: true }),
      fc.constantFrom(undefined, 2, 4, '\t'),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      (others, indent, eol, atEnd) => {
        const servers = { mcpServers: { a: { command: 'a' }, s: { type: 'sse', url: 'https://x/sse' } } };
        const content = atEnd ? { ...others, ...servers } : { ...servers, ...others };
        const text = `${JSON.stringify(content, null, indent)}\n`.replaceAll('\n', eol);
        const done = plan(text, { client: 'generic' });
        expect(JSON.parse(done.clientText ?? '')).toEqual({
          ...JSON.parse(JSON.stringify(others)),
          mcpServers: { s: servers.mcpServers.s, drey: { command: 'drey', args: ['stdio'] } },
        });
        if (eol === '\r\n') expect(done.clientText?.replaceAll('\r\n', '')).not.toContain('\n');
      },
    ),
  );
});

it('leaves everything else in a TOML file, comments included, or refuses', () => {
  const key = fc
    .string({ minLength: 1, maxLength: 6 })
    .filter((name) => !['mcp_servers', '__proto__'].includes(name));
  const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }));
  const table = fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true });
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.oneof(value, table), { maxKeys: 4, noNullPrototype: true }),
      fc.dictionary(
        key,
        fc.record({
          command: key,
          env: fc.dictionary(key, fc.string(), { maxKeys: 2, noNullPrototype: true }),
        }),
        {
          minKeys: 1,
          maxKeys: 3,
          noNullPrototype: true,
        },
      ),
      fc.boolean(),
      (others, servers, isFirst) => {
        const [top, tables] = [true, false].map((isTop) =>
          Object.fromEntries(
            Object.entries(others).filter(
              ([, held]) => isTop !== (typeof held === 'object' && !Array.isArray(held)),
            ),
          ),
        );
        const rest = `# The rest.\n${stringify(tables ?? {})}\n`;
        const ours = `# Servers.\n${stringify({ mcp_servers: servers })}\n`;
        const text = `# Top.\n${stringify(top ?? {})}\n${isFirst ? ours + rest : rest + ours}`;
        const done = plan(text, { place: { fileName: 'config.toml' } });
        expect(parse(done.clientText ?? '')).toEqual({
          ...parse(text),
          mcp_servers: { drey: { command: 'drey', args: ['stdio'] } },
        });
        for (const comment of ['# Top.', '# The rest.', '# Servers.'])
          expect(done.clientText).toContain(comment);
      },
    ),
  );
});

it.each<[ClientName, string, string | undefined]>([
  [
    'claude-code',
    '{"mcpServers":{"drey":{"type":"stdio","command":"drey","args":["stdio"]}}}',
    '{"mcpServers":{"drey":{"type":"http","url":"http://127.0.0.1:7333/mcp"}}}',
  ],
  ['claude-desktop', '{"mcpServers":{"drey":{"command":"drey","args":["stdio"]}}}', undefined],
  [
    'cursor',
    '{"mcpServers":{"drey":{"command":"drey","args":["stdio"]}}}',
    '{"mcpServers":{"drey":{"url":"http://127.0.0.1:7333/mcp"}}}',
  ],
  [
    'vscode',
    '{"servers":{"drey":{"type":"stdio","command":"drey","args":["stdio"]}}}',
    '{"servers":{"drey":{"type":"http","url":"http://127.0.0.1:7333/mcp"}}}',
  ],
  [
    'opencode',
    '{"mcp":{"drey":{"type":"local","command":["drey","stdio"]}}}',
    '{"mcp":{"drey":{"type":"remote","url":"http://127.0.0.1:7333/mcp"}}}',
  ],
])('says what to paste into %s', (name, overStdio, overHttp) => {
  const compact = (text: string | undefined) =>
    text === undefined ? undefined : JSON.stringify(JSON.parse(text));
  expect(compact(toSnippet(name, stdio))).toBe(overStdio);
  expect(compact(toSnippet(name, http))).toBe(overHttp);
});

it('says what to paste into Codex', () => {
  expect(toSnippet('codex', stdio)).toBe('[mcp_servers.drey]\ncommand = "drey"\nargs = [ "stdio" ]\n');
  expect(toSnippet('codex', { ...http, withToken: true })).toBe(
    '[mcp_servers.drey]\nurl = "http://127.0.0.1:7333/mcp"\nbearer_token_env_var = "DREY_TOKEN"\n',
  );
});
