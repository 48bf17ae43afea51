/**
 * The embedded Postgres' data: made once, complete or not at all, with the database `drey` in it; and its settings,
 * written anew at each start. It never deletes data that a Postgres has run on.
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFile, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { DreyError } from '../../machines/words/errors.ts';
import { childEnvironment } from './child.ts';
import { openServerFolder } from './folders.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import type { OsUser } from './running.ts';
import { writeWhole } from './whole-file.ts';

/** The superuser and the database of the embedded Postgres. */
export const roleName = 'drey';
export const databaseName = 'drey';

export interface PostgresData {
  readonly binaries: PostgresBinaries;
  /** The node's own folder around the data folder: password, port and log lie here. */
  readonly folder: string;
  readonly password: string;
  /** The password was made just now: an older cluster does not know it yet. */
  readonly isNewPassword: boolean;
  readonly user: OsUser | undefined;
}

const settingsFile = 'drey.conf';
const draftPrefix = 'data.draft-';
const oneCommandWithinMs = 120_000;
const outputBytesMax = 64 * 1024;

/** The data folder of this server, made at the first time. */
export async function openPostgresData(o: PostgresData): Promise<string> {
  const place = join(o.folder, 'data');
  await removeDrafts(o.folder);
  const made = (await readFile(join(place, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (made === '') await createCluster(o, place);
  else assertSameMajor(made, o.binaries.version, place);
  if (made !== '' && o.isNewPassword)
    await tellAlone(o, place, `alter role ${roleName} password '${o.password}'`);
  await writeWhole(join(place, settingsFile), settings(place), { mode: 0o600, owner: o.user });
  return place;
}

/** By this name the server's processes are known in the list of processes, even after their parent died. */
export function clusterName(place: string): string {
  return `drey-${createHash('sha256').update(place).digest('hex').slice(0, 16)}`;
}

/** Small, on loopback, and as durable as Postgres can be. `postgresql.auto.conf` (ALTER SYSTEM) stands above it. */
export function settings(place: string): string {
  const lines = [
    '# Written by Drey at each start; use ALTER SYSTEM for settings of your own.',
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    `cluster_name = '${clusterName(place)}'`,
    'max_connections = 60',
    'shared_buffers = 128MB',
    'max_wal_size = 512MB',
    'fsync = on',
    'synchronous_commit = on',
    'full_page_writes = on',
    'password_encryption = scram-sha-256',
    'logging_collector = off',
    // Statements that fail are the client's to report; "log" is above "error" here.
    'log_min_messages = log',
    'log_checkpoints = off',
    "log_line_prefix = '%m [%p] '",
    "log_timezone = 'UTC'",
    "timezone = 'UTC'",
    'jit = off',
    'io_method = sync',
  ];
  return `${lines.join('\n')}\n`;
}

async function createCluster(o: PostgresData, place: string): Promise<void> {
  const mark = randomBytes(4).toString('hex');
  const draft = join(o.folder, `${draftPrefix}${mark}`);
  const passwordFile = join(o.folder, `${draftPrefix}${mark}.password`);
  await openServerFolder(draft, o.user);
  try {
    await writeWhole(passwordFile, `${o.password}\n`, { mode: 0o600, owner: o.user });
    await runToEnd(o.user, o.binaries.initdb, [
      `--pgdata=${draft}`,
      `--username=${roleName}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      '--no-sync',
    ]);
    await appendFile(join(draft, 'postgresql.conf'), `\ninclude_if_exists = '${settingsFile}'\n`);
    await tellAlone(o, draft, `create database ${databaseName}`, ['-F']);
    // Once for all of it: until it has its name a draft is nobody's, and each of the steps would wait for the disk.
    await runToEnd(o.user, o.binaries.initdb, ['--sync-only', `--pgdata=${draft}`]);
    await rename(draft, place);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

/** Runs one statement without a server and without a password, as only the owner of the files can. */
async function tellAlone(
  o: PostgresData,
  place: string,
  statement: string,
  words: readonly string[] = [],
): Promise<void> {
  await runToEnd(
    o.user,
    o.binaries.postgres,
    ['--single', '-j', ...words, '-D', place, 'postgres'],
    `${statement};\n\n`,
  );
}

function assertSameMajor(made: string, version: string, place: string): void {
  const major = version.split('.')[0];
  if (made === major) return;
  throw new DreyError(
    'data_folder_unusable',
    `The data in ${place} was made by Postgres ${made}, but the embedded one is ${version}; move it with pg_dump ` +
      `and a fresh data folder, or set DATABASE_URL to a Postgres ${made}.`,
    { details: { folder: place, made, version } },
  );
}

/** What a start that was killed left behind. */
async function removeDrafts(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(draftPrefix));
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}

/** Runs a program that ends by itself; a failure carries the end of what it printed. */
async function runToEnd(
  user: OsUser | undefined,
  program: string,
  words: readonly string[],
  input = '',
): Promise<void> {
  const child = spawn(program, words, {
    cwd: '/',
    env: childEnvironment(),
    timeout: oneCommandWithinMs,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  let printed = '';
  const keep = (chunk: Buffer): void => {
    printed = `${printed}${chunk.toString('utf8')}`.slice(-outputBytesMax);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  // A program that ends before it has read everything says why with its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', (cause) => reject(failed(program, cause.message, cause)));
  });
  // A single-user server reports a failed statement, but ends with 0.
  if (code !== 0 || /^(.* )?(ERROR|FATAL|PANIC):/m.test(printed)) {
    throw failed(program, printed.trim().slice(-1_000) || `it ended with ${code}`);
  }
}

function failed(program: string, why: string, cause?: unknown): DreyError {
  return new DreyError('process_failed', `${program} failed: ${why}.`, { cause });
}
