/** The backtest process without its node, or without its thread: it ends at once, and says so where somebody hears it. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, inject, it, onTestFinished } from 'vitest';
import { readNices } from '../../support/nices.ts';
import { openTestStore } from '../../support/store.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import { until } from '../../support/until.ts';

const program = fileURLToPath(new URL('../../../dist/src/node/learner/backtest.js', import.meta.url));

/** A node's part of it: starts the process, orders a backtest, and prints what it hears. */
const node = `
  const { fork } = require('node:child_process');
  const [program, order] = process.argv.slice(1);
  const child = fork(program, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: [] });
  child.on('message', (message) => console.log(JSON.stringify({ pid: child.pid, ...message })));
  child.send(JSON.parse(order));
`;

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

it('goes last with all of its threads, and ends when its node is killed, whatever it is at', async () => {
  const database = await openTestStore(inject('postgresUrl'));
  onTestFinished(() => database.close());
  await database.ask(`insert into namespaces (namespace, display_name) values ('acme', 'acme')`);
  await database.ask(`insert into episodes
    (namespace, id, principal, session, task, outcome, ended_by, started_at, ended_at)
    select 'acme', 'e-' || n, 'ada', 's-' || n, 'task ' || md5(n::text) || ' of ' || md5((n % 97)::text), 'success', 'told',
      '2026-01-01'::timestamptz + n * interval '1 minute', '2026-01-01'::timestamptz + n * interval '1 minute'
    from generate_series(1, 2500) n`);
  await database.ask(`insert into calls (namespace, id, episode_id, position, server, tool, name, args, result, error, at)
    select 'acme', 'k-' || n || '-' || k, 'e-' || n, k, 's', t, 's__' || t, json_build_object('a', n % 13, 'b', md5((n * k)::text)),
      json_build_object('c', md5((n + k)::text)), false, '2026-01-01'::timestamptz + n * interval '1 minute'
    from generate_series(1, 2500) n, generate_series(0, 9) k,
      lateral (select 't' || (abs(hashint4(n * 31 + k)) % 40) as t) tools`);
  const order = JSON.stringify({ databaseUrl: database.url, namespace: 'acme' });
  const parent = spawn(process.execPath, ['-e', node, program, order], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
  const { pid, type } = JSON.parse(line) as { pid: number; type: string };
  onTestFinished(() => void (isAlive(pid) && process.kill(pid, 'SIGKILL')));
  expect(type).toBe('read');
  // It has read its history, and is at work.
  const nices = readNices(pid);
  expect(nices.length).toBeGreaterThan(4);
  expect(new Set(nices)).toEqual(new Set([19]));
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await until('the process is gone', () => !isAlive(pid));
});

it('says that its work ended when the thread is gone without a word', async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  const silent = join(folder.path, 'silent.cjs');
  await writeFile(silent, `if (!require('node:worker_threads').isMainThread) process.exit(0);`);
  const child = fork(program, [], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--require', silent],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const told = once(child, 'message');
  const gone = once(child, 'exit');
  child.send({ databaseUrl: 'postgres://nobody:nothing@127.0.0.1:1/none', namespace: 'acme' });
  const [message] = (await told) as [unknown];
  expect(message).toMatchObject({ type: 'failed', message: expect.stringContaining('ended early') });
  await gone;
});
