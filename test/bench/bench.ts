/**
 * `npm run bench -- <name> [--json FILE] [--quick] [--peers] [--rows N] [--big N] [--served]`: runs one bench, prints its table and writes its measures. A bench measures
 * what it compares with in the same run; these machines are noisy, so medians and ratios count.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benches } from './benches.ts';
import { toTable } from './measure.ts';

const options = {
  json: { type: 'string' },
  data: { type: 'string', multiple: true },
  quick: { type: 'boolean', default: false },
  peers: { type: 'boolean', default: false },
  rows: { type: 'string' },
  big: { type: 'string' },
  served: { type: 'boolean', default: false },
} as const;

/** Says what was wrong and what would be right. */
function refuse(what: string): number {
  const known = benches.map((one) => `  ${one.name.padEnd(10)} ${one.about}`).join('\n');
  const flags = Object.keys(options).map((flag) => `--${flag}`);
  process.stderr.write(`${what}; these exist:\n${known}\nOptions: ${flags.join(', ')}.\n`);
  return 64;
}

function readWords():
  | ReturnType<typeof parseArgs<{ allowPositionals: true; options: typeof options }>>
  | string {
  try {
    return parseArgs({ allowPositionals: true, strict: true, options });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function main(): Promise<number> {
  const words = readWords();
  if (typeof words === 'string') return refuse(words.split('. ')[0] ?? words);
  const { values, positionals } = words;
  const [name] = positionals;
  const bench = benches.find((one) => one.name === name);
  if (bench === undefined) return refuse(name === undefined ? 'Name a bench' : `There is no bench "${name}"`);
  const measures = await bench.run({
    files: [...(values.data ?? []), ...positionals.slice(1)],
    quick: values.quick,
    peers: values.peers,
    served: values.served,
    ...(values.rows === undefined ? {} : { rows: Number(values.rows) }),
    ...(values.big === undefined ? {} : { big: Number(values.big) }),
  });
  process.stdout.write(toTable(measures));
  if (values.json !== undefined) {
    const versions = { node: process.version, platform: `${process.platform}-${process.arch}` };
    await writeFile(
      values.json,
      `${JSON.stringify({ bench: bench.name, versions, measures }, undefined, 2)}\n`,
    );
  }
  return 0;
}

process.exitCode = await main();
