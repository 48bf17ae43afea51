/**
 * The catalogue's names: which tools of which upstreams appear, and under what name. Pure and deterministic: a tool's
 * name depends on its upstream's alias and its own name (and, in mode `conflict`, on whether others share it), never on
 * time or order of start. Two tools never get one name.
 */
import { toDigest } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';

/** One tool as its upstream describes it; `definition` is what the upstream sent, untouched. */
export interface ToolDefinition {
  readonly name: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

export interface CatalogueEntry {
  readonly alias: string;
  readonly tools: readonly ToolDefinition[];
  /** Exact names, or patterns with `*`; without `allow` everything is allowed; `deny` wins. */
  readonly filter?: {
    readonly allow?: readonly string[] | undefined;
    readonly deny?: readonly string[] | undefined;
  };
  /** True when the upstream is away and this is what it offered last. */
  readonly stale?: boolean;
}

export interface CatalogueTool {
  /** The name clients see. */
  readonly name: string;
  /** The upstream's alias. */
  readonly server: string;
  /** The upstream's own name for it. */
  readonly tool: string;
  /** The upstream's definition with the name replaced. */
  readonly definition: Readonly<Record<string, unknown>>;
  readonly stale: boolean;
}

export interface CatalogueProblem {
  readonly server: string;
  readonly tool: string;
  readonly problem: 'listed_twice' | 'name_taken' | 'needs_tasks' | 'name_owned' | 'name_borrowed';
  readonly sentence: string;
}

export type PrefixMode = 'always' | 'conflict' | 'never';

export interface CatalogueOptions {
  readonly prefix: PrefixMode;
  /** Names that no upstream may take: our own tools. */
  readonly reserved?: readonly string[];
}

export interface Catalogue {
  readonly tools: readonly CatalogueTool[];
  readonly problems: readonly CatalogueProblem[];
}

/** Beyond the budget an alias keeps this many characters. */
const shortAliasMax = 12;
const separator = '__';

interface Candidate {
  readonly entry: CatalogueEntry;
  readonly tool: ToolDefinition;
}

/** Names every allowed tool of every upstream; what could not be shown, or not as expected, is a problem. */
export function buildCatalogue(entries: readonly CatalogueEntry[], options: CatalogueOptions): Catalogue {
  const problems: CatalogueProblem[] = [];
  const candidates = entries
    .flatMap((entry) => candidatesOf(entry))
    .filter(isNotSeen(problems))
    .filter(isCallable(problems));
  const taken = new Set(options.reserved ?? []);
  const bareCounts = new Map<string, number>([...taken].map((name) => [name, 1]));
  for (const { tool } of candidates)
    bareCounts.set(bareName(tool), (bareCounts.get(bareName(tool)) ?? 0) + 1);
  const names = new Map<Candidate, string>();
  // With prefixes, whoever takes a name first must not depend on the order of upstreams; without, the first one has it.
  for (const candidate of options.prefix === 'never' ? candidates : candidates.toSorted(byIdentity)) {
    const { entry, tool } = candidate;
    const isShared = (bareCounts.get(bareName(tool)) ?? 0) > 1;
    const withPrefix = options.prefix === 'always' || (options.prefix === 'conflict' && isShared);
    const wished = withPrefix ? prefixedName(entry.alias, tool.name) : bareName(tool);
    const name = freeName(wished, candidate, taken);
    if (name !== wished) problems.push(takenProblem(candidate, wished, name));
    taken.add(name);
    names.set(candidate, name);
  }
  const tools = candidates.map((candidate): CatalogueTool => {
    const { entry, tool } = candidate;
    const name = names.get(candidate) ?? tool.name;
    return {
      name,
      server: entry.alias,
      tool: tool.name,
      definition: { ...tool.definition, name },
      stale: entry.stale ?? false,
    };
  });
  return { tools, problems };
}

function byIdentity(a: Candidate, b: Candidate): number {
  const [left, right] = [`${a.entry.alias}\n${a.tool.name}`, `${b.entry.alias}\n${b.tool.name}`];
  return left < right ? -1 : Number(left > right);
}

/** Whether the lists of an upstream let a tool through. */
export function isToolAllowed(tool: string, filter: CatalogueEntry['filter']): boolean {
  if (filter?.deny?.some((pattern) => isMatch(tool, pattern))) return false;
  return filter?.allow === undefined || filter.allow.some((pattern) => isMatch(tool, pattern));
}

function candidatesOf(entry: CatalogueEntry): readonly Candidate[] {
  return entry.tools
    .filter((tool) => isToolAllowed(tool.name, entry.filter))
    .map((tool) => ({ entry, tool }));
}

/** `*` stands for any run of characters; everything else for itself. */
export function isMatch(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

function isNotSeen(problems: CatalogueProblem[]): (candidate: Candidate) => boolean {
  const seen = new Set<string>();
  return ({ entry, tool }) => {
    const key = `${entry.alias}\n${tool.name}`;
    if (!seen.has(key)) return seen.add(key) !== undefined;
    const sentence = `"${entry.alias}" lists the tool "${tool.name}" twice; the first one counts`;
    problems.push({ server: entry.alias, tool: tool.name, problem: 'listed_twice', sentence });
    return false;
  };
}

/** A tool that demands task augmentation fails on every plain tools/call, so it is not shown. */
function isCallable(problems: CatalogueProblem[]): (candidate: Candidate) => boolean {
  return ({ entry, tool }) => {
    const execution = tool.definition['execution'];
    const isObject = typeof execution === 'object' && execution !== null;
    if (!isObject || !('taskSupport' in execution) || execution.taskSupport !== 'required') return true;
    const sentence = `the tool "${tool.name}" of "${entry.alias}" can only be called as a task, so it is not shown`;
    problems.push({ server: entry.alias, tool: tool.name, problem: 'needs_tasks', sentence });
    return false;
  };
}

function bareName(tool: ToolDefinition): string {
  return fit(tool.name, toAscii(tool.name), tool.name, limits.toolNameMax);
}

/** `alias__tool`; shortened or changed parts bring a hash, so that different tools stay different. */
function prefixedName(alias: string, tool: string): string {
  const original = `${alias}${separator}${tool}`;
  const identity = `${alias}\n${tool}`;
  const full = `${toAscii(alias)}${separator}${toAscii(tool)}`;
  // "a__b" + "c" would read like "a" + "b__c": such an alias is never left as it is.
  const isPlain = /^[^_]+(?:_[^_]+)*$/.test(alias);
  if (full.length <= limits.toolNameMax)
    return fit(isPlain ? original : '', full, identity, limits.toolNameMax);
  const short = `${toAscii(alias).slice(0, shortAliasMax)}${separator}${toAscii(tool)}`;
  return fit(original, short, identity, limits.toolNameMax);
}

/** The text itself when it may stay as it is, else its beginning and a hash of what it stands for. */
function fit(original: string, text: string, identity: string, max: number): string {
  if (text === original && text !== '' && text.length <= max) return text;
  return `${text.slice(0, max - 7)}_${toDigest(identity).slice(0, 6)}`;
}

/** Whether a name may be that of a tool of this upstream, as far as prefixes tell; which tools it has nobody need know. */
export function isPrefixedBy(name: string, alias: string): boolean {
  const full = toAscii(alias);
  return [full, full.slice(0, shortAliasMax)].some((prefix) => name.startsWith(`${prefix}${separator}`));
}

function toAscii(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]/g, '_');
}

function freeName(wished: string, { entry, tool }: Candidate, taken: ReadonlySet<string>): string {
  if (!taken.has(wished)) return wished;
  const prefixed = prefixedName(entry.alias, tool.name);
  if (!taken.has(prefixed)) return prefixed;
  // The digest has 64 characters, and each round takes another text; a free name is found at once in practice.
  for (let round = 0; ; round += 1) {
    const hashed = fit('', wished, `${entry.alias}\n${tool.name}\n${round}`, limits.toolNameMax);
    if (!taken.has(hashed)) return hashed;
  }
}

function takenProblem({ entry, tool }: Candidate, wished: string, name: string): CatalogueProblem {
  const sentence = `the name "${wished}" is taken, so "${tool.name}" of "${entry.alias}" is shown as "${name}"`;
  return { server: entry.alias, tool: tool.name, problem: 'name_taken', sentence };
}
