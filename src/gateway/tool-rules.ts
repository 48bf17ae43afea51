/** How tools are shown to clients, as the configuration says it: toolsets, sets of own tools, search. */

/** A named group of tools, as the configuration has it. */
export interface Toolset {
  /** Patterns with `*` of names as clients see them, or `upstream/tool` with the upstream's own names. */
  readonly tools: readonly string[];
  /** Sets of own tools; without it those of the node. */
  readonly own?: readonly string[] | undefined;
}

/** How tools are shown to clients that say nothing. */
export interface ToolRules {
  readonly toolsets: Readonly<Record<string, Toolset>>;
  /** Toolsets of clients that choose none; empty is everything. */
  readonly defaultToolsets: readonly string[];
  /** Sets of own tools. */
  readonly ownTools: readonly string[];
  readonly toolSearch: { readonly mode: 'off' | 'auto' | 'always'; readonly above: number };
}
