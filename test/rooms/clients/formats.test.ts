// Each client's format: whose file it is, what its servers are for Drey, and what is left of the file.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseJsonText } from '../../../src/clients/clients.ts';
import { http, plan } from './stage.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/clients/${name}`, import.meta.url), 'utf8');
const servers = (text: string | undefined): unknown =>
  (JSON.parse(text ?? '{}') as { mcpServers: unknown }).mcpServers;

describe('Claude Code', () => {
  it('takes servers of the user and of each project out of ~/.claude.json', () => {
    const done = plan(fixture('claude.json'), { place: { fileName: '.claude.json' } });
    expect(done.client).toBe('claude-code');
    expect(servers(done.dreyText)).toEqual({
      github: {
        command: 'npx',
        args: ['-y', 'github-server'],
        env: { GITHUB_TOKEN: '${GITHUB_TOKEN:-none}' },
      },
      'github-2': { command: 'node', args: ['./tools/server.js'], cwd: '/home/ann/app', timeoutMs: 5_000 },
    });
    expect(done.stays).toEqual([
      { name: 'old', project: undefined, reason: 'it speaks the old HTTP+SSE transport' },
    ]);
    expect(done.moves.map(({ name, alias, project, notes }) => ({ name, alias, project, notes }))).toEqual([
      { name: 'github', alias: 'github', project: undefined, notes: [] },
      {
        name: 'github',
        alias: 'github-2',
        project: '/home/ann/app',
        notes: ['it is called github-2 in Drey', 'it is run in /home/ann/app, since its paths are relative'],
      },
    ]);
    // Nothing else is written anew.
    expect(done.clientText).toContain(
      '"old": { "type": "sse", "url": "https://old.example/sse" },\n    "drey": {\n',
    );
    expect(JSON.parse(done.clientText ?? '')).toEqual({
      numStartups: 12,
      theme: 'dark',
      mcpServers: {
        old: { type: 'sse', url: 'https://old.example/sse' },
        drey: { type: 'stdio', command: 'drey', args: ['stdio'] },
      },
      // The user's entry counts in the project as well.
      projects: {
        '/home/ann/app': { allowedTools: [], mcpServers: {} },
        '/home/ann/empty': { allowedTools: ['x'] },
      },
    });
  });

  it('puts the entry into the project where the user has none', () => {
    const text = '{"projects":{"/p":{"mcpServers":{"a":{"command":"a"}}}}}';
    const done = plan(text, { place: { fileName: '.claude.json' } });
    expect(JSON.parse(done.clientText ?? '')).toEqual({
      projects: { '/p': { mcpServers: { drey: { type: 'stdio', command: 'drey', args: ['stdio'] } } } },
    });
  });

  it('knows a .mcp.json by its name', () => {
    const text = '{"mcpServers":{"a":{"command":"./run"}}}';
    const done = plan(text, { place: { fileName: '.mcp.json', project: '/p' }, connection: http });
    expect(done.client).toBe('claude-code');
    expect(done.moves[0]?.entry).toEqual({ command: './run', cwd: '/p' });
    expect(servers(done.clientText)).toEqual({ drey: { type: 'http', url: 'http://127.0.0.1:7333/mcp' } });
  });
});

it('reads Claude Desktop, and says what Drey would fill in that Desktop did not', () => {
  const done = plan(fixture('claude_desktop_config.json'), {
    place: { fileName: 'claude_desktop_config.json' },
  });
  expect(done.client).toBe('claude-desktop');
  expect(done.moves[0]?.notes).toEqual([
    '${X} is now filled in from the environment; the client took it as it stands',
  ]);
  expect(done.clientText).toBe(`{
    "globalShortcut": "Ctrl+Space",
    "mcpServers": {
        "drey": {
            "command": "drey",
            "args": ["stdio"]
        }
    }
}
`);
  expect(() =>
    plan(fixture('claude_desktop_config.json'), {
      place: { fileName: 'claude_desktop_config.json' },
      connection: http,
    }),
  ).toThrow('Claude Desktop connects over stdio only');
});

it('reads Cursor, whose names may be no names for Drey', () => {
  const done = plan(fixture('cursor.json'), { place: { folderName: '.cursor' }, connection: http });
  expect(done.client).toBe('cursor');
  expect(servers(done.dreyText)).toEqual({
    docs: { url: 'https://docs.example/mcp', headers: { 'X-Key': '${env:DOCS_KEY}' } },
    'a-b-c': { command: 'run', args: ['1', 'true'] },
  });
  expect(servers(done.clientText)).toEqual({ drey: { url: 'http://127.0.0.1:7333/mcp' } });
});

