/**
 * What a command line program touches of the world: streams, environment, clock, signals, the way to start a node.
 * Handed in, so that tests run whole commands in their own process; commands never reach for `process`.
 */
import type { Readable, Writable } from 'node:stream';

/** Where text goes: a terminal, a pipe or a file. */
export type Screen = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export interface NodeStartFlags {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly role?: 'all' | 'gateway' | 'learner' | undefined;
  readonly requireToken?: boolean | undefined;
  readonly stopWhenIdleSeconds?: number | undefined;
  readonly verbose?: boolean | undefined;
}

export interface NodeStart {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly flags: NodeStartFlags;
}

/** A node in this process. */
export interface StartedNode {
  readonly url: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Resolves when the node has ended, for whatever reason. */
  readonly stopped: Promise<void>;
  drain(reason: string): Promise<void>;
  /** Reads the configuration again; throws what is wrong with it. */
  reload(): void;
}

export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number | undefined;
  readonly stdin: Readable;
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly now: () => number;
  /** Milliseconds of processor time that this process has taken. */
  readonly spentMs: () => number;
  /** The words that run this program again: interpreter, its options, script. */
  readonly self: readonly string[];
  /** How a person calls this program from anywhere: `drey`, or its full path where it is not on the PATH. */
  readonly calledAs: string;
  /** Ends the process without waiting for anything. */
  readonly exitNow: (code: number) => void;
  /** Calls back for SIGINT, SIGTERM and SIGHUP until the returned function is called. */
  readonly onSignal: (handler: (signal: NodeJS.Signals) => void) => () => void;
  /** Tells the process that started this one in the background; nothing when there is none. */
  readonly tellParent: (message: object) => void;
  /** Shows an address in the person's browser, where there is one. */
  readonly openAddress: (url: string) => void;
  /** Opens the person's editor and waits for its end; null where it did not end by itself. */
  readonly openEditor: (words: readonly string[]) => Promise<number | null>;
  readonly startNode: (start: NodeStart) => Promise<StartedNode>;
}

/** What a node in the background tells who started it. */
export type StartReport =
  | { readonly drey: 'started'; readonly url: string; readonly pid: number }
  | { readonly drey: 'failed'; readonly code: string; readonly sentence: string };
