/**
 * Makes sure that a node runs for a data folder: finds the one that answers or starts one in the background. Any number
 * of programs may do this at once; the folder's lock lets one node live, and all of them end up with that one.
 */
import { spawn } from 'node:child_process';
import { setTimeout as rest } from 'node:timers/promises';
import { DreyError, errorCodes } from '../../machines/words/errors.ts';
import type { ErrorCode } from '../../machines/words/errors.ts';
import { openNodeLog, readLastLine } from './node-log.ts';
import { readNodeFile } from './node-address.ts';
import type { NodeAddress } from './node-address.ts';
import { openRequest } from './node-client.ts';
import type { StartReport, World } from './world.ts';

/** The first start may have to fetch a server; after that it takes seconds. */
const startMsMax = 180_000;
/** How long the winner of a race is waited for before another try. */
const winnerMsMax = 5_000;
const pollMs = 50;
const answerMsMax = 2_000;

export interface BackgroundPlan {
  readonly dataFolder: string;
  /** Words after `up`, without the data folder. */
  readonly words: readonly string[];
  /** Take a free port where the usual one is in use. */
  readonly anyPort: boolean;
  /** Called once, when one has to be started. */
  readonly onStart: (logFile: string) => void;
}

/** The running node of the folder, started if need be. */
export async function ensureNode(world: World, plan: BackgroundPlan): Promise<NodeAddress> {
  const deadline = world.now() + startMsMax;
  let words = plan.words;
  let hasTold = false;
  while (world.now() < deadline) {
    const running = await findAnswering(world, plan.dataFolder);
    if (running !== undefined) return running;
    const log = await openNodeLog(plan.dataFolder, world.uid);
    if (!hasTold) plan.onStart(log.path);
    hasTold = true;
    const report = await startChild(world, ['up', '--data', plan.dataFolder, ...words], log.fd, deadline);
    await log.close();
    if (report.drey === 'started') continue;
    if (report.code === 'data_folder_locked') {
      // Somebody else was first: theirs is ours as soon as it answers.
      const winner = await waitAnswering(
        world,
        plan.dataFolder,
        Math.min(deadline, world.now() + winnerMsMax),
      );
      if (winner !== undefined) return winner;
    } else if (report.code === 'port_in_use' && plan.anyPort && words === plan.words) {
      words = [...plan.words, '--port', '0'];
    } else {
      throw await toStartError(report, log.path);
    }
  }
  throw new DreyError(
    'process_failed',
    `The node of ${plan.dataFolder} does not answer after ${startMsMax / 1_000} s.`,
    { details: { hint: `Its log is ${plan.dataFolder}/node.log.` } },
  );
}

/** The node of the folder, if it answers now. */
export async function findAnswering(world: World, dataFolder: string): Promise<NodeAddress | undefined> {
  const address = await readNodeFile(world, dataFolder);
  return address !== undefined && (await answers(address)) ? address : undefined;
}

/** Whether a healthy node is there: one that is ending says no. */
export async function answers(address: NodeAddress): Promise<boolean> {
  const request = await openRequest(address, '/healthz', {}, { timeout: answerMsMax });
  return new Promise((resolve) => {
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
    request.end();
  });
}

async function waitAnswering(
  world: World,
  dataFolder: string,
  until: number,
): Promise<NodeAddress | undefined> {
  for (;;) {
    const found = await findAnswering(world, dataFolder);
    if (found !== undefined || world.now() >= until) return found;
    await rest(pollMs);
  }
}

/** Starts this program again, detached; resolves when it says that it runs, or why it does not. */
async function startChild(
  world: World,
  words: readonly string[],
  logFd: number,
  deadline: number,
): Promise<StartReport> {
  const [program = '', ...before] = world.self;
  const child = spawn(program, [...before, ...words], {
    cwd: world.cwd,
    env: { ...world.env },
    detached: true,
    stdio: ['ignore', logFd, logFd, 'ipc'],
    windowsHide: true,
  });
  try {
    return await new Promise<StartReport>((resolve) => {
      const fail = (code: ErrorCode, sentence: string): void => resolve({ drey: 'failed', code, sentence });
      const bound = setTimeout(
        () => fail('process_failed', `The node does not answer after ${startMsMax / 1_000} s.`),
        deadline - world.now(),
      );
      child.once('message', (message) => resolve(message as StartReport));
      child.once('error', (cause) => fail('process_failed', `The node cannot be started: ${cause.message}.`));
      child.once('exit', (code, signal) =>
        fail('process_failed', `The node ended at once (${signal ?? `exit code ${code ?? '?'}`}).`),
      );
      child.once('close', () => clearTimeout(bound));
      child.once('message', () => clearTimeout(bound));
    });
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
  }
}

async function toStartError(report: StartReport & { drey: 'failed' }, logFile: string): Promise<DreyError> {
  const code = Object.hasOwn(errorCodes, report.code) ? (report.code as ErrorCode) : 'process_failed';
  const last = code === 'process_failed' ? await readLastLine(logFile) : undefined;
  const sentence = last === undefined ? report.sentence : `${report.sentence} Its last words: ${last}`;
  return new DreyError(code, sentence, { details: { hint: `The node's log is ${logFile}.` } });
}
