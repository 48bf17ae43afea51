/**
 * The backtest process: keeps the pipe to its node and has a thread do the work, which takes minutes without a pause in
 * which anything could be heard. It ends with that node, whatever the thread is doing.
 */
import { Worker } from 'node:worker_threads';
import { DreyError, toPlainError } from '../../../machines/words/errors.ts';
import { goLast } from '../priority.ts';
import { FromBacktest, ToBacktest, heapMegabytesMax } from './backtest-messages.ts';

function say(message: FromBacktest): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

async function fail(cause: unknown): Promise<void> {
  const { code, message } = toPlainError(cause);
  await say({ type: 'failed', code, message });
  process.exit();
}

process.once('message', (raw) => {
  // Everything else goes first on a busy machine; a thread has the priority of the one that starts it.
  goLast();
  const worker = new Worker(new URL('./backtest-work.js', import.meta.url), {
    workerData: ToBacktest.parse(raw),
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
  });
  let said = false;
  worker.on('message', (told) => {
    const message = FromBacktest.parse(told);
    if (message.type !== 'read') said = true;
    void say(message).then(() => (message.type === 'read' ? undefined : process.exit()));
  });
  worker.once('error', (cause) => {
    said = true;
    void fail(cause);
  });
  // After its last word this process has ended; whoever ends without one would leave the node waiting.
  worker.once('exit', (code) => {
    if (!said) void fail(new DreyError('worker_failed', `its thread ended early (exit code ${code})`));
  });
});

// Without its node nobody would hear the figures.
process.on('disconnect', () => process.exit());
