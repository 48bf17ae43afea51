#!/usr/bin/env node
/** The program `drey`: hands the real world to the command line and ends with the code it gives back. */
import { fileURLToPath } from 'node:url';
import { runCli } from './cli.ts';
import { openWorld } from './open-world.ts';

const world = openWorld(process, fileURLToPath(import.meta.url), async (start) => {
  const { startNode } = await import('../node/node.ts');
  return startNode(start);
});
const code = await runCli(process.argv.slice(2), world);
await Promise.all(
  [process.stdout, process.stderr].map(
    (screen) => new Promise<void>((resolve) => screen.write('', () => resolve())),
  ),
);
process.exit(code);
