/**
 * The configuration while the node runs: its file is looked at, and what it says of upstreams is taken over without a
 * restart. A file that is broken changes nothing and is told; everything else that differs is named as waiting for one.
 */
import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { toDreyError } from '../../machines/words/errors.ts';
import type { DreyError } from '../../machines/words/errors.ts';
import type { Clock, Log, UpstreamChanges, Upstreams } from '../actors/actors.ts';
import type { NodeConfig } from './config/config.ts';

export interface ReloadOptions {
  /** The configuration that the node was started with. */
  readonly config: NodeConfig;
  /** Reads it anew; throws what is wrong with it. */
  readonly read: () => NodeConfig;
  readonly upstreams: Pick<Upstreams, 'apply' | 'retry'>;
  readonly clock: Pick<Clock, 'now' | 'schedule'>;
  readonly log: Log;
}

/** What came of reading it again. */
export interface ReloadReport extends UpstreamChanges {
  readonly file: string | null;
  /** Settings that differ from those in force; they take effect with the next start. */
  readonly restartNeeded: readonly string[];
}

export interface ConfigState {
  readonly file: string | null;
  readonly readAt: string;
  /** What is wrong with the file as it stands; the state before it is in force. */
  readonly error: string | null;
  readonly restartNeeded: readonly string[];
}

export interface Reload {
  /** Reads it now; throws `config_invalid` or `file_unreadable`, and then nothing has changed. */
  now(): ReloadReport;
  state(): ConfigState;
  stop(): void;
}

/** An editor writes in steps: a file is read once it has been the same for two looks. */
const lookMs = 500;

/** Starts looking at the file. */
export function watchConfig(options: ReloadOptions): Reload {
  const { config, clock, log } = options;
  const file = config.file ?? null;
  const isLearner = config.role === 'learner';
  let readAt = clock.now();
  let error: DreyError | undefined;
  let restartNeeded: readonly string[] = [];
  let taken = file === null ? '' : toMark(file);
  let before = taken;
  let cancel = (): void => undefined;

  const reload = (): ReloadReport => {
    readAt = clock.now();
    if (file !== null) taken = before = toMark(file);
    let changes: UpstreamChanges;
    try {
      const next = options.read();
      changes = options.upstreams.apply(isLearner ? {} : next.mcpServers);
      restartNeeded = toRestartNeeded(config, next);
    } catch (cause) {
      error = toDreyError(cause, 'config_invalid');
      log.warn({ file, err: error.message }, 'the configuration is broken; what was in force stays in force');
      throw error;
    }
    error = undefined;
    const report = { file, ...changes, restartNeeded };
    log.info(report, 'the configuration was read again');
    if (restartNeeded.length > 0)
      log.warn({ file, restartNeeded }, 'settings were changed that take effect with the next start only');
    return report;
  };

  const look = (): void => {
    cancel = clock.schedule(lookMs, look);
    if (file === null) return;
    const mark = toMark(file);
    const isSettled = mark === before;
    before = mark;
    if (mark === taken || !isSettled) return;
    try {
      reload();
    } catch {
      // It was logged, and is told by the status.
    }
  };
  cancel = clock.schedule(lookMs, look);

  return {
    now() {
      const report = reload();
      options.upstreams.retry();
      return report;
    },
    state: () => ({
      file,
      readAt: new Date(readAt).toISOString(),
      error: error?.message ?? null,
      restartNeeded,
    }),
    stop: () => cancel(),
  };
}

/** The keys that are not the upstreams'. */
function toRestartNeeded(config: NodeConfig, next: NodeConfig): readonly string[] {
  const keys = new Set([...Object.keys(config), ...Object.keys(next)]) as Set<keyof NodeConfig>;
  return [...keys].filter((key) => key !== 'mcpServers' && !isDeepStrictEqual(config[key], next[key]));
}

/** What tells one state of the file from another; a file that is away has one, too. */
function toMark(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
  return stat === undefined ? 'away' : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}
