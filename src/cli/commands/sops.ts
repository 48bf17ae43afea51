/** `drey sops`: the procedures that were learned, as a list or one in full. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { Answer, NodeClient, Query } from '../node-client.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toColumns } from '../terminal/table.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toFraction, toWhole } from './shared-options.ts';

/** SOPs in one answer of the node. */
const pageSize = 200;
/** SOPs among which the beginning of an id is looked for. */
const searchedMax = 2_000;
/** Shorter beginnings say too little. */
const beginningCharsMin = 4;

interface SopsOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
}

interface ListOptions extends SopsOptions {
  readonly minConfidence?: number;
  readonly status?: string;
  readonly limit?: number;
  readonly offset?: number;
}

const statuses = ['candidate', 'shadow', 'active', 'quarantined', 'deprecated', 'retired'];

export function addSops(program: Command, world: World): void {
  const sops = program
    .command('sops')
    .summary('show learned procedures')
    .description('Shows the standard operating procedures that were learned.');
  addNodeOptions(
    addJsonOption(addNamespaceOption(sops.command('list', { isDefault: true })), "print the node's JSON"),
  )
    .description('Lists them, best first.')
    .option('--min-confidence <fraction>', 'leave out what is less sure', toFraction)
    .addOption(new Option('--status <status>', 'only those').choices(statuses))
    .option('--limit <number>', 'at most so many (50)', toWhole(1, pageSize))
    .option('--offset <number>', 'leave out the first', toWhole(0, 1_000_000))
    .addHelpText(
      'after',
      '\nExamples:\n  drey sops\n  drey sops list --namespace support --min-confidence 0.7\n',
    )
    .action((options: ListOptions) => runList(world, options));
  addNodeOptions(addJsonOption(addNamespaceOption(sops.command('show')), "print the node's JSON"))
    .description(
      'Shows one in full: its steps, where arguments come from, pitfalls, and the calls that prove it.',
    )
    .argument('<id>', 'its id, or a beginning of it that no other has')
    .addHelpText('after', '\nExamples:\n  drey sops show p-3f2a91\n')
    .action((id: string, options: SopsOptions) => runShow(world, id, options));
}

async function runList(world: World, options: ListOptions): Promise<void> {
  const { namespace, minConfidence, status, limit, offset } = options;
  const client = await openClient(world, options);
  const query = { namespace, min_confidence: minConfidence, status, limit, offset };
  const answer = await client.get('/sops', query);
  if (options.json) return printJson(world.stdout, answer.text);
  const [{ SopsAnswer, parseAnswer }, { toSopsLines }] = await openViews();
  const { sops } = parseAnswer(SopsAnswer, answer.value, 'a list of SOPs');
  const paint = createPaint(world.stdout, world.env);
  await printLines(world.stdout, toSopsLines(sops, paint, toColumns(world.stdout)));
}

async function runShow(world: World, id: string, options: SopsOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await findSop(client, id, { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const [{ SopView, parseAnswer }, { toSopLines }] = await openViews();
  const sop = parseAnswer(SopView, answer.value, 'a SOP');
  await printLines(world.stdout, toSopLines(sop, createPaint(world.stdout, world.env)));
}

/** The SOP of that id, or the only one whose id begins like that. */
async function findSop(client: NodeClient, id: string, query: Query): Promise<Answer> {
  const read = (whole: string): Promise<Answer> => client.get(`/sops/${encodeURIComponent(whole)}`, query);
  try {
    return await read(id);
  } catch (error) {
    if (!isDreyError(error) || error.code !== 'sop_unknown' || id.length < beginningCharsMin) throw error;
    const found = await findByBeginning(client, id, query);
    if (found.length === 0) throw error;
    if (found.length === 1) return read(found[0] ?? id);
    const sentence = `${found.length} SOPs have an id that begins with ${id}; write more of it.`;
    throw new DreyError('argument_invalid', sentence, { cause: error });
  }
}

async function findByBeginning(client: NodeClient, beginning: string, query: Query): Promise<string[]> {
  const [{ SopsAnswer, parseAnswer }] = await openViews();
  const found: string[] = [];
  let cursor: string | undefined;
  for (let looked = 0; looked < searchedMax; looked += pageSize) {
    const answer = await client.get('/sops', { ...query, limit: pageSize, cursor });
    const { sops, next } = parseAnswer(SopsAnswer, answer.value, 'a list of SOPs');
    found.push(...sops.map((sop) => sop.sop_id).filter((id) => id.startsWith(beginning)));
    if (next === null) break;
    cursor = next;
  }
  return found;
}

async function openClient(world: World, options: NodeOptions): Promise<NodeClient> {
  const [address, { openNodeClient }] = await Promise.all([
    findNode(world, options),
    import('../node-client.ts'),
  ]);
  return openNodeClient(address);
}

function openViews() {
  return Promise.all([import('../views/answers.ts'), import('../views/sops-view.ts')]);
}
