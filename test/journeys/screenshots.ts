/**
 * `npm run screenshots`: the pictures of the README, taken of the real console over a demo's run. Nothing in them is
 * drawn by hand; they show what the same two commands show everybody.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../support/temporary.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import { createTasks } from './demo/tasks.ts';
import { furnish, workThrough } from './demo/work.ts';
import { openBrowser } from './rig/browser.ts';

const target = join(packageRoot, '.github');
const size = { width: 1280, height: 800 };

interface Learned {
  readonly sops: readonly { readonly sop_id: string; readonly steps: readonly string[] }[];
}

async function main(): Promise<void> {
  const folder = await temporaryFolder('drey-screenshots');
  const { config, workshop } = await furnish(folder.path);
  const node = await startNodeProcess({ dataFolder: join(folder.path, 'data'), config });
  try {
    await workThrough(node, { say: (line) => void process.stdout.write(`${line}\n`) }, createTasks(workshop));
    const { sops } = await node.get<Learned>('/api/v1/sops?min_confidence=0.7&limit=10');
    const [longest] = sops.toSorted((one, other) => other.steps.length - one.steps.length);
    if (longest === undefined) throw new Error('the demo learned nothing to show');
    await mkdir(target, { recursive: true });
    await shoot(`${node.url}/#/sops/${longest.sop_id}`, join(target, 'console.png'), 'Why Drey believes it');
  } finally {
    await node.stop();
    await folder.remove();
  }
}

async function shoot(url: string, file: string, waitFor: string): Promise<void> {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: size, colorScheme: 'light', reducedMotion: 'reduce' });
    await page.goto(url);
    await page.getByText(waitFor).waitFor();
    await page.locator('.react-flow__edge').first().waitFor({ state: 'attached' });
    await page.screenshot({ path: file });
    process.stdout.write(`written: ${file}\n`);
  } finally {
    await browser.close();
  }
}

await main();
