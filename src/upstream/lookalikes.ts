/**
 * Names that pass for others: a tool that another upstream's name stands for, or one that differs from an older one by
 * case, width or invisible characters only. The older one keeps its name; the newer one is refused, not renamed.
 */
import type { CatalogueEntry, CatalogueProblem, PrefixMode, ToolDefinition } from './catalogue.ts';
import { toSkeleton } from './hidden-characters.ts';

export interface LookalikeOptions {
  readonly prefix: PrefixMode;
  /** When a tool was first seen; what never was is the newest. */
  since(alias: string, tool: string): number;
}

export interface Sifted {
  readonly entries: readonly CatalogueEntry[];
  readonly refused: readonly CatalogueProblem[];
}

interface Owner {
  readonly alias: string;
  readonly tool: string;
}

interface Claim extends Owner {
  readonly since: number;
}

/** Takes out what passes for something else. */
export function siftLookalikes(entries: readonly CatalogueEntry[], options: LookalikeOptions): Sifted {
  const claims = entries
    .flatMap(({ alias, tools }) =>
      tools.map(({ name }): Claim => ({ alias, tool: name, since: options.since(alias, name) })),
    )
    // The sort is stable: what is equally old keeps the order of the configuration.
    .sort((a, b) => a.since - b.since);
  const aliases = new Map(entries.map(({ alias }) => [toSkeleton(alias), alias]));
  const owners = new Map<string, Owner>();
  const refusals = new Map<string, CatalogueProblem>();
  for (const claim of claims) {
    const problem = findBorrowed(claim, aliases, options.prefix) ?? findOwner(claim, owners, options.prefix);
    if (problem !== undefined) refusals.set(toKey(claim), problem);
  }
  if (refusals.size === 0) return { entries, refused: [] };
  const isLeft = (alias: string, { name }: ToolDefinition): boolean =>
    !refusals.has(toKey({ alias, tool: name }));
  return {
    entries: entries.map((entry) => ({
      ...entry,
      tools: entry.tools.filter((tool) => isLeft(entry.alias, tool)),
    })),
    refused: [...refusals.values()],
  };
}

/** Without its own prefix in front, a tool must not begin with that of another upstream. */
function findBorrowed(
  { alias, tool }: Claim,
  aliases: ReadonlyMap<string, string>,
  prefix: PrefixMode,
): CatalogueProblem | undefined {
  if (prefix === 'always') return undefined;
  const skeleton = toSkeleton(tool);
  let borrowed: string | undefined;
  for (
    let end = skeleton.indexOf('__');
    end >= 0 && borrowed === undefined;
    end = skeleton.indexOf('__', end + 1)
  ) {
    const other = aliases.get(skeleton.slice(0, end));
    if (other !== alias) borrowed = other;
  }
  if (borrowed === undefined) return undefined;
  const sentence = `"${tool}" of "${alias}" passes for a tool of "${borrowed}", so it is refused`;
  return { server: alias, tool, problem: 'name_borrowed', sentence };
}

function findOwner(
  claim: Claim,
  owners: Map<string, Owner>,
  prefix: PrefixMode,
): CatalogueProblem | undefined {
  const { alias, tool } = claim;
  const skeleton = toSkeleton(tool);
  const scope = prefix === 'always' ? `${toSkeleton(alias)}\n${skeleton}` : skeleton;
  const owner = owners.get(scope);
  if (owner === undefined) {
    owners.set(scope, claim);
    return undefined;
  }
  const isSameName = owner.tool === tool;
  // Listed twice by one upstream, and shared names that a prefix will tell apart, are the catalogue's own business.
  if (isSameName && (owner.alias === alias || prefix === 'conflict')) return undefined;
  const how = isSameName ? 'has the name of' : 'cannot be told from';
  const sentence = `"${tool}" of "${alias}" ${how} "${owner.tool}" of "${owner.alias}", so it is refused`;
  return { server: alias, tool, problem: 'name_owned', sentence };
}

function toKey({ alias, tool }: Owner): string {
  return `${alias}\n${tool}`;
}
