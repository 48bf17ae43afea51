/** How failures are told: `drey: <one sentence>`, a hint where one helps, and the exit code of the error's entry. */
import { isDreyError, toDreyError } from '../../machines/words/errors.ts';
import type { DreyError, ErrorCode } from '../../machines/words/errors.ts';
import { createPaint } from './terminal/paint.ts';
import { toSafeText } from './terminal/safe-text.ts';
import type { World } from './world.ts';

/** Longer causes are cut. */
const stackCharsMax = 8_000;
/** Causes told of one error. */
const causesMax = 8;

const hints: Partial<Record<ErrorCode, string>> = {
  format_unknown: 'Name the format with --format if you know it.',
  memory_unknown: '"drey memory search" finds ids of this namespace; --namespace looks into another.',
  node_draining: 'It is stopping; try again in a moment.',
  node_unreachable: 'Start one with "drey up", or name another with --url or DREY_URL.',
  permission_denied: 'Set DREY_TOKEN to a key of this node that may do it.',
  principal_unknown: 'Set DREY_TOKEN to a key of this node.',
  sop_unknown:
    '"drey sops" and "drey patterns" show the ids of this namespace; --namespace looks into another.',
  unexpected: 'Run it again with --verbose to see the cause.',
};

/** Says what went wrong and gives back the exit code. */
export function reportError(error: unknown, world: World, verbose: boolean): number {
  const known = toDreyError(error);
  const paint = createPaint(world.stderr, world.env);
  const sentence = toSafeText(known.message.replace(/\s*\n\s*/g, ' ').trim());
  world.stderr.write(`${paint.bad('drey:')} ${sentence === '' ? known.code : sentence}\n`);
  const hint = toHint(known);
  if (hint !== undefined && hint !== '' && !(verbose && known.code === 'unexpected')) {
    world.stderr.write(`${paint.faint(`  ${toSafeText(hint)}`)}\n`);
  }
  if (verbose) world.stderr.write(`${toStack(error)}\n`);
  return known.exit;
}

function toHint(error: DreyError): string | undefined {
  const own = error.details['hint'];
  return typeof own === 'string' ? own : hints[error.code];
}

function toStack(error: unknown): string {
  const parts: string[] = [];
  let cause: unknown = error;
  for (let depth = 0; depth < causesMax && cause !== undefined; depth += 1) {
    const code = isDreyError(cause) ? `[${cause.code}] ` : '';
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : JSON.stringify(cause);
    parts.push(`${depth === 0 ? '' : 'caused by '}${code}${text}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return parts.join('\n').slice(0, stackCharsMax).split('\n').map(toSafeText).join('\n');
}
