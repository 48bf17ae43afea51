/**
 * What one client sees of the tools: own tools, and those of the upstreams that its toolsets choose, or the two tools
 * that search and call them. A view holds for listing and for calling; it is a choice, not a wall: walls are the lists
 * and pins behind the catalogue.
 */
import type { IncomingMessage } from 'node:http';
import { DreyError } from '../../machines/words/errors.ts';
import { indexTools, isMatch } from '../upstream/upstream.ts';
import type { FoundTool, ToolIndex } from '../upstream/upstream.ts';
import type { Era } from './mcp/call-frames.ts';
import type { Listed } from './mcp/pages.ts';
import type { CatalogueTool, GatewayNeeds } from './needs.ts';
import type { ToolRules, Toolset } from './tool-rules.ts';
import { callTool, findTools, ownToolSets } from './tools/tools.ts';
import type { OwnTool } from './tools/tool.ts';

export interface ToolView {
  /** An own tool of that name, if this client has it. */
  own(name: string): OwnTool | undefined;
  /** Whether an upstream's tool of that name may be called; unknown names are somebody else's to refuse. */
  mayCall(name: string): boolean;
  /** Definitions by their names, own tools first; the same list as long as nothing changes. */
  list(era: Era): readonly Listed[];
  /** Upstreams whose part of it is what they listed last. */
  stale(): readonly string[];
  find(question: string, limit: number, server?: string): readonly FoundTool<CatalogueTool>[];
  /** Upstreams' tools, however many of them are listed. */
  count(): number;
}

export interface ToolViews {
  /** The view of those toolsets, or of the node's default; throws `argument_invalid` for one that is unknown. */
  choose(names: readonly string[] | undefined): ToolView;
  /** What a request chooses: by path, query or header, in this order. */
  forRequest(req: Pick<IncomingMessage, 'url' | 'headers'>): ToolView;
}

/** Everything is shown. */
export const openRules: ToolRules = {
  toolsets: {},
  defaultToolsets: [],
  ownTools: [...ownToolSets.keys()],
  toolSearch: { mode: 'off', above: 100 },
};

/** Chooses toolsets by path: `/mcp/x/one,two`. */
export const toolsetsPath = '/mcp/x/';
export const toolsetsHeader = 'x-mcp-toolsets';
/** The word for everything. */
const everything = 'all';
/** Views kept; the one that was made first goes first. */
const viewsMax = 100;
const choiceCharactersMax = 1_000;
/** Upstreams named in the description of `find_tools`. */
const serversToldMax = 50;

/** Opens the views over a catalogue. */
export function openToolViews(needs: Pick<GatewayNeeds, 'catalogue' | 'toolRules'>): ToolViews {
  const rules = needs.toolRules ?? openRules;
  const views = new Map<string, ToolView>();
  const ofNode = rules.defaultToolsets.length === 0 ? [everything] : rules.defaultToolsets;
  const choose = (names: readonly string[] = ['default']): ToolView => {
    const chosen = [...new Set(names.flatMap((name) => (name === 'default' ? ofNode : [name])))].sort();
    const key = chosen.join(',');
    const known = views.get(key);
    if (known !== undefined) return known;
    const made = createView(needs, rules, chosen);
    const [oldest] = views.keys();
    if (views.size >= viewsMax && oldest !== undefined) views.delete(oldest);
    views.set(key, made);
    return made;
  };
  /** Choices as requests write them, so that a call need not read an address again. */
  const requests = new Map<string, ToolView>();
  return {
    choose,
    forRequest: ({ url = '', headers }) => {
      const header = headers[toolsetsHeader]?.toString();
      const key = `${url}\n${header ?? ''}`;
      const known = requests.get(key);
      if (known !== undefined) return known;
      const made = choose(readChoice(url, header));
      if (requests.size >= viewsMax) requests.clear();
      requests.set(key, made);
      return made;
    },
  };
}

