/**
 * The node's side of the learner process, as a resource actor: started, watched by its heartbeat and memory, killed when
 * it hangs, started again. Whatever happens to it, calls go on.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DreyError } from '../../../machines/words/errors.ts';
import { openResource } from '../../actors/actors.ts';
import type { Announcer, Clock, HealthTold, Log, Resource, Roots } from '../../actors/actors.ts';
import type { LearnerInspection } from './learner-inspection.ts';
import { FromLearner } from './learner-messages.ts';
import type { LearnerSettings, ToLearner } from './learner-messages.ts';
import { createPatience, type Patience } from './patience.ts';

export interface LearnerOptions {
  /** Whose learner it is; the first argument of its process. */
  readonly nodeId: string;
  readonly settings: Omit<LearnerSettings, 'heartbeatMs'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly roots?: Roots | undefined;
  readonly health?: HealthTold | undefined;
  readonly inspection?: LearnerInspection | undefined;
}

export interface LearnerProcess {
  readonly pid: number;
  readonly rssBytes: number;
}

const heartbeatMs = 1_000;
const rssBytesMax = 2 * 1024 * 1024 * 1024;
/** At the lowest priority, on a machine that may be busy. */
const startMs = 180_000;
const drainMs = 5_000;
const reviveMs = 30_000;

interface Running extends LearnerProcess {
  readonly child: ChildProcess;
  rssBytes: number;
  beatAt: number;
}

/** Starts the learner and keeps it alive. */
export function openLearner(options: LearnerOptions): Resource<LearnerProcess> {
  const { clock, log, announcer } = options;
  const patience = createPatience(clock);
  const isSilent = ({ beatAt }: Running): boolean => clock.monotonic() - beatAt > patience.silenceMs;
  const resource: Resource<Running> = openResource<Running>({
    name: 'learner',
    what: 'learner process',
    start: (broke) => start(options, patience, broke),
    stop: (running) => {
      if (isSilent(running)) patience.lose();
      return stop(running, log);
    },
    // Two failed checks, and it is killed.
    check: async (running) => {
      const silent = clock.monotonic() - running.beatAt;
      if (isSilent(running))
        throw new DreyError('worker_failed', `the learner gave no sign of life for ${Math.round(silent)} ms`);
      if (running.rssBytes > rssBytesMax)
        throw new DreyError(
          'worker_failed',
          `the learner uses ${running.rssBytes} bytes, more than its ${rssBytesMax}`,
        );
    },
    checkEveryMs: heartbeatMs * 2,
    settings: { initMs: startMs, cleanMs: drainMs + 2_000 },
    reviveMs,
    clock,
    log,
    announcer,
    roots: options.roots,
    health: options.health,
  });
  return resource;
}

async function start(
  { nodeId, settings, clock, log, inspection }: LearnerOptions,
  patience: Patience,
  broke: (error: unknown) => void,
): Promise<Running> {
  const child = fork(toProgram(), [nodeId], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const running: Running = { child, pid: child.pid ?? 0, rssBytes: 0, beatAt: clock.monotonic() };
  let ready = false;
  await new Promise<void>((resolve, reject) => {
    child.on('message', (raw) => {
      const message = FromLearner.parse(raw);
      running.beatAt = clock.monotonic();
      patience.hear();
      if (message.type === 'heartbeat') running.rssBytes = message.rssBytes;
      if (message.type === 'failed') log.warn({ reason: message.reason }, 'the learner failed');
      if (message.type === 'inspected') inspection?.hear(message);
      if (message.type === 'ready') {
        ready = true;
        inspection?.attach((asked) => tell(child, asked));
        resolve();
      }
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const error = new DreyError('process_failed', `the learner ended (${signal ?? `exit code ${code}`})`);
      if (ready) broke(error);
      else reject(error);
    });
    tell(child, { type: 'start', settings: { ...settings, heartbeatMs } });
  });
  return running;
}

async function stop({ child }: Running, log: Log): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  tell(child, { type: 'drain' });
  const force = setTimeout(() => {
    log.warn({ pid: child.pid }, 'the learner did not end in time and is killed');
    child.kill('SIGKILL');
  }, drainMs);
  await exited;
  clearTimeout(force);
}

function tell(child: ChildProcess, message: ToLearner): void {
  // An answer is not expected; a pipe that is gone shows as an exit.
  if (child.connected) child.send(message, () => undefined);
}

/** The built program, also when the sources themselves are run (in tests). */
function toProgram(): string {
  const isSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(
    new URL(isSource ? '../../../dist/src/node/learner/learner.js' : './learner.js', import.meta.url),
  );
}