it('reads VS Code with its comments, names its inputs and leaves what Drey cannot fill in', () => {
  const done = plan(fixture('vscode.json'), { place: { folderName: '.vscode', project: '/home/ann/app' } });
  expect(done.client).toBe('vscode');
  expect(servers(done.dreyText)).toEqual({
    tickets: { url: 'https://tickets.example/mcp', headers: { Authorization: 'Bearer ${TICKETS_KEY}' } },
    local: { command: 'node', args: ['/home/ann/app/server.js', '${HOME}/x', '${env:LANG}'] },
  });
  expect(done.moves.flatMap(({ notes }) => notes)).toEqual([
    'the input "tickets-key" becomes the environment variable TICKETS_KEY: set it where the node starts',
    '"dev" is left out: Drey has no such setting',
  ]);
  expect(done.stays.map(({ name, reason }) => [name, reason])).toEqual([
    ['file', 'it reads its environment from a file (envFile)'],
    ['config', 'Drey cannot fill in ${config:editor.tabSize}'],
  ]);
  expect(done.clientText).toContain('// What the team uses.');
  expect(done.clientText).toContain('"id": "tickets-key"');
  expect(done.clientText).toContain('\t\t"drey": {\n\t\t\t"type": "stdio",\n');
  expect(done.clientText).not.toContain('tickets.example');
});

it('reads OpenCode in both of its versions', () => {
  const done = plan(fixture('opencode.jsonc'), { place: { fileName: 'opencode.jsonc' } });
  expect(done.client).toBe('opencode');
  expect(servers(done.dreyText)).toEqual({
    search: { command: 'bun', args: ['x', 'search'], env: { KEY: '${SEARCH_KEY}' } },
    far: { url: 'https://far.example/mcp', disabled: true },
  });
  expect(done.stays.map(({ name }) => name)).toEqual(['secret', 'off']);
  expect(done.clientText).toContain('"some/model", // mine');
  const second = plan('{"mcp":{"servers":{"a":{"type":"local","command":["a"],"disabled":true}}}}');
  expect([second.client, servers(second.dreyText)]).toEqual([
    'opencode',
    { a: { command: 'a', disabled: true } },
  ]);
  expect(parseJsonText(second.clientText ?? '')).toEqual({
    mcp: { servers: { drey: { type: 'local', command: ['drey', 'stdio'] } } },
  });
});

it('reads Codex and cuts its tables out of the TOML', () => {
  const done = plan(fixture('config.toml'), { place: { fileName: 'config.toml' } });
  expect(done.client).toBe('codex');
  expect(servers(done.dreyText)).toEqual({
    tracker: {
      url: 'https://tracker.example/mcp',
      headers: { Authorization: 'Bearer ${TRACKER_TOKEN}' },
      timeoutMs: 12_500,
    },
    files: {
      command: 'npx',
      args: ['-y', 'files-server'],
      env: { LANG: '${LANG}', KEY: 'a"b' },
      tools: { allow: ['read'] },
    },
  });
  expect(done.moves.flatMap(({ notes }) => notes)).toEqual([
    '"startup_timeout_sec" is left out: Drey has no such setting',
  ]);
  expect(done.clientText).toBe(`# My Codex.
model = "some-model"
notify = ["a", "b"]

# The tracker.
[mcp_servers.drey]
command = "drey"
args = [ "stdio" ]

# How it looks.
[tui]
theme = """
[mcp_servers.not]
"""
`);
});

it('refuses a TOML file whose servers it cannot cut out, and one in which a text looks like a table', () => {
  const inline = 'mcp_servers = { a = { command = "a" } }\n';
  expect(() => plan(inline, { place: { fileName: 'config.toml' } })).toThrow('cannot be cut out safely');
  const text = '[mcp_servers.a]\ncommand = "a"\nargs = ["""\n[other]\n"""]\n';
  expect(() => plan(text, { place: { fileName: 'config.toml' } })).toThrow('cannot be cut out safely');
  expect(plan(inline, { place: { fileName: 'config.toml' }, keep: true }).moves).toHaveLength(1);
});

it.each([
  ['nothing', ''],
  ['another JSON', '{"a": 1}'],
  ['no JSON', '{"a": '],
  ['a list', '[1]'],
])('knows no client for %s', (_what, text) => {
  expect(() => plan(text)).toThrow(/holds no/);
});