function readChoice(url: string, header: string | undefined): readonly string[] | undefined {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const path = pathname.startsWith(toolsetsPath) ? decode(pathname.slice(toolsetsPath.length)) : undefined;
  const text = path ?? searchParams.get('toolsets') ?? header;
  if (text === undefined) return undefined;
  if (text.length > choiceCharactersMax)
    throw new DreyError(
      'argument_invalid',
      `the choice of toolsets has more than ${choiceCharactersMax} characters`,
    );
  const names = text.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  return names.length === 0 ? undefined : names;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function createView(
  needs: Pick<GatewayNeeds, 'catalogue'>,
  rules: ToolRules,
  chosen: readonly string[],
): ToolView {
  const sets = chosen.includes(everything) ? [] : chosen.map((name) => findToolset(rules, name));
  const own = collectOwn(rules, sets);
  const patterns = sets.length === 0 ? undefined : sets.flatMap(({ tools }) => tools);
  let made: Contents | undefined;
  /** What a catalogue gives this client, worked out once for each version of it. */
  const contents = (): Contents => {
    const { tools } = needs.catalogue();
    if (made?.of !== tools) made = toContents(tools, own, patterns, rules);
    return made;
  };
  return {
    own: (name) => own.get(name) ?? (contents().isSearched ? searchTools.get(name) : undefined),
    mayCall: (name) =>
      patterns === undefined || contents().names().has(name) || isAwaited(name, contents().of, patterns),
    list: (era) => contents().list(era),
    stale: () => contents().stale(),
    find: (question, limit, server) => {
      const now = contents();
      if (server === undefined) return now.index().find(question, limit);
      return now
        .index()
        .find(question, now.tools.length)
        .filter(({ tool }) => tool.server === server)
        .slice(0, limit);
    },
    count: () => contents().tools.length,
  };
}

const searchTools: ReadonlyMap<string, OwnTool> = new Map(
  [findTools, callTool].map((tool) => [tool.name, tool]),
);

interface Contents {
  readonly of: readonly CatalogueTool[];
  readonly tools: readonly CatalogueTool[];
  readonly isSearched: boolean;
  names(): ReadonlySet<string>;
  list(era: Era): readonly Listed[];
  stale(): readonly string[];
  index(): ToolIndex<CatalogueTool>;
}

function toContents(
  of: readonly CatalogueTool[],
  own: ReadonlyMap<string, OwnTool>,
  patterns: readonly string[] | undefined,
  { toolSearch }: ToolRules,
): Contents {
  const tools = of.filter((tool) => !own.has(tool.name) && isChosen(tool, patterns));
  const isSearched =
    toolSearch.mode === 'always' || (toolSearch.mode === 'auto' && tools.length > toolSearch.above);
  const ownOnes = [...own.values()].map((tool) => tool.definition);
  if (isSearched) ownOnes.push(toFindDefinition(tools), callTool.definition);
  let names: ReadonlySet<string> | undefined;
  let index: ToolIndex<CatalogueTool> | undefined;
  let stale: readonly string[] | undefined;
  const lists = new Map<Era, readonly Listed[]>();
  const toList = (era: Era): readonly Listed[] => {
    const ours = ownOnes.map((one) => ({ key: String(one['name']), definition: one }));
    if (isSearched) return ours;
    const theirs = tools.map(({ name, definition }) => ({
      key: name,
      definition: era === 'legacy' ? toLegacyDefinition(definition) : definition,
    }));
    return [...ours, ...theirs];
  };
  return {
    of,
    tools,
    isSearched,
    names: () => (names ??= new Set(tools.map(({ name }) => name))),
    stale: () => (stale ??= toStale(tools)),
    index: () => (index ??= indexTools(tools)),
    list: (era) => {
      const list = lists.get(era) ?? toList(era);
      lists.set(era, list);
      return list;
    },
  };
}

function toStale(tools: readonly CatalogueTool[]): readonly string[] {
  return [...new Set(tools.flatMap((tool) => (tool.stale ? [tool.server] : [])))];
}

/** Which upstreams there are is all that a model knows of a catalogue that it does not see. */
function toFindDefinition(tools: readonly CatalogueTool[]): OwnTool['definition'] {
  const servers = [...new Set(tools.map(({ server }) => server))];
  const shown = servers.slice(0, serversToldMax).join(', ') + (servers.length > serversToldMax ? ', …' : '');
  const { description } = findTools.definition;
  const what = servers.length === 0 ? 'No upstream has tools now.' : `There are tools of ${shown}.`;
  return { ...findTools.definition, description: `${String(description)} ${what}` };
}

function findToolset({ toolsets }: ToolRules, name: string): Toolset {
  const found = Object.hasOwn(toolsets, name) ? toolsets[name] : undefined;
  if (found !== undefined) return found;
  const known = [...Object.keys(toolsets), everything, 'default'].join(', ');
  throw new DreyError('argument_invalid', `there is no toolset "${name.slice(0, 60)}"; there are ${known}`);
}

function collectOwn(rules: ToolRules, sets: readonly Toolset[]): ReadonlyMap<string, OwnTool> {
  const names = sets.length === 0 ? rules.ownTools : sets.flatMap(({ own }) => own ?? rules.ownTools);
  return new Map(
    [...new Set(names)].flatMap((name) =>
      (ownToolSets.get(name) ?? []).map((tool) => [tool.name, tool] as const),
    ),
  );
}

function isChosen({ name, server, tool }: CatalogueTool, patterns: readonly string[] | undefined): boolean {
  if (patterns === undefined) return true;
  return patterns.some((pattern) => isMatch(pattern.includes('/') ? `${server}/${tool}` : name, pattern));
}

/** A tool that nobody knows yet, of an upstream that never came up, under a name that is chosen. */
function isAwaited(name: string, of: readonly CatalogueTool[], patterns: readonly string[]): boolean {
  if (of.some((tool) => tool.name === name)) return false;
  return patterns.some((pattern) => isMatch(pattern.includes('/') ? name.replace('__', '/') : name, pattern));
}

/**
 * Older revisions know only objects as structured results. The SDK would announce any other schema wrapped into an
 * object, but the result is forwarded as it is; so it is not announced at all.
 */
function toLegacyDefinition(definition: object): object {
  if (!('outputSchema' in definition)) return definition;
  const { outputSchema, ...rest } = definition;
  const isObject =
    typeof outputSchema === 'object' &&
    outputSchema !== null &&
    'type' in outputSchema &&
    outputSchema.type === 'object';
  return isObject ? definition : rest;
}
