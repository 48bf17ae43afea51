/** What `drey hook` costs above starting Node, with no node and with one that answers at once. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../support/programs.ts';
import { startSmallNode } from '../support/small-node.ts';
import { measure, quantile } from './measure.ts';
import type { Bench } from './measure.ts';

const event = JSON.stringify({
  hook_event_name: 'UserPromptSubmit',
  session_id: 's',
  prompt: 'fix the build',
});
const program = join(repository, 'dist/src/cli/drey.js');

/** Medians of runs in turns, since the machine is shared. */
export const hookBench: Bench = {
  name: 'hook',
  about: 'a hook of Claude Code, above starting Node',
  async run({ quick }) {
    const node = await startSmallNode({ routes: { 'POST /api/v1/hooks': { context: 'like this' } } });
    const cases = {
      node: { words: ['-e', ''], env: {} },
      gone: { words: [program, 'hook'], env: { DREY_URL: 'http://127.0.0.1:9' } },
      answered: { words: [program, 'hook'], env: { DREY_URL: node.url } },
    };
    const figures = { node: [] as number[], gone: [] as number[], answered: [] as number[] };
    try {
      for (let round = 0; round < (quick ? 5 : 30); round += 1) {
        for (const name of ['node', 'gone', 'answered'] as const)
          figures[name].push(await run(cases[name].words, cases[name].env));
      }
    } finally {
      await node.close();
    }
    const bare = quantile(figures.node, 0.5);
    return [
      measure('hook.node.p50_ms', bare, 'ms', 'lower'),
      measure('hook.gone.added_ms', quantile(figures.gone, 0.5) - bare, 'ms', 'lower', 30),
      measure('hook.answered.added_ms', quantile(figures.answered, 0.5) - bare, 'ms', 'lower', 30),
    ];
  },
};

function run(words: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, words, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(event);
  return new Promise((resolve) => child.once('close', () => resolve(performance.now() - begun)));
}
