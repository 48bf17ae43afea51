/** Every command, in the order in which help lists them. A new one is a file and a word here. */
import type { Command } from 'commander';
import type { World } from '../world.ts';
import { addAsk } from './ask.ts';
import { addBacktest } from './backtest.ts';
import { addCompletion } from './completion.ts';
import { addAudit } from './audit.ts';
import { addConfig } from './config.ts';
import { addContexts } from './contexts.ts';
import { addAuth } from './auth.ts';
import { addDead } from './dead.ts';
import { addDoctor } from './doctor.ts';
import { addDown } from './down.ts';
import { addEventsReplay } from './events-replay.ts';
import { addEvents } from './events.ts';
import { addForget } from './forget.ts';
import { addHook } from './hook.ts';
import { addImport } from './import.ts';
import { addInspect } from './inspect.ts';
import { addKeys } from './keys.ts';
import { addLearning } from './learning.ts';
import { addMemory } from './memory.ts';
import { addPatterns } from './patterns.ts';
import { addRelearn } from './relearn.ts';
import { addReload } from './reload.ts';
import { addReport } from './report.ts';
import { addReplay } from './replay.ts';
import { addSessions } from './sessions.ts';
import { addSops } from './sops.ts';
import { addStatus } from './status.ts';
import { addStdio } from './stdio.ts';
import { addSystemd } from './systemd.ts';
import { addTools } from './tools.ts';
import { addTop } from './top.ts';
import { addUp } from './up.ts';

export const commands: readonly ((program: Command, world: World) => void)[] = [
  addUp,
  addDown,
  addStdio,
  addConfig,
  addHook,
  addStatus,
  addTop,
  addDoctor,
  addReload,
  addAuth,
  addKeys,
  addAsk,
  addSessions,
  addContexts,
  addMemory,
  addSops,
  addPatterns,
  addTools,
  addImport,
  addBacktest,
  addReport,
  addRelearn,
  addLearning,
  addForget,
  addEvents,
  addEventsReplay,
  addReplay,
  addDead,
  addAudit,
  addInspect,
  addCompletion,
  addSystemd,
];
