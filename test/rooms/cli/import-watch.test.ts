/** `drey import --watch` and `--dry-run`: growing, cut and replaced files; what would be learned, before it is. */
import { appendFile, mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli, startCli } from '../../support/run-cli.ts';
import type { CliWorld, Command } from '../../support/run-cli.ts';
import { sendJson, startSmallNode } from '../../support/small-node.ts';
import type { Route, SmallNode } from '../../support/small-node.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';
import { until as untilWithin } from '../../support/until.ts';

interface Taken {
  readonly key: string;
  readonly task: string;
  readonly calls: readonly { readonly error: boolean }[];
}

let folder: TemporaryFolder;
let node: SmallNode;
let world: CliWorld;
let taken: Taken[];
let watchers: Command[];

const takeIn: Route = (_req, res, body) => {
  const episodes = body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Taken);
  taken.push(...episodes);
  const calls = episodes.reduce((sum, episode) => sum + episode.calls.length, 0);
  sendJson(res, { episodes: episodes.length, calls, duplicates: 0 });
};

beforeEach(async () => {
  folder = await temporaryFolder('drey-watch');
  await mkdir(join(folder.path, 'sessions', 'deep'), { recursive: true });
  taken = [];
  watchers = [];
  node = await startSmallNode({ routes: { 'GET /api/v1/status': {}, 'POST /api/v1/import': takeIn } });
  world = { env: { DREY_URL: node.url, XDG_STATE_HOME: join(folder.path, 'state'), NO_COLOR: '1' } };
});

afterEach(async () => {
  for (const watcher of watchers) watcher.signal('SIGINT');
  await Promise.all(watchers.map((watcher) => watcher.ended));
  await node.close();
  await folder.remove();
});

/** Files rest for a few seconds before their ends are taken, and the machine may be busy. */
const until: typeof untilWithin = (what, ask) => untilWithin(what, ask, 25_000);
const sessions = (): string => join(folder.path, 'sessions');
const file = (): string => join(sessions(), 'deep', 'one.jsonl');
const tasks = (): string[] => taken.map((episode) => `${episode.task}: ${episode.calls.length}`);

function watch(...more: string[]): Command {
  const watcher = startCli(['import', '--watch', sessions(), ...more], world);
  watchers.push(watcher);
  return watcher;
}

const line = (type: 'user' | 'assistant', uuid: string, content: unknown): string =>
  `${JSON.stringify({ type, uuid, sessionId: 's', parentUuid: null, message: { content } })}\n`;
const prompt = (n: number) => line('user', `p${n}`, `task ${n}`);
const call = (n: number) =>
  line('assistant', `c${n}`, [{ type: 'tool_use', id: `t${n}`, name: 'Bash', input: {} }]);
const answer = (n: number) =>
  line('user', `a${n}`, [{ type: 'tool_result', tool_use_id: `t${n}`, content: 'ok' }]);
/** Written so long ago that nobody waits for more. */
const age = (path: string, seconds: number) =>
  utimes(path, new Date(), new Date(Date.now() - seconds * 1_000));

