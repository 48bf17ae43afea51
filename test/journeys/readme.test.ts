/**
 * What the READMEs show is what works: their very lines are read out of them and run by a shell, in a home of its own and
 * against a real node. A line that cannot be run here stands in the list of exceptions, with the reason.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../support/run-cli.ts';
import { dreyBin, packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createPlace, referenceServer } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { untilHealthy } from './rig/status.ts';

const pages = ['README.md', 'src/cli/README.md', 'src/gateway/README.md', 'infra/README.md'];
const exceptions: readonly (readonly [RegExp, string])[] = [
  [/^npm /, 'the installation and the demo: journeys of their own'],
  [/^drey up/, 'the node that all of this runs against'],
  [/^claude /, 'a program of others'],
  [/^drey tools approve/, 'needs a tool that was changed: tools.test.ts'],
  [/^drey sops run/, 'names a procedure of its reader: guided-runs.test.ts'],
];

/** Commands in blocks without a language, as they stand there. */
async function readLines(page: string): Promise<readonly string[]> {
  const text = await readFile(join(packageRoot, page), 'utf8');
  const found: string[] = [];
  let fence: string | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) fence = fence === undefined ? line.slice(3) : undefined;
    else if (fence === '' && /^(?:(?:drey|npm|npx|claude) |[a-z]+=\$\(drey |DREY_TOKEN=)/.test(line))
      found.push(line);
  }
  return found;
}

const lines = (await Promise.all(pages.map(readLines))).flat();
const isRun = (line: string): boolean => !exceptions.some(([pattern]) => pattern.test(line));
const asked = lines.filter((line) => isRun(line) && line.startsWith('drey '));
/** What goes from one line to the next. */
const together = lines.filter((line) => /^(?:[a-z]+=|DREY_TOKEN=)/.test(line));

let place: Place;
let node: NodeProcess;

beforeAll(async () => {
  place = await createPlace();
  await place.writeConfig({
    mcpServers: { files: referenceServer(place, 'server-filesystem', place.folder) },
  });
  await furnish(place.folder);
  node = await startNodeProcess({ ...place });
  await untilHealthy(node);
});

afterAll(async () => {
  await node?.stop();
  await place?.remove();
});

describe('the lines of the READMEs', () => {
  it('are found', () => {
    expect(asked.length).toBeGreaterThan(12);
    expect(together.length).toBeGreaterThan(5);
  });

  it.each(asked)('%s', async (line) => {
    const ended = await runShell(line, line.includes('--watch') ? 'watching' : undefined);
    expect(ended, ended.output).toMatchObject({ code: 0 });
  });

  it('let two agents share a context and remember', async () => {
    const { code, output } = await runShell(['set -e', ...together].join('\n'));
    expect([code, output]).toEqual([0, expect.stringMatching(/stage[\s\S]*test[\s\S]*otter/)]);
  });
});

describe('the commands in the tables', () => {
  it('exist', async () => {
    const text = await readFile(join(packageRoot, 'src/cli/README.md'), 'utf8');
    const shown = [...text.matchAll(/`(drey [a-z][^`]*)`/g)]
      .flatMap(([, words = '']) => toCommands(words))
      .filter(([first]) => first !== 'help');
    const { out: help } = await cli(['--help']);
    const all = [...help.matchAll(/^ {2}([a-z]+)[ |[<].*$/gm)].flatMap(([line, name = '']) =>
      line.startsWith('  drey ') || name === 'help' ? [] : [name],
    );
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter((name) => !shown.some(([first]) => first === name))).toEqual([]);
    for (const words of shown) {
      const { code, out } = await cli([...words, '--help']);
      const usage = out.split('\n')[0] ?? '';
      expect([words.join(' '), code]).toEqual([words.join(' '), 0]);
      for (const word of words) expect(usage).toMatch(new RegExp(`[ |]${word}\\b`));
    }
  });
});

/** `drey sops export\|import <file>` are two commands. */
function toCommands(shown: string): string[][] {
  const words = shown.split(' ').slice(1);
  const end = words.findIndex((word) => /^[<[-]|\//.test(word));
  return (end < 0 ? words : words.slice(0, end)).reduce<string[][]>(
    (all, word) => all.flatMap((before) => word.split(String.raw`\|`).map((one) => [...before, one])),
    [[]],
  );
}

interface ShellEnded {
  readonly code: number | null;
  readonly output: string;
}

/** As somebody would type it, who says yes; what goes on by itself is interrupted when it says `until`. */
async function runShell(line: string, until?: string): Promise<ShellEnded> {
  const child = spawn('bash', ['-c', until === undefined ? line : `exec ${line}`], {
    cwd: place.folder,
    env: {
      ...place.env,
      HOME: join(place.folder, 'home'),
      PATH: `${join(place.folder, 'bin')}:${place.env['PATH'] ?? ''}`,
      DREY_DATA: place.dataFolder,
    },
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
    if (until !== undefined && output.includes(until)) child.kill('SIGINT');
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdin.on('error', () => undefined);
  child.stdin.end('y\n');
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

/** A home with what the lines speak of. */
async function furnish(folder: string): Promise<void> {
  const home = join(folder, 'home');
  const mcpServers = { notes: referenceServer({ folder }, 'server-memory') };
  const message = (type: string, uuid: string, content: unknown): string =>
    JSON.stringify({ type, uuid, sessionId: 's', parentUuid: null, message: { content } });
  const session = [
    message('user', 'p', 'cancel the flight'),
    message('assistant', 'c', [{ type: 'tool_use', id: 't', name: 'Bash', input: { command: 'ls' } }]),
    message('user', 'a', [{ type: 'tool_result', tool_use_id: 't', content: 'ok' }]),
  ].join('\n');
  const files: Record<string, string> = {
    'home/.claude.json': JSON.stringify({ mcpServers }),
    'home/.cursor/mcp.json': JSON.stringify({ mcpServers }),
    '.vscode/mcp.json': JSON.stringify({ servers: mcpServers }),
    'home/.claude/projects/one/a.jsonl': `${session}\n`,
    'home/.codex/sessions/a.jsonl': `${session}\n`,
    'sessions/a.jsonl': `${session}\n`,
    'bin/drey': `#!/bin/sh\nexec "${process.execPath}" "${dreyBin}" "$@"\n`,
  };
  await mkdir(home, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  await chmod(join(folder, 'bin/drey'), 0o755);
}
