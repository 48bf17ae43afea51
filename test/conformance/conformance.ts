/**
 * `npm run conformance`: the official suite against the fixture upstream directly, against Drey in front of it, against
 * Drey alone, and, for the client side, against Drey's upstream room. Prints a table; ends with 1 when anything failed
 * that is not on the list of exceptions, or passed that is.
 */
import { readFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot, startNodeProcess } from '../journeys/demo/node.ts';
import { createPlace } from '../journeys/rig/place.ts';
import type { Place } from '../journeys/rig/place.ts';
import { until } from '../support/until.ts';
import { installSuite, readRequirements, revisions, runSuite } from './suite.ts';
import type { Leg, Revision } from './suite.ts';
import { startFixtureUpstream } from './upstream/server.ts';
import { isUnexpected, judge, toTable } from './verdicts.ts';
import type { Exception, Subject, Verdict } from './verdicts.ts';

export { installSuite } from './suite.ts';
export { isUnexpected, toTable } from './verdicts.ts';

const exceptionsFile = join(packageRoot, 'test/conformance/exceptions.json');

const fixtureProgram = join(packageRoot, 'dist/test/conformance/upstream/stdio.js');

/** Scenarios that need nothing of an upstream. */
const alone: Readonly<Record<Revision, readonly string[]>> = {
  '2025-11-25': [
    'server-initialize',
    'server-session-lifecycle',
    'ping',
    'tools-list',
    'server-sse-multiple-streams',
    'dns-rebinding-protection',
  ],
  '2026-07-28': [
    'tools-list',
    'server-sse-multiple-streams',
    'dns-rebinding-protection',
    'http-header-validation',
    'input-required-result-unsupported-methods',
  ],
};

/** Runs everything; verdicts come as they are reached. The suite must be installed. */
export async function runConformance(heard: (verdicts: readonly Verdict[]) => void): Promise<Verdict[]> {
  const exceptions = JSON.parse(await readFile(exceptionsFile, 'utf8')) as Exception[];
  const place = await createPlace({ prefix: 'never' });
  const fixture = await startFixtureUpstream();
  const all: Verdict[] = [];
  const test = async (subject: Subject, leg: Leg, revision: Revision, address: string): Promise<void> => {
    const folder = join(place.folder, `${subject}-${leg}-${revision}`);
    await mkdir(folder);
    const scenarios = subject === 'drey alone' ? alone[revision] : undefined;
    const wanted =
      scenarios === undefined
        ? await readRequirements(revision, leg)
        : { required: scenarios, unscored: [] as const };
    const few = scenarios === undefined ? {} : { scenarios };
    const found = await runSuite({ leg, revision, subject: address, folder, ...few });
    const verdicts = judge({ subject, leg, revision, wanted, found, exceptions });
    all.push(...verdicts);
    heard(verdicts);
  };
  try {
    for (const revision of revisions) await test('fixture', 'server', revision, fixture.url);
    for (const revision of revisions) {
      // What a client of an era is asked for can only come from an upstream of that era.
      const era = revision === '2025-11-25' ? 'legacy' : 'modern';
      const command = { command: process.execPath, args: [fixtureProgram] };
      await withDrey(place, { fixture: { url: fixture.url, era } }, 'test_simple_text', (url) =>
        test('drey', 'server', revision, url),
      );
      await withDrey(place, { fixture: { ...command, era } }, 'test_simple_text', (url) =>
        test('drey over stdio', 'server', revision, url),
      );
    }
    await withDrey(place, {}, undefined, async (url) => {
      for (const revision of revisions) await test('drey alone', 'server', revision, url);
    });
    const client = join(packageRoot, 'dist/test/conformance/client.js');
    for (const revision of revisions) {
      await test('upstream room', 'client', revision, `${process.execPath} ${client}`);
    }
    return all;
  } finally {
    await fixture.close();
    await place.remove();
  }
}

/** A whole node with these upstreams, un-prefixed; ready when it lists the tool named. */
async function withDrey(
  place: Place,
  mcpServers: object,
  tool: string | undefined,
  use: (url: string) => Promise<void>,
): Promise<void> {
  await place.writeConfig({ prefix: 'never', mcpServers });
  const node = await startNodeProcess({
    dataFolder: place.dataFolder,
    config: place.config,
    env: place.env,
  });
  try {
    // The suite takes addresses of localhost only where it proves protection against rebinding.
    const url = `${node.url}/mcp`;
    if (tool !== undefined) await until(`the tool ${tool} is listed`, () => lists(url, tool), 30_000);
    await use(url);
  } finally {
    await node.stop();
  }
}

async function lists(url: string, tool: string): Promise<boolean> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'drey-conformance', version: '0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } }),
  });
  return (await answer.text()).includes(`"${tool}"`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
  const why = await installSuite();
  if (why !== undefined) {
    process.stderr.write(`The conformance suite could not be installed: ${why}\n`);
    return 69;
  }
  const verdicts = await runConformance((some) => {
    process.stdout.write(`${some[0]?.subject} ${some[0]?.revision}: ${some.length} scenarios\n`);
  });
  const shown = values.all ? verdicts : verdicts.filter(({ subject }) => subject !== 'fixture');
  process.stdout.write(`\n${toTable(shown)}\n\n`);
  const unexpected = verdicts.filter(isUnexpected);
  const count = (wanted: string): number => verdicts.filter(({ verdict }) => verdict === wanted).length;
  process.stdout.write(
    `${count('passed')} passed, ${count('expected failure')} expected failures, ${unexpected.length} unexpected\n`,
  );
  if (unexpected.length > 0) process.stdout.write(`\nUnexpected:\n${toTable(unexpected)}\n`);
  return unexpected.length === 0 ? 0 : 1;
}

if (import.meta.filename === process.argv[1]) process.exitCode = await main();
