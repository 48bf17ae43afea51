/**
 * The official conformance suite as a program: installed on demand into a package of its own, since it needs a newer Node
 * than the house, run with that Node, and its findings read from the files it leaves. It judges nothing itself.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { packageRoot } from '../journeys/demo/node.ts';

export type Leg = 'server' | 'client';
export const revisions = ['2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof revisions)[number];

/** One check of a scenario. */
export interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

/** What a revision asks for: scenarios that it requires, and those that are run without being scored. */
export interface Requirements {
  readonly required: readonly string[];
  readonly unscored: readonly string[];
}

const suiteFolder = join(packageRoot, 'test/conformance/suite');
const suitePackage = join(suiteFolder, 'node_modules/@modelcontextprotocol/conformance');
const suiteNode = join(suiteFolder, 'node_modules/.bin/node');
const installMsMax = 300_000;
const runMsMax = 240_000;
/** Of one scenario: all client scenarios start at once, on machines with few cores. */
const scenarioMsMax = 60_000;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program to its end, or to the bound. */
function run(command: string, words: readonly string[], msMax: number): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, words, { cwd: suiteFolder, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-100_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const bound = setTimeout(() => child.kill('SIGKILL'), msMax);
    const end = (code: number | null): void => {
      clearTimeout(bound);
      resolve({ code, output });
    };
    child.once('error', (error) => {
      output += error.message;
      end(null);
    });
    child.once('close', end);
  });
}

/** Installs the suite as its lock file says, unless it is there; resolves with why it could not be. */
export async function installSuite(): Promise<string | undefined> {
  if (!(await isInstalled())) {
    const { code, output } = await run('npm', ['ci', '--no-audit', '--no-fund'], installMsMax);
    if (code !== 0) return `npm ci ended with ${code}: ${output.trim().split('\n').at(-1) ?? ''}`;
  }
  const { code, output } = await run(suiteNode, ['--version'], 10_000);
  return code === 0 ? undefined : `its Node does not run here: ${output.trim()}`;
}

/** What is there must be what the lock file names. */
async function isInstalled(): Promise<boolean> {
  if (!existsSync(suiteNode)) return false;
  const wanted = await readPackage(join(suiteFolder, 'package.json'));
  const there = await readPackage(join(suitePackage, 'package.json')).catch(() => undefined);
  return there?.version === wanted.devDependencies?.['@modelcontextprotocol/conformance'];
}

async function readPackage(
  path: string,
): Promise<{ version?: string; devDependencies?: Record<string, string> }> {
  return JSON.parse(await readFile(path, 'utf8')) as { version?: string };
}

/** Reads the suite's own list for a revision. */
export async function readRequirements(revision: Revision, leg: Leg): Promise<Requirements> {
  const text = await readFile(join(suitePackage, 'requirements', `${revision}.yaml`), 'utf8');
  const sections = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const title = /^([a-z_]+):/.exec(line)?.[1];
    if (title !== undefined) sections.set(title, []);
    else [...sections.values()].at(-1)?.push(line);
  }
  const scenarios = (lines: readonly string[], form: RegExp): string[] =>
    lines.flatMap((line) => form.exec(line)?.[1] ?? []);
  const entries = (sections.get('not_scored') ?? []).join('\n').split(/\n(?=\s*- scenario:)/);
  const unscored = entries.filter((entry) => new RegExp(`^\\s*leg: ${leg}$`, 'm').test(entry));
  return {
    required: scenarios(sections.get(leg) ?? [], /^\s+- (\S+)$/),
    unscored: scenarios(unscored, /- scenario: (\S+)/),
  };
}

export interface SuiteRun {
  readonly leg: Leg;
  readonly revision: Revision;
  /** A server's address, or the command that starts a client. */
  readonly subject: string;
  /** Everything that the revision asks for, or just these. */
  readonly scenarios?: readonly string[];
  /** An empty folder for what the suite leaves. */
  readonly folder: string;
}

/** Runs the scenarios; the checks by scenario. A scenario that left none is not among them. */
export async function runSuite(wanted: SuiteRun): Promise<ReadonlyMap<string, readonly Check[]>> {
  const { leg, revision, subject, folder, scenarios } = wanted;
  const to = leg === 'server' ? ['--url', subject] : ['--command', subject];
  const program = join(suitePackage, 'dist/index.js');
  const words = [program, leg, ...to, '--timeout', String(scenarioMsMax), '-o', folder];
  if (scenarios === undefined) await run(suiteNode, [...words, '--requirements', revision], runMsMax);
  for (const scenario of scenarios ?? []) {
    await run(suiteNode, [...words, '--scenario', scenario, '--spec-version', revision], runMsMax);
  }
  return readChecks(folder);
}

/** Each scenario has a folder that bears its name and the time; names with a slash lie a folder deeper. */
async function readChecks(folder: string): Promise<ReadonlyMap<string, readonly Check[]>> {
  const found = new Map<string, readonly Check[]>();
  const files = await readdir(folder, { recursive: true });
  for (const file of files.filter((name) => name.endsWith(`${sep}checks.json`))) {
    const name = dirname(file).split(sep).join('/');
    const scenario = name.replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '').replace(/^server-/, '');
    found.set(scenario, JSON.parse(await readFile(join(folder, file), 'utf8')) as Check[]);
  }
  return found;
}
