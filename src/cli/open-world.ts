/** The real world, made of a process. */
import { basename } from 'node:path';
import { openAddress, toOpenWords } from './terminal/open-address.ts';
import { openEditor } from './terminal/open-editor.ts';
import type { World } from './world.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Everything commands may touch of this process; `entry` is the script that is `drey`. */
export function openWorld(own: NodeJS.Process, entry: string, startNode: World['startNode']): World {
  return {
    env: own.env,
    cwd: own.cwd(),
    uid: own.getuid?.(),
    // A getter: merely touching a standard stream opens it.
    get stdin() {
      return own.stdin;
    },
    stdout: own.stdout,
    stderr: own.stderr,
    now: () => Date.now(),
    spentMs: () => {
      const { user, system } = own.cpuUsage();
      return (user + system) / 1_000;
    },
    self: [own.execPath, ...own.execArgv, entry],
    calledAs: basename(own.argv[1] ?? '') === 'drey' ? 'drey' : `node ${entry}`,
    exitNow: (code) => own.exit(code),
    onSignal: (handler) => {
      for (const signal of signals) own.on(signal, handler);
      return () => signals.forEach((signal) => own.off(signal, handler));
    },
    tellParent: (message) => {
      if (own.send === undefined || !own.connected) return;
      own.send(message, undefined, undefined, () => {
        if (own.connected) own.disconnect();
      });
    },
    openAddress: (url) => openAddress(toOpenWords(own.platform, own.env, url)),
    openEditor,
    startNode,
  };
}
