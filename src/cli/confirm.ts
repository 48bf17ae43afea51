/** Asks before something is changed. Only a yes is a yes; nobody there to say it is an error that names the way out. */
import { createInterface } from 'node:readline';
import { DreyError } from '../../machines/words/errors.ts';
import type { World } from './world.ts';

/** True when the person says yes; throws `argument_invalid` when input ends without an answer. */
export async function confirm(world: World, question: string): Promise<boolean> {
  world.stderr.write(`${question} [y/N] `);
  const lines = createInterface({ input: world.stdin, terminal: false });
  try {
    for await (const line of lines) return /^\s*y(?:es)?\s*$/i.test(line);
  } finally {
    lines.close();
  }
  world.stderr.write('\n');
  throw new DreyError('argument_invalid', 'Nothing was changed: nobody said yes.', {
    details: { hint: 'Add --yes to do it without being asked, or --dry-run to only look.' },
  });
}
