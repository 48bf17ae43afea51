/** `drey tools`: the catalogue, what waits to be looked at, and a person's approval. */
import type { Command } from 'commander';
import { DreyError } from '../../../machines/words/errors.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { NodeClient } from '../node-client.ts';
import { printJson, printLine, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toColumns } from '../terminal/table.ts';
import { parseAnswer } from '../views/answers.ts';
import { Approved, Reviewed, Tools, toReviewLines, toToolsLines } from '../views/tools-view.ts';
import type { ReviewedTool } from '../views/tools-view.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNodeOptions } from './shared-options.ts';

interface ToolsOptions extends NodeOptions {
  readonly json?: boolean;
  readonly all?: boolean;
}

/** Approvals in one request to the node. */
const approvalsMax = 200;

export function addTools(program: Command, world: World): void {
  const tools = program
    .command('tools')
    .summary('show tools, look at changed ones, approve them')
    .description(
      'The tools of all upstreams. Each definition is pinned when it is first seen; one that changes is held back until somebody approves it.',
    );
  const add = (name: string, isDefault = false): Command =>
    addNodeOptions(addJsonOption(tools.command(name, { isDefault }), "print the node's JSON"));
  add('list', true)
    .summary('what clients get')
    .description('Lists what clients get, and what is held back.')
    .argument('[upstream]', 'only those of this upstream')
    .action((server: string | undefined, options: ToolsOptions) => runList(world, server, options));
  add('review')
    .summary('what is held back, and why')
    .description('Shows what is held back, with what changed, and what hides characters.')
    .argument('[upstream]', 'only those of this upstream')
    .action((server: string | undefined, options: ToolsOptions) => runReview(world, server, options));
  add('approve')
    .summary('let tools through')
    .description('Lets held back tools through, with the definition that waits now.')
    .argument('<upstream>', 'its alias')
    .argument(
      '[tool...]',
      "the upstream's own names; with @ and the fingerprint's beginning only that definition",
    )
    .option('--all', 'every tool of the upstream that waits')
    .action((server: string, names: string[], options: ToolsOptions) =>
      runApprove(world, server, names, options),
    );
  tools.addHelpText(
    'after',
    '\nExamples:\n  drey tools\n  drey tools review files\n  drey tools approve files read_file@3f2a91\n  drey tools approve files --all\n',
  );
}

async function runList(world: World, server: string | undefined, options: ToolsOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.get('/tools', { server });
  if (options.json) return printJson(world.stdout, answer.text);
  const found = parseAnswer(Tools, answer.value, 'a list of tools');
  const paints = createPaint(world.stdout, world.env);
  return printLines(world.stdout, toToolsLines(found, paints, toColumns(world.stdout)));
}

async function runReview(world: World, server: string | undefined, options: ToolsOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.get('/tools/review', { server });
  if (options.json) return printJson(world.stdout, answer.text);
  const { tools } = parseAnswer(Reviewed, answer.value, 'tools to review');
  return printLines(world.stdout, toReviewLines(tools, createPaint(world.stdout, world.env)));
}

async function runApprove(
  world: World,
  server: string,
  names: readonly string[],
  options: ToolsOptions,
): Promise<void> {
  if (names.length > 0 === (options.all === true)) {
    const way = `drey tools approve ${server} TOOL...`;
    throw new DreyError(
      'argument_invalid',
      `Name the tools of "${server}" to approve (${way}), or say --all; not both.`,
    );
  }
  const client = await openClient(world, options);
  const review = await client.get('/tools/review', { server });
  const waiting = parseAnswer(Reviewed, review.value, 'tools to review').tools.filter(
    ({ hash }) => hash !== null,
  );
  const chosen = options.all === true ? waiting : names.map((name) => choose(waiting, server, name));
  const approvals = chosen.map(({ tool, hash }) => ({ tool, hash }));
  const approved: Approved = { server, approved: [], left: [] };
  for (let from = 0; from < approvals.length; from += approvalsMax) {
    const body = { server, tools: approvals.slice(from, from + approvalsMax) };
    const answer = await client.post('/tools/approve', body);
    const part = parseAnswer(Approved, answer.value, 'the answer to an approval');
    approved.approved.push(...part.approved);
    approved.left.push(...part.left);
  }
  if (options.json) return printJson(world.stdout, JSON.stringify(approved));
  if (approvals.length === 0) return printLine(world.stdout, `Nothing of ${toSafeText(server)} waits.`);
  const lines = approved.approved.map(({ tool }) => `Approved ${toSafeText(tool)} of ${toSafeText(server)}.`);
  await printLines(world.stdout, lines);
  if (approved.left.length === 0) return undefined;
  const which = approved.left.map(({ tool }) => toSafeText(tool)).join(', ');
  throw new DreyError(
    'tool_changed',
    `${which} changed again meanwhile; look at it once more with drey tools review.`,
  );
}

function choose(waiting: readonly ReviewedTool[], server: string, name: string): ReviewedTool {
  // Hidden characters may be written as they are shown.
  const isNamed = (shown: string) => (one: ReviewedTool) =>
    one.tool === shown || toSafeText(one.tool) === shown;
  const whole = waiting.find(isNamed(name));
  if (whole !== undefined) return whole;
  const at = name.lastIndexOf('@');
  const [tool, beginning] = at > 0 ? [name.slice(0, at), name.slice(at + 1)] : [name, ''];
  const found = waiting.find(isNamed(tool));
  if (found === undefined) {
    const names = waiting.map((one) => one.tool).join(', ');
    const which = names === '' ? 'Nothing of it does.' : `These do: ${toSafeText(names)}.`;
    throw new DreyError(
      'tool_unknown',
      `No tool ${toSafeText(tool)} of ${toSafeText(server)} waits for approval. ${which}`,
    );
  }
  if (found.hash?.startsWith(beginning) === true) return found;
  throw new DreyError(
    'tool_changed',
    `${toSafeText(tool)} has another definition by now; look at it again with drey tools review.`,
  );
}

async function openClient(world: World, options: NodeOptions): Promise<NodeClient> {
  const [address, { openNodeClient }] = await Promise.all([
    findNode(world, options),
    import('../node-client.ts'),
  ]);
  return openNodeClient(address);
}
