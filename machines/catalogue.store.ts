/**
 * The tool catalogue as the node shares it: what is listed, since when, and as which version. Clients are told of a new
 * face only (names and definitions); that an upstream went away makes a new version, and no news for them.
 */
import { createStoreConfig } from '@xstate/store';

/** One tool of an upstream, under the name clients see. */
export interface ListedTool {
  readonly name: string;
  /** The upstream's alias. */
  readonly server: string;
  /** The upstream's own name for it. */
  readonly tool: string;
  /** The upstream's definition with the name replaced. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** True while the upstream is away and this is what it offered last. */
  readonly stale: boolean;
  /** What a person should know about it: `hidden_characters`. */
  readonly flags?: readonly string[];
}

/** A tool that its upstream offers and that clients do not get. */
export interface HeldTool {
  /** The name under which its calls are refused with the reason; null where that is another tool's. */
  readonly name: string | null;
  readonly server: string;
  readonly tool: string;
  readonly why: 'changed' | 'fresh' | 'away' | 'name' | 'unusable';
  readonly sentence: string;
}

/** What clients see of it. */
export interface CatalogueFace {
  /** Grows by one with each change that a client could notice. */
  readonly version: number;
  readonly text: string;
}

export interface Catalogue {
  /** Grows by one with each change. */
  readonly version: number;
  /** Milliseconds since the epoch; null before the first change. */
  readonly changedAt: number | null;
  readonly tools: readonly ListedTool[];
  readonly held: readonly HeldTool[];
  readonly face: CatalogueFace;
}

export interface CatalogueListed {
  readonly tools: readonly ListedTool[];
  readonly held?: readonly HeldTool[];
  readonly at: number;
}

const empty: Catalogue = {
  version: 0,
  changedAt: null,
  tools: [],
  held: [],
  face: { version: 0, text: '[]' },
};

/** What is listed replaces what was; the same again changes nothing. */
export const catalogueStore = createStoreConfig({
  context: empty,
  on: {
    listed: (now: Catalogue, { tools, held = [], at }: CatalogueListed): Catalogue => {
      const text = JSON.stringify(tools.map(({ name, definition }) => ({ name, definition })));
      const isSameFace = text === now.face.text;
      if (isSameFace && isSamePlaces(now.tools, tools) && isSameHeld(now.held, held)) return now;
      const face = isSameFace ? now.face : { version: now.face.version + 1, text };
      return { version: now.version + 1, changedAt: at, tools, held, face };
    },
  },
});

/** Whether the same tools, known to be named and defined alike, come from the same places in the same state. */
function isSamePlaces(now: readonly ListedTool[], then: readonly ListedTool[]): boolean {
  return now.every((one, index) => {
    const other = then[index];
    return one.server === other?.server && one.tool === other.tool && one.stale === other.stale;
  });
}

function isSameHeld(now: readonly HeldTool[], then: readonly HeldTool[]): boolean {
  return JSON.stringify(now) === JSON.stringify(then);
}
