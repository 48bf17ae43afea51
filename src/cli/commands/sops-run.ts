/**
 * `drey sops run`: follows a procedure step by step. It shows each call with its arguments, asks for what is missing, and
 * for a yes before a call that changes something; nobody there to answer leaves the run waiting.
 */
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import type { Command } from 'commander';
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { findSop, openClient, openViews } from '../find-sop.ts';
import type { NodeClient, Query } from '../node-client.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

interface RunOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly task?: string;
  readonly dryRun?: boolean;
  readonly resume?: string;
  readonly input?: readonly string[];
}

const Offer = z.object({
  step: z.number(),
  tool: z.string(),
  args: z.record(z.string(), z.unknown()),
  missing: z.array(z.string()),
  approval: z.string().nullable(),
});
const Next = Offer.extend({ fingerprint: z.string() });
const Run = z.object({
  run_id: z.string(),
  state: z.string(),
  next: Next.nullable(),
  ahead: z.array(Offer.extend({ optional: z.boolean() })),
  taken: z.array(z.object({ step: z.number(), tool: z.string(), args: z.unknown(), was: z.string() })),
  deviations: z.number(),
  reason: z.string().nullable(),
});
type Run = z.infer<typeof Run>;

/** Moves of one run; each makes a call or answers a question. */
const movesMax = 400;
const argsCharsMax = 2_000;

/** Adds `drey sops run`. */
export function addSopRun(sops: Command, world: World): void {
  addNodeOptions(addJsonOption(addNamespaceOption(sops.command('run')), "print the node's JSON at the end"))
    .description(
      'Follows one, step by step: asks for what is missing, and before a call that changes something.',
    )
    .argument('[id]', 'its id, or a beginning of it that no other has')
    .option('--task <text>', 'the task in its own words; they fill arguments')
    .option('--input <path=value>', 'a value for a missing argument; can be given again', collect)
    .option('--dry-run', 'only show what would be called')
    .option('--resume <run>', 'go on with a run that waits or was interrupted')
    .addHelpText(
      'after',
      '\nExamples:\n  drey sops run p-3f2a91 --task "summarise notes/garden.txt" --dry-run\n  drey sops run --resume u-01jx\n',
    )
    .action((id: string | undefined, options: RunOptions) => runRun(world, id, options));
}

function collect(one: string, before: readonly string[] = []): readonly string[] {
  return [...before, one];
}

async function runRun(world: World, id: string | undefined, options: RunOptions): Promise<void> {
  const client = await openClient(world, options);
  const query = { namespace: options.namespace };
  const paint = createPaint(world.stdout, world.env);
  const begun = await begin(client, id, options, query);
  if (options.dryRun === true) {
    if (options.json) return printJson(world.stdout, begun.text);
    return printLines(
      world.stdout,
      begun.run.ahead.flatMap((offer) => toOfferLines(offer, paint, offer.optional)),
    );
  }
  const lines = createInterface({ input: world.stdin, terminal: false });
  try {
    const last = await new Guide(world, client, { query, paint, lines }).lead(
      begun,
      toInputs(options.input ?? []),
    );
    if (options.json) await printJson(world.stdout, last.text);
    if (last.run.state === 'failed')
      throw new DreyError('upstream_failed', `The run failed: ${last.run.reason ?? 'nobody says why'}`);
  } finally {
    lines.close();
  }
}

interface Read {
  readonly text: string;
  readonly run: Run;
}

async function begin(
  client: NodeClient,
  id: string | undefined,
  options: RunOptions,
  query: Query,
): Promise<Read> {
  const [{ SopView, parseAnswer }] = await openViews();
  const { resume, task } = options;
  if (resume !== undefined) {
    const answer = await client.get(`/runs/${encodeURIComponent(resume)}`, query);
    return { text: answer.text, run: parseAnswer(Run, answer.value, 'a run') };
  }
  if (id === undefined) throw new DreyError('argument_invalid', 'Name a procedure, or a run with --resume.');
  const sop = parseAnswer(SopView, (await findSop(client, id, query)).value, 'a SOP');
  const body = { dry_run: options.dryRun === true, ...(task === undefined ? {} : { task }) };
  const answer = await client.post(`/sops/${encodeURIComponent(sop.sop_id)}/runs`, body, query);
  return { text: answer.text, run: parseAnswer(Run, answer.value, 'a run') };
}

function toInputs(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((one) => {
      const at = one.indexOf('=');
      if (at < 1) throw new DreyError('argument_invalid', '--input takes path=value');
      return [one.slice(0, at), one.slice(at + 1)];
    }),
  );
}

