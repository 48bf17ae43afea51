/**
 * `npm run bench -- <name> [--json FILE] [--quick] [--peers] [--rows N] [--big N] [--served]`: runs one bench, prints its table and writes its measures. A bench measures
 * what it compares with in the same run; these machines are noisy, so medians and ratios count.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benches } from './benches.ts';
import { toTable } from './measure.ts';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    strict: true,
    options: {
      json: { type: 'string' },
      data: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      rows: { type: 'string' },
      big: { type: 'string' },
      served: { type: 'boolean', default: false },
    },
  });
  const [name] = positionals;
  const bench = benches.find((one) => one.name === name);
  if (bench === undefined) {
    const known = benches.map((one) => `  ${one.name.padEnd(10)} ${one.about}`).join('\n');
    process.stderr.write(
      `${name === undefined ? 'Name a bench' : `There is no bench "${name}"`}; these exist:\n${known}\n`,
    );
    return 64;
  }
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
