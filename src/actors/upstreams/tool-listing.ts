/**
 * From what upstreams offer to what clients get: lists of the configuration, names, lookalikes, trust. What is held back
 * keeps its name, so that nothing else gets it and its calls are told why. It decides; it keeps nothing.
 */
import type { HeldTool, ListedTool } from '../../../machines/catalogue.store.ts';
import type { ErrorCode } from '../../../machines/words/errors.ts';
import {
  buildCatalogue,
  flagHidden,
  isPinnable,
  isToolAllowed,
  showHidden,
  siftLookalikes,
  toShownDefinition,
} from '../../upstream/upstream.ts';
import type {
  CatalogueEntry,
  CatalogueProblem,
  Definition,
  PrefixMode,
  ToolDefinition,
} from '../../upstream/upstream.ts';
import type { Route } from '../calls/route.ts';
import type { ToolTrust } from './tool-trust.ts';

export interface ListingOptions {
  readonly entries: readonly CatalogueEntry[];
  readonly prefix: PrefixMode;
  readonly reserved: readonly string[];
  /** Without it everything is trusted. */
  readonly trust: Pick<ToolTrust, 'pin' | 'verdict'> | undefined;
}

export interface Listing {
  readonly tools: readonly ListedTool[];
  readonly held: readonly HeldTool[];
  /** What was renamed or left out, for the log. */
  readonly problems: readonly CatalogueProblem[];
}

/** Puts the list together. */
export function composeListing({ entries, prefix, reserved, trust }: ListingOptions): Listing {
  const allowed = entries.map(({ filter, ...entry }) => ({
    ...entry,
    tools: entry.tools.filter((tool) => isToolAllowed(tool.name, filter)),
  }));
  const since = (alias: string, tool: string): number => trust?.pin(alias, tool)?.since ?? Infinity;
  const sifted = siftLookalikes(allowed, { prefix, since });
  const offered = new Map(
    sifted.entries.flatMap(({ alias, tools }) =>
      // The first one counts where a name comes twice.
      tools.toReversed().map((tool) => [`${alias}\n${tool.name}`, tool] as const),
    ),
  );
  const named = buildCatalogue(sifted.entries, { prefix, reserved });
  const tools: ListedTool[] = [];
  const held: HeldTool[] = sifted.refused.map(({ server, tool, sentence }) => ({
    name: null,
    server,
    tool,
    why: 'name',
    sentence: showHidden(sentence),
  }));
  for (const listed of named.tools) {
    const { name, server, tool } = listed;
    const raw = offered.get(`${server}\n${tool}`);
    const why = raw === undefined ? undefined : toReason(server, raw, trust);
    if (raw === undefined || why === undefined) tools.push(toShown(listed, raw));
    else held.push({ name, server, tool, why, sentence: showHidden(toSentence(server, tool, why)) });
  }
  return { tools, held, problems: [...sifted.refused, ...named.problems] };
}

/** The way of a tool that is held back: every call is refused, with the reason. */
export function toHeldRoute({ server, tool, why, sentence }: HeldTool): Route {
  const code: ErrorCode = why === 'changed' ? 'tool_changed' : 'tool_unapproved';
  const retryAfterMs = why === 'away' ? awayRetryMs : undefined;
  const refused = { outcome: 'refused', code, message: sentence, retryAfterMs } as const;
  return { server, tool, call: async () => refused };
}

const awayRetryMs = 2_000;

function toReason(
  server: string,
  tool: ToolDefinition,
  trust: ListingOptions['trust'],
): Exclude<HeldTool['why'], 'name'> | undefined {
  if (!isPinnable(tool)) return 'unusable';
  const verdict = trust?.verdict(server, tool) ?? 'trusted';
  return verdict === 'trusted' ? undefined : verdict;
}

function toSentence(server: string, tool: string, why: Exclude<HeldTool['why'], 'name'>): string {
  const which = `"${tool}" of "${server}"`;
  const how = `look at it with "drey tools review ${server}", then allow it with "drey tools approve ${server} ${tool}"`;
  if (why === 'changed') return `the definition of ${which} changed after it was pinned; ${how}`;
  if (why === 'fresh') return `${which} waits for approval; ${how}`;
  if (why === 'away') return `${which} is not pinned yet, since the database has not answered; try again`;
  return `${which} has a name or a definition that cannot be used`;
}

const flagged = new WeakMap<Definition, boolean>();

function isFlagged(definition: Definition): boolean {
  const known = flagged.get(definition);
  if (known !== undefined) return known;
  const found = flagHidden(definition).length > 0;
  flagged.set(definition, found);
  return found;
}

function toShown(listed: ListedTool, raw: ToolDefinition | undefined): ListedTool {
  if (raw === undefined || !isFlagged(raw.definition)) return listed;
  const definition = { ...toShownDefinition(raw.definition), name: listed.name };
  return { ...listed, definition, flags: ['hidden_characters'] };
}
