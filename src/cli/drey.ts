#!/usr/bin/env node
/**
 * The program `drey`: hands the real world to the command line and ends with the code it gives back. A hook runs before
 * each of an agent's steps, so its way leads past everything else; nothing may be imported up here.
 */
const [word, option] = process.argv.slice(2);
if (word === 'hook' && (option === undefined || /^--(?:url|data|namespace)\b/.test(option))) {
  const { runHook } = await import('./hook.ts');
  await runHook(process.argv.slice(3));
} else {
  const [{ fileURLToPath }, { leave, openWorld, runCli }] = await Promise.all([
    import('node:url'),
    import('./cli.ts'),
  ]);
  const world = openWorld(process, fileURLToPath(import.meta.url), async (start) => {
    const { startNode } = await import('../node/node.ts');
    return startNode(start);
  });
  const code = await runCli(process.argv.slice(2), world);
  await leave(process, code, word === 'stdio' ? 10_000 : undefined);
}
