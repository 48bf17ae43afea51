/**
 * The libraries that the breaker is measured against. They are no dependencies: they are installed into the cache folder
 * when the bench runs, and where that cannot be done the comparison is left out and said to be.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheFolder } from '../../infra/servers/servers.ts';

export interface Rival {
  readonly name: 'opossum' | 'cockatiel';
  readonly call: (n: number) => Promise<unknown>;
  close(): void;
}

interface RivalOptions {
  readonly mayInstall: boolean;
  readonly work: (n: number) => Promise<void>;
}

const versions = { opossum: '9.0.0', cockatiel: '3.2.1' } as const;
const installMs = 120_000;

/** As much of opossum as is used here. */
type Opossum = new (
  work: (n: number) => Promise<void>,
  options: object,
) => { fire(n: number): Promise<unknown>; shutdown(): void };

/** As much of cockatiel as is used here. */
interface Cockatiel {
  readonly handleAll: object;
  readonly CountBreaker: new (options: object) => object;
  circuitBreaker(handle: object, options: object): { execute(work: () => Promise<void>): Promise<unknown> };
}

/** Both, or none with a message. */
export async function loadRivals({ mayInstall, work }: RivalOptions): Promise<readonly Rival[]> {
  const folder = join(defaultCacheFolder(process.env, process.getuid?.()), 'bench', 'breaker');
  const isThere = (name: string): boolean => existsSync(join(folder, 'node_modules', name, 'package.json'));
  try {
    if (!Object.keys(versions).every(isThere)) {
      if (!mayInstall) throw new Error('they are not in the cache folder, and --quick installs nothing');
      await install(folder);
    }
    const load = createRequire(join(folder, 'package.json'));
    // What they export is known from their documentation only.
    return [toOpossum(load('opossum') as Opossum, work), toCockatiel(load('cockatiel') as Cockatiel, work)];
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    process.stderr.write(`opossum and cockatiel are not compared: ${reason}\n`);
    return [];
  }
}

async function install(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const wanted = Object.entries(versions).map(([name, version]) => `${name}@${version}`);
  const words = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--ignore-scripts', ...wanted];
  await promisify(execFile)('npm', words, { cwd: folder, timeout: installMs });
}

function toOpossum(Breaker: Opossum, work: RivalOptions['work']): Rival {
  const breaker = new Breaker(work, { timeout: false, errorThresholdPercentage: 50 });
  return { name: 'opossum', call: (n) => breaker.fire(n), close: () => breaker.shutdown() };
}

/** Like ours a window of a hundred calls. */
function toCockatiel(
  { circuitBreaker, handleAll, CountBreaker }: Cockatiel,
  work: RivalOptions['work'],
): Rival {
  const breaker = new CountBreaker({ size: 100, threshold: 0.5, minimumNumberOfCalls: 100 });
  const policy = circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker });
  return { name: 'cockatiel', call: (n) => policy.execute(() => work(n)), close() {} };
}
