/** Every command, in the order in which help lists them. A new one is a file and a word here. */
import type { Command } from 'commander';
import type { World } from '../world.ts';
import { addAsk } from './ask.ts';
import { addAudit } from './audit.ts';
import { addConfig } from './config.ts';
import { addAuth } from './auth.ts';
import { addDead } from './dead.ts';
import { addDown } from './down.ts';
import { addEventsReplay } from './events-replay.ts';
import { addEvents } from './events.ts';
import { addHook } from './hook.ts';
import { addImport } from './import.ts';
import { addInspect } from './inspect.ts';
import { addKeys } from './keys.ts';
import { addRelearn } from './relearn.ts';
import { addReload } from './reload.ts';
import { addReplay } from './replay.ts';
import { addSops } from './sops.ts';
import { addStatus } from './status.ts';
import { addStdio } from './stdio.ts';
import { addTools } from './tools.ts';
import { addUp } from './up.ts';

export const commands: readonly ((program: Command, world: World) => void)[] = [
  addUp,
  addDown,
  addStdio,
  addConfig,
  addHook,
  addStatus,
  addReload,
  addAuth,
  addKeys,
  addAsk,
  addSops,
  addTools,
  addImport,
  addRelearn,
  addEvents,
  addEventsReplay,
  addReplay,
  addDead,
  addAudit,
  addInspect,
];