interface GuideParts {
  readonly query: Query;
  readonly paint: Paints;
  readonly lines: Interface;
}

/** Leads a person through one run. */
class Guide {
  readonly #world: World;
  readonly #client: NodeClient;
  readonly #parts: GuideParts;
  readonly #said: AsyncIterator<string>;
  #shown = 0;

  constructor(world: World, client: NodeClient, parts: GuideParts) {
    this.#world = world;
    this.#client = client;
    this.#parts = parts;
    this.#said = parts.lines[Symbol.asyncIterator]();
  }

  async lead(begun: Read, inputs: Record<string, string>): Promise<Read> {
    let now = begun;
    this.#shown = begun.run.taken.length;
    for (let move = 0; move < movesMax && !isEnded(now.run); move += 1) {
      const given = await this.#answer(now.run, inputs);
      if (given === undefined) {
        this.#write([`The run waits. Go on with: drey sops run --resume ${now.run.run_id}`]);
        return now;
      }
      now = await this.#move(now.run.run_id, given);
      this.#tellTaken(now.run);
      if (now.run.state === 'calling') {
        this.#write(['Its call is being made by another node; look again in two minutes.']);
        return now;
      }
    }
    const differs = now.run.deviations === 0 ? '' : `, ${now.run.deviations} times otherwise than learned`;
    this.#write([`Run ${now.run.run_id} is ${now.run.state}${differs}.`]);
    return now;
  }

  async #move(runId: string, given: object): Promise<Read> {
    const [{ parseAnswer }] = await openViews();
    const answer = await this.#client.post(
      `/runs/${encodeURIComponent(runId)}/steps`,
      given,
      this.#parts.query,
    );
    return { text: answer.text, run: parseAnswer(Run, answer.value, 'a run') };
  }

  /** What is said to the run; undefined where nobody answers. */
  async #answer({ state, next }: Run, inputs: Record<string, string>): Promise<object | undefined> {
    if (next === null || (state !== 'awaitingInput' && state !== 'awaitingApproval')) return { inputs: {} };
    this.#write(toOfferLines(next, this.#parts.paint, false));
    if (state === 'awaitingInput') {
      const values: Record<string, string> = {};
      for (const path of next.missing) {
        const value = inputs[path] ?? (await this.#ask(`  ${path}: `));
        if (value === undefined) return undefined;
        values[path] = value;
      }
      return { inputs: values };
    }
    const said = await this.#ask(`  ${next.approval ?? ''}. Call it? [y/N/s(kip)] `);
    if (said === undefined) return undefined;
    // Said of what was shown: the node refuses it where the run offers something else by now.
    const meant = { step: next.step, fingerprint: next.fingerprint };
    if (/^\s*s(?:kip)?\s*$/i.test(said)) return { ...meant, skip: true };
    return { ...meant, approve: /^\s*y(?:es)?\s*$/i.test(said) };
  }

  async #ask(question: string): Promise<string | undefined> {
    this.#world.stderr.write(toSafeText(question));
    const { done, value } = await this.#said.next();
    return done === true ? undefined : value;
  }

  #tellTaken({ taken }: Run): void {
    const { paint } = this.#parts;
    const lines = taken.slice(this.#shown).map(({ step, tool, args, was }) => {
      const shown = toSafeText(toShown(args));
      return `${paint.strong(`${step + 1}.`)} ${toSafeText(tool)} ${paint.faint(shown)} ${was}`;
    });
    this.#shown = taken.length;
    this.#write(lines);
  }

  #write(lines: readonly string[]): void {
    for (const line of lines) this.#world.stdout.write(`${line}\n`);
  }
}

/** Cut where it is long, and saying so: a person decides by what is shown. */
function toShown(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  const more = text.length - argsCharsMax;
  return more <= 0 ? text : `${text.slice(0, argsCharsMax)} … (${more} characters more)`;
}

function toOfferLines(
  { step, tool, args, missing, approval }: z.infer<typeof Offer>,
  paint: Paints,
  isOptional: boolean,
) {
  const head = `${paint.strong(`${step + 1}.`)} ${toSafeText(tool)}${isOptional ? paint.faint(' (optional)') : ''}`;
  const shown = Object.entries(args).map(
    ([name, value]) => `     ${paint.name(toSafeText(name))} ${toSafeText(toShown(value))}`,
  );
  const asked = missing.map((path) => `     ${paint.name(toSafeText(path))} ${paint.warn('asked for')}`);
  return [
    head,
    ...shown,
    ...asked,
    ...(approval === null ? [] : [`     ${paint.faint(toSafeText(approval))}`]),
  ];
}

function isEnded({ state }: Run): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}
