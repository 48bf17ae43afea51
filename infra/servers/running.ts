/**
 * The words of this room: what a running embedded server looks like from outside, who it runs as, and where it
 * writes its log lines. Types only, so that every file of the room may import it.
 */

/** Pino-compatible, so that the node hands in its own logger. */
export interface Log {
  debug(fields: object, sentence: string): void;
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
}

/** An operating system user that a server process is switched to. */
export interface OsUser {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** How a process ended: one of the two is set, as Node reports it. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One embedded server that accepts connections on loopback. */
export interface RunningServer {
  readonly kind: 'nats' | 'postgres';
  /** With the credentials in it: never log it. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  /** Resolves when the process is gone, for whatever reason; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Stops it in order, then by force; resolves when the process is gone. */
  stop(): Promise<void>;
}

/** What both embedded servers are started with. */
export interface ServerOptions {
  /** The node's data folder; each server keeps to a folder of its own in it. */
  readonly dataDir: string;
  /** Where binaries are kept that are not the user's data. */
  readonly cacheDir: string;
  /** Exactly this port, or an error; without it the port of the last start, or any free one. */
  readonly port?: number | undefined;
  /** Run the server as this user (only root can). */
  readonly user?: OsUser | undefined;
  readonly log: Log;
}
