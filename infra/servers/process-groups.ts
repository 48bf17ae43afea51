/**
 * Groups of processes that must not outlive this process, however it ends. A watcher is told of them through a pipe that
 * the kernel closes when this process is gone, and then ends them; the data folder keeps them for the next start, should
 * the watcher have gone as well. Nothing is ever ended by its name, nor by a pid whose start time is another one.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { childEnvironment, waitFor } from './child.ts';
import { startMark } from './processes.ts';
import type { Log } from './running.ts';
import { writeWhole } from './whole-file.ts';

export interface ProcessGroups {
  /** The leader is the pid by which its group is known. */
  started(leader: number): void;
  ended(leader: number): void;
  close(): Promise<void>;
}

interface Kept {
  readonly leader: number;
  readonly mark: string;
}

/** Groups that are kept; a node has far fewer upstreams. */
const groupsMax = 10_000;
/** A group that ends by itself when its input closes has this long. */
const politeMs = 500;

/** In the words of every shell, since a program of our own would cost the memory of a second Node. */
const watcher = `
trap '' HUP INT TERM
groups=
while read -r verb leader start; do
  if [ "$verb" = + ]; then groups="$groups $leader:$start"; continue; fi
  kept=
  for one in $groups; do [ "\${one%%:*}" = "$leader" ] || kept="$kept $one"; done
  groups=$kept
done
[ -n "$groups" ] || exit 0
sleep 1
for one in $groups; do
  leader=\${one%%:*}
  start=\${one#*:}
  if [ "$start" != - ] && [ -r "/proc/$leader/stat" ]; then
    line=$(cat "/proc/$leader/stat")
    set -- \${line##*) }
    [ "\${20}" = "$start" ] || continue
  fi
  kill -s KILL -- "-$leader" 2>/dev/null
done
`;

/** Opens the register of one node. */
export function openProcessGroups({ dataDir, log }: { dataDir: string; log: Log }): ProcessGroups {
  const groups = new Map<number, string>();
  /** Those of whose start the kernel has not told yet; one that ends meanwhile is not kept. */
  const coming = new Set<number>();
  let watching: ChildProcess | undefined;
  let writing: Promise<void> = Promise.resolve();
  if (process.platform === 'win32')
    return { started: () => undefined, ended: () => undefined, close: () => writing };
  const write = (): void => {
    const kept = [...groups].map(([leader, mark]): Kept => ({ leader, mark }));
    writing = writing
      .then(() => writeWhole(toFile(dataDir), `${JSON.stringify(kept)}\n`, { mode: 0o600 }))
      .catch((error: unknown) => log.debug({ err: String(error) }, 'the groups of upstreams were not kept'));
  };
  const tell = (line: string): void => {
    if (watching?.stdin?.writable === true) watching.stdin.write(`${line}\n`);
  };
  /** A watcher that was killed is replaced, and told of all. */
  const watch = (): void => {
    if (watching !== undefined && watching.exitCode === null && watching.signalCode === null) return;
    watching = startWatcher(log);
    for (const [leader, mark] of groups) tell(`+ ${leader} ${toStart(mark)}`);
  };
  const add = async (leader: number): Promise<void> => {
    const mark = await startMark(leader);
    if (!coming.delete(leader) || mark === undefined || groups.size >= groupsMax) return;
    watch();
    groups.set(leader, mark);
    tell(`+ ${leader} ${toStart(mark)}`);
    write();
  };
  return {
    started: (leader) => {
      coming.add(leader);
      void add(leader);
    },
    ended: (leader) => {
      coming.delete(leader);
      if (!groups.delete(leader)) return;
      tell(`- ${leader}`);
      write();
    },
    close: async () => {
      watching?.stdin?.end();
      await writing;
    },
  };
}

/** Ends what a node that died left of its groups in this data folder, and says which. */
export async function endLeftGroups({ dataDir, log }: { dataDir: string; log: Log }): Promise<number[]> {
  const ended: number[] = [];
  for (const { leader, mark } of await readKept(dataDir)) {
    if ((await startMark(leader)) !== mark || !signal(leader, 'SIGTERM')) continue;
    if (!(await waitFor(() => !signal(leader, 0), politeMs))) signal(leader, 'SIGKILL');
    ended.push(leader);
    log.info({ pid: leader }, 'an upstream that a killed node had left running was ended');
  }
  return ended;
}

function startWatcher(log: Log): ChildProcess {
  const child = spawn('sh', ['-c', watcher, 'drey-watcher'], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: childEnvironment(),
  });
  child.on('error', (error) =>
    log.debug({ err: String(error) }, 'nobody watches over upstreams should this node be killed'),
  );
  child.stdin?.on('error', () => undefined);
  child.unref();
  // What it is given ends with this process; until then it keeps nobody awake.
  if (child.stdin !== null && 'unref' in child.stdin && typeof child.stdin.unref === 'function')
    child.stdin.unref();
  return child;
}

/** The start time alone, as /proc has it; "-" where there is none. */
function toStart(mark: string): string {
  return process.platform === 'linux' ? (mark.split(':').at(-1) ?? '-') : '-';
}

async function readKept(dataDir: string): Promise<readonly Kept[]> {
  try {
    const read: unknown = JSON.parse(await readFile(toFile(dataDir), 'utf8'));
    return Array.isArray(read) ? read.filter(isKept) : [];
  } catch {
    return [];
  }
}

function isKept(value: unknown): value is Kept {
  return (
    typeof value === 'object' &&
    value !== null &&
    'leader' in value &&
    Number.isSafeInteger(value.leader) &&
    Number(value.leader) > 1 &&
    'mark' in value &&
    typeof value.mark === 'string'
  );
}

function toFile(dataDir: string): string {
  return join(dataDir, 'upstream-groups.json');
}

/** False when nobody is left to receive it, or nobody of ours. */
function signal(leader: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, name);
  } catch {
    return false;
  }
}