describe('watching a folder', { timeout: 90_000 }, () => {
  it('takes in what a file has gone past, and the last task when it is quiet', async () => {
    await writeFile(file(), prompt(1) + call(1) + answer(1) + prompt(2) + call(2));
    const watcher = watch();
    await until('the first task is in', () => tasks().includes('task 1: 1'));
    // The second is not answered yet: half a call is never sent.
    await appendFile(file(), answer(2).slice(0, 20));
    await appendFile(file(), answer(2).slice(20));
    await until('the second task is in', () => tasks().includes('task 2: 1'));
    expect(tasks()).toEqual(['task 1: 1', 'task 2: 1']);
    expect(taken.flatMap((episode) => episode.calls.map((each) => each.error))).toEqual([false, false]);
    await until('it is told', () => watcher.out().includes('deep/one.jsonl (claude-code)'));
    watcher.signal('SIGINT');
    const ended = await watcher.ended;
    expect({ code: ended.code, err: ended.err }).toEqual({ code: 0, err: '' });
  });

  it('goes on where it was after a restart, also with a task that goes on', async () => {
    await writeFile(file(), prompt(1) + call(1) + answer(1) + prompt(2) + call(2) + answer(2));
    await age(file(), 60);
    const first = watch('--json');
    await until('both are in', () => taken.length === 2);
    await until('it is told', () => first.out().includes('"episodes":2'));
    first.signal('SIGTERM');
    await first.ended;
    await appendFile(file(), call(3) + answer(3) + prompt(4) + call(4) + answer(4));
    await age(file(), 60);
    watch('--json');
    await until('the rest is in', () => taken.length === 4);
    expect(tasks()).toEqual(['task 1: 1', 'task 2: 1', 'task 2: 2', 'task 4: 1']);
  });

  it('reads a file anew that was cut off or replaced, and new files', async () => {
    await writeFile(file(), prompt(1) + call(1) + answer(1) + prompt(2) + call(2) + answer(2));
    await age(file(), 60);
    watch();
    await until('both are in', () => taken.length === 2);
    await writeFile(file(), prompt(5) + call(5) + answer(5));
    await age(file(), 50);
    await until('the new beginning is in', () => tasks().includes('task 5: 1'));
    await rename(file(), `${file()}.1`);
    await writeFile(file(), prompt(6) + call(6) + answer(6) + prompt(7).repeat(20));
    await writeFile(join(sessions(), 'two.jsonl'), prompt(8) + call(8) + answer(8));
    await age(file(), 50);
    await age(join(sessions(), 'two.jsonl'), 50);
    await until(
      'both new files are in',
      () => tasks().includes('task 6: 1') && tasks().includes('task 8: 1'),
    );
    expect(taken).toHaveLength(5);
  });

  it('tells broken lines once, but none that is only half written', async () => {
    await writeFile(file(), `${prompt(1)}{"broken"\n${call(1)}${answer(1)}${prompt(2).slice(0, 30)}`);
    await age(file(), 60);
    const watcher = watch();
    await until('the task is in', () => taken.length === 1);
    await appendFile(file(), prompt(2).slice(30) + call(2) + answer(2));
    await age(file(), 50);
    await until('the second is in', () => tasks().includes('task 2: 1'));
    watcher.signal('SIGINT');
    expect((await watcher.ended).err).toBe(`${file()}:2: the line is not JSON\n`);
  });

  it('takes in a file that was empty, or made no sense, as soon as it does', async () => {
    const half = join(sessions(), 'half.jsonl');
    await writeFile(file(), '');
    await writeFile(half, prompt(1).slice(0, 20));
    await age(half, 60);
    const watcher = watch();
    await until('what makes no sense is told', () => watcher.err().includes('half.jsonl'));
    for (const path of [file(), half]) {
      await writeFile(path, prompt(1) + call(1) + answer(1));
      await age(path, 50);
    }
    await until('both are in', () => taken.length === 2);
    expect(watcher.err()).not.toContain('one.jsonl');
  });

  it('tells a file of no known format once, and a folder that is not there at once', async () => {
    const notes = join(sessions(), 'notes.json');
    await writeFile(notes, 'dear diary\n');
    const watcher = watch();
    await until('it is told', () => watcher.out().startsWith('watching '));
    await writeFile(file(), prompt(1) + call(1) + answer(1) + prompt(2));
    await until('the other file is in', () => taken.length === 1);
    watcher.signal('SIGINT');
    expect((await watcher.ended).err.match(/known formats are/g)).toHaveLength(1);
    const gone = await cli(['import', '--watch', join(folder.path, 'gone')], world);
    expect([gone.code, gone.err]).toEqual([66, expect.stringContaining('cannot be read as a folder')]);
    expect((await cli(['import', '--watch', sessions(), 'x.jsonl'], world)).code).toBe(64);
    expect((await cli(['import'], world)).err).toContain('Name the files to import');
  });
});

describe('a dry run', () => {
  it('shows tasks and what each would teach, and sends nothing', async () => {
    const secret = prompt(3).replace('task 3', 'log in with ghp_0123456789abcdefghijABCDEFGHIJ012345');
    const failed = line('user', 'a4', [
      { type: 'tool_result', tool_use_id: 't3', content: 'no', is_error: true },
    ]);
    const interrupt = line('user', 'i', '[Request interrupted by user]');
    await writeFile(
      file(),
      prompt(1) + call(1) + answer(1) + prompt(2) + call(2) + interrupt + secret + call(3) + failed,
    );
    const { code, out } = await cli(['import', '--dry-run', file()], { ...world, columns: 160 });
    expect(code).toBe(0);
    expect(out).toContain('claude-code');
    expect(out).toMatch(/1 +0 +success, implied +task 1 +Bash/);
    expect(out).toMatch(/1 +1 +failure, told +task 2 +Bash/);
    expect(out).toMatch(/1 +1 +stuck in an error +log in with /);
    expect(out).not.toContain('ghp_0123');
    expect(out).toContain(
      '3 tasks with 3 calls from 1 file: 1 success, implied; 1 failure, told; 1 stuck in an error',
    );
    const json = JSON.parse((await cli(['import', '--dry-run', file(), '--json'], world)).out) as object;
    expect(json).toMatchObject({
      formats: { 'claude-code': 1 },
      verdicts: { told: 0, implied: 1, failed: 1, stuck: 1 },
      tasks: [
        { task: 'task 1', verdict: 'implied', tools: ['Bash'] },
        { verdict: 'failed' },
        { verdict: 'stuck' },
      ],
    });
    expect(node.seen).toEqual([]);
  });
});
