// What is learned on a real node from histories as they come: arguments with telling names, copies, odd signs.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProcedureStep } from '../../machines/words/sops.ts';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew } from './rig/clients.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Ended, Place } from './rig/place.ts';

let place: Place;
let node: NodeProcess;

beforeAll(async () => {
  place = await createPlace({ learning: { quietMs: 300 } });
  node = await startNodeProcess({ ...place });
}, 120_000);

afterAll(async () => {
  await node?.stop();
  await place?.remove();
});

interface Told {
  readonly trigger: string;
  readonly occurrences: number;
  readonly confidence: number;
  readonly procedure: readonly unknown[];
}

const step = (tool: string, args: object, result: unknown = 'ok', error = false) => ({
  tool,
  args,
  result,
  error,
});
const names = ['amber', 'basil', 'cedar', 'dahlia'] as const;

function toLine(key: string, task: string, steps: readonly object[]): string {
  return JSON.stringify({ episode_id: key, task, agent: 'ada', success: true, steps });
}

function drey(...words: readonly string[]): Promise<Ended> {
  return runDrey(place, [...words, '--data', place.dataFolder]);
}

async function importLines(name: string, namespace: string, lines: readonly string[]): Promise<void> {
  const file = join(place.folder, `${name}.jsonl`);
  await writeFile(file, lines.join('\n'));
  const ended = await drey('import', file, '--namespace', namespace);
  expect(ended.code, ended.stderr).toBe(0);
}

/** The one procedure of a namespace, once so many episodes stand behind it. */
function untilKnown(namespace: string, occurrences: number): Promise<Told> {
  return until(
    `a procedure of ${namespace} rests on ${occurrences} episodes`,
    async () => {
      const { sops } = await node.get<{ sops: Told[] }>(`/api/v1/sops?namespace=${namespace}`);
      return sops.find((each) => each.occurrences === occurrences);
    },
    60_000,
  );
}

describe('a copy of a file under another name', () => {
  it('is the same episodes, so that two successes stay two', async () => {
    const lines = names
      .slice(0, 2)
      .map((name, at) =>
        toLine(`c-${at}`, `Water the plant ${name}`, [
          step('garden__find_plant', { name }, { bed: `bed-${at}9` }),
          step('garden__water', { bed: `bed-${at}9` }),
        ]),
      );
    await importLines('plants', 'copies', lines);
    await importLines('plants (1)', 'copies', [...lines]);
    const { confidence } = await untilKnown('copies', 2);
    expect(confidence).toBeLessThan(0.7);
    expect(
      JSON.parse((await drey('relearn', '--dry-run', '--json', '--namespace', 'copies')).stdout),
    ).toMatchObject({
      counts: { episodes: 2 },
    });
  });
});

describe('a task with signs that nobody sees', () => {
  it('calls for its procedure without them', async () => {
    const lines = names.map((name, at) =>
      toLine(
        `h-${at}`,
        `\u202eSum\u200bmarise the \ufeffpage\u{e0041}\u{e0042} ${name}\u2066 \u0007for me\u200d`,
        [step('web__fetch_page', { name }), step('web__write_summary', { name })],
      ),
    );
    await importLines('hidden', 'hidden', lines);
    const { trigger } = await untilKnown('hidden', names.length);
    expect(trigger).toMatch(/^Summarise the page \{[a-z]+\} for me$/);
  });
});

describe('what failed on the way', () => {
  it('is told with its program, at the step where it failed, and with what recovered it', async () => {
    const run = (command: string, error = false) => step('Bash', { command }, error ? 'failed' : 'ok', error);
    const lines = names.map((name, at) =>
      toLine(`p-${at}`, `Commit the fix for ${name} and push it`, [
        run('git status'),
        run('npm test', true),
        step('Edit', { file_path: `/repo/${name}.ts` }),
        run('npm test'),
        run(`git commit -m "${name}"`),
      ]),
    );
    await importLines('commits', 'commits', lines);
    await untilKnown('commits', names.length);
    const agent = await connectNew(node.url, 'commits');
    const { structured } = await agent.call('acontext_inject_context', {
      current_task: 'Commit the fix for juniper and push it',
      recent_memories: [],
    });
    await agent.close();
    expect(JSON.stringify(structured)).toContain(
      'Beware: Bash (npm test) failed 4 times at step 3; Bash (npm test) recovered it.',
    );
  });
});

describe('arguments that are named like secrets', () => {
  it('are bound like others, and learning them anew changes nothing', async () => {
    const lines = names.map((name, at) =>
      toLine(`e-${at}`, `Open the account of user ${name}`, [
        step(
          'bank__log_in',
          { user: name, password: `horse-battery-${name}` },
          { token: `tk-${name}-${at}77` },
        ),
        step('bank__open_account', { user: name, token: `tk-${name}-${at}77` }),
      ]),
    );
    await importLines('accounts', 'bank', lines);
    const { procedure } = await untilKnown('bank', names.length);
    const steps = procedure.map((each) => ProcedureStep.parse(each));
    expect(steps[0]?.args['password']).toMatchObject({ from: 'ask', support: 1 });
    expect(steps[1]?.args['token']).toMatchObject({ from: 'result', step: 0, path: '/token' });
    expect(JSON.stringify(procedure)).not.toMatch(/horse-battery|redacted/);
    const again = await drey('relearn', '--dry-run', '--json', '--namespace', 'bank');
    expect(JSON.parse(again.stdout)).toMatchObject({ differs: false, differences: [] });
  });
});
