/**
 * Pitfalls: what failed on the way, at which step, and what recovered it. Of a shell-like tool the program is named, since
 * that everything is called through one tool says nothing. Only names stand here, never what an error said.
 */
import type { Pitfall } from '../../machines/words/sops.ts';
import { bounds } from './bounds.ts';
import type { CallSymbol } from './symbol.ts';

interface Tried {
  readonly symbol: CallSymbol;
  readonly call: { readonly error: boolean };
}

/** The pitfalls of one episode's calls. */
export function findPitfalls(all: readonly Tried[]): Pitfall[] {
  const found = all.flatMap(({ symbol, call }, at): Pitfall[] => {
    if (!call.error) return [];
    const recovery = toRecovery(all, at);
    return [
      {
        tool: symbol.tool,
        ...(symbol.program === '' ? {} : { program: symbol.program }),
        failedTimes: 1,
        recoveredBy: recovery?.tool ?? null,
        ...(recovery === undefined || recovery.program === '' ? {} : { recoveredProgram: recovery.program }),
      },
    ];
  });
  return addUp(found);
}

/** What a procedure's episodes met with, most often first, each at the step that it belongs to. */
export function gatherPitfalls(
  cases: readonly { readonly pitfalls: readonly Pitfall[] }[],
  steps: readonly { readonly symbol: string }[],
): Pitfall[] {
  const symbols = steps.map(({ symbol }) => symbol);
  return addUp(cases.flatMap(({ pitfalls }) => pitfalls))
    .sort((a, b) => b.failedTimes - a.failedTimes || (toKey(a) < toKey(b) ? -1 : 1))
    .slice(0, bounds.pitfallsMax)
    .map((pitfall) => {
      const { tool, program = '', recoveredBy, recoveredProgram = '' } = pitfall;
      const own = symbols.indexOf(toSymbolId(tool, program));
      const step = own >= 0 ? own : symbols.indexOf(toSymbolId(recoveredBy ?? '', recoveredProgram));
      return step < 0 ? pitfall : { ...pitfall, step };
    });
}

/** The same symbol later, else the same tool later unless it only runs programs, else whatever succeeded next. */
function toRecovery(all: readonly Tried[], at: number): CallSymbol | undefined {
  const failed = all[at]?.symbol;
  const later = all.slice(at + 1).filter(({ call }) => !call.error);
  const retry =
    later.find(({ symbol }) => symbol.id === failed?.id) ??
    later.find(({ symbol }) => failed?.program === '' && symbol.tool === failed.tool);
  return (retry ?? later[0])?.symbol;
}

function addUp(found: readonly Pitfall[]): Pitfall[] {
  const counts = new Map<string, Pitfall>();
  for (const one of found) {
    const key = toKey(one);
    counts.set(key, { ...one, failedTimes: one.failedTimes + (counts.get(key)?.failedTimes ?? 0) });
  }
  return [...counts.values()];
}

function toKey({ tool, program = '', recoveredBy, recoveredProgram = '' }: Pitfall): string {
  return [tool, recoveredBy ?? '', program, recoveredProgram].join('\n');
}

const toSymbolId = (tool: string, program: string) => (program === '' ? tool : `${tool} ${program}`);
