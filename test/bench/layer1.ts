/**
 * Layer 1's own knowledge under load: lookups, write-back, memories, contexts and authentication on embedded servers, with
 * 10,000 rows and with 1,000,000 (or `--rows`, of which `--big` are one namespace's), in the same run, and what the
 * growth costs. Plans of the hot questions are told on stderr and written beside the measures.
 */
import { measureAuth } from './layer1-auth.ts';
import { measureContexts } from './layer1-contexts.ts';
import { measureMemoriesPart } from './layer1-memories.ts';
import { withLayer1Place } from './layer1-place.ts';
import type { Layer1Part, Layer1Size } from './layer1-place.ts';
import { readPlans } from './layer1-plans.ts';
import { measureSops } from './layer1-sops.ts';
import { measure } from './measure.ts';
import type { Bench, Measure } from './measure.ts';

const smallestRows = 10_000;
const rowsDefault = 1_000_000;
const parts: readonly Layer1Part[] = [measureSops, measureMemoriesPart, measureContexts];

export const layer1Bench: Bench = {
  name: 'layer1',
  about:
    'lookups, write-back, memories, contexts and keys with 10,000 and 1,000,000 rows (--rows N --big N for fewer)',
  async run({ quick, rows, big }) {
    const most = rows ?? (quick ? 100_000 : rowsDefault);
    const measures: Measure[] = [];
    for (const size of new Set([smallestRows, Math.max(most, smallestRows)])) {
      measures.push(...(await measureAt({ rows: size, bigRows: size === most ? big : undefined, quick })));
    }
    const admission = Object.entries(await measureAuth()).flatMap(([kind, { p50Us, p95Us }]) => [
      measure(`layer1.auth.${kind}.p50_us`, p50Us, 'us', 'lower', 200),
      measure(`layer1.auth.${kind}.p95_us`, p95Us, 'us', 'lower', 200),
    ]);
    return [...measures, ...toGrowth(measures, `r${smallestRows}`, `r${most}`), ...admission];
  },
};

async function measureAt(size: Layer1Size): Promise<Measure[]> {
  return withLayer1Place(size, async (place) => {
    const { rows } = place;
    const prefix = `layer1.r${rows}`;
    const measures: Measure[] = [];
    for (const part of parts) measures.push(...(await part(place, prefix)));
    for (const { name, summary, ms, buffers } of await readPlans(place)) {
      process.stderr.write(`${rows} rows, ${name}: ${summary}; ${ms.toFixed(2)} ms, ${buffers} buffers\n`);
      measures.push(
        measure(`${prefix}.plan.${name}.ms`, ms, 'ms', 'lower'),
        measure(`${prefix}.plan.${name}.buffers`, buffers, 'buffers', 'lower'),
      );
    }
    return measures;
  });
}

/** How many times as long the same takes with more rows, and how many times as much processor time it costs. */
function toGrowth(measures: readonly Measure[], from: string, to: string): Measure[] {
  const values = new Map(measures.map(({ name, value }) => [name, value]));
  if (from === to) return [];
  return measures.flatMap(({ name }) => {
    const [, what, kind] = /^layer1\.r\d+\.(.+)\.(p95|cpu)_ms$/.exec(name) ?? [];
    const small = values.get(name);
    const large = values.get(name.replace(`layer1.${from}.`, `layer1.${to}.`));
    if (!name.startsWith(`layer1.${from}.`) || what === undefined) return [];
    if (small === undefined || large === undefined) return [];
    const growth = `layer1.growth.${what}${kind === 'cpu' ? '.cpu' : ''}`;
    return [measure(growth, large / small, 'ratio', 'lower', 2)];
  });
}
