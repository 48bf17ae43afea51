/** Which nodes have a learner process of their own, and with what it is started. */
import { join } from 'node:path';
import type { Resource } from '../../actors/actors.ts';
import type { Closers } from '../closers.ts';
import type { Backends } from '../backends.ts';
import type { NodeConfig } from '../config/config.ts';
import type { RedactionSettings } from '../sealing.ts';
import { openLearner } from './learner-process.ts';
import type { LearnerOptions, LearnerProcess } from './learner-process.ts';

export interface StartLearnerOptions extends Omit<LearnerOptions, 'settings'> {
  readonly config: NodeConfig;
  readonly backends: Pick<Backends, 'natsUrl' | 'databaseUrl'>;
  readonly closers: Closers;
  readonly redactionSettings: RedactionSettings;
}

/** Starts it; undefined where this node has none. */
export function startLearner(options: StartLearnerOptions): Resource<LearnerProcess> | undefined {
  const { config, backends, closers, redactionSettings, ...parts } = options;
  if (!config.learning.enabled || config.role === 'gateway') return undefined;
  const settings = {
    natsUrl: backends.natsUrl,
    databaseUrl: backends.databaseUrl,
    eventFolder: join(config.dataFolder, 'learner-events'),
    quietMs: config.learning.quietMs,
    sharedNamespaces: config.learning.sharedNamespaces,
    redaction: redactionSettings,
    level: config.verbose ? ('debug' as const) : ('warn' as const),
  };
  const learner = openLearner({ ...parts, settings });
  closers.push(() => learner.dispose());
  return learner;
}
