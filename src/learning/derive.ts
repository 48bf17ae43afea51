/** From a cluster to a SOP: align, bind, score, word. Ids come from namespace and founding episode, times from events. */
import { toStableId } from '../../machines/words/ids.ts';
import type { LearnedSop, Pitfall, ProcedureStep } from '../../machines/words/sops.ts';
import { align, type Alignment } from './align.ts';
import { bind } from './bind.ts';
import { bounds } from './bounds.ts';
import type { Case } from './case.ts';
import type { Cluster } from './group.ts';
import type { SequenceBook } from './likeness.ts';
import { score } from './score.ts';
import { toLines } from '../../machines/words/step-lines.ts';
import { toTrigger } from './trigger.ts';

export interface DeriveOptions {
  readonly namespace: string;
  readonly shared: boolean;
  readonly book: SequenceBook;
}

/** Distinct successes a SOP needs to be returned at all. */
export const candidateEpisodesMin = 2;

/** The SOP of a cluster, or nothing where too little is known. */
export function deriveSop(cluster: Cluster, options: DeriveOptions): LearnedSop | undefined {
  const members = cluster.members;
  const founder = members[0];
  if (founder === undefined || members.length < candidateEpisodesMin) return undefined;
  const alignment = align(members, options.book);
  if (alignment.steps.length === 0) return undefined;
  const symbols = toSymbols(members);
  const toolOf = (symbol: string) => symbols.get(symbol)?.tool ?? symbol;
  const tools = alignment.steps.map((step) => toolOf(step.symbol));
  const bindings = bind(members, alignment, tools, options.shared);
  const procedure: ProcedureStep[] = alignment.steps.map((step, at) => ({
    tool: tools[at] ?? step.symbol,
    optional: step.optional,
    repeated: step.repeated,
    alternatives: [...new Set(step.alternatives.map(toolOf))].filter((tool) => tool !== tools[at]),
    support: step.support,
    args: bindings[at] ?? {},
  }));
  const programs = alignment.steps.map((step) => symbols.get(step.symbol)?.program ?? '');
  const { confidence, status } = score({
    members,
    failures: cluster.failures,
    alignment,
    shared: options.shared,
  });
  return {
    sopId: toStableId('sop', options.namespace, founder.episodeId),
    namespace: options.namespace,
    ...toTrigger(members, alignment.steps, toolOf),
    steps: toLines(procedure, programs),
    procedure,
    status,
    confidence,
    occurrences: members.length,
    evidence: toEvidence(members, alignment),
    pitfalls: toPitfalls([...members, ...cluster.failures]),
    firstSeenAt: founder.startedAt,
    lastSeenAt: members.reduce((last, one) => (one.endedAt > last ? one.endedAt : last), founder.endedAt),
  };
}

function toSymbols(
  members: readonly Case[],
): Map<string, { readonly tool: string; readonly program: string }> {
  const symbols = new Map<string, { readonly tool: string; readonly program: string }>();
  for (const one of members) {
    for (const { symbol } of one.calls) if (!symbols.has(symbol.id)) symbols.set(symbol.id, symbol);
  }
  return symbols;
}

/** The calls behind the steps, of the newest episodes, newest last. */
function toEvidence(members: readonly Case[], alignment: Alignment): string[] {
  const ids: string[] = [];
  for (const one of members.toReversed()) {
    const calls = alignment
      .placesOf(one.sequence)
      .flatMap((place) => one.calls[one.places[place] ?? -1]?.callId ?? []);
    ids.push(...calls.toReversed());
    if (ids.length >= bounds.evidenceMax) break;
  }
  return ids.slice(0, bounds.evidenceMax).toReversed();
}

function toPitfalls(cases: readonly Case[]): Pitfall[] {
  const counts = new Map<string, Pitfall>();
  for (const one of cases) {
    for (const { tool, failedTimes, recoveredBy } of one.pitfalls) {
      const key = `${tool}\n${recoveredBy ?? ''}`;
      counts.set(key, { tool, failedTimes: failedTimes + (counts.get(key)?.failedTimes ?? 0), recoveredBy });
    }
  }
  return [...counts]
    .sort((a, b) => b[1].failedTimes - a[1].failedTimes || (a[0] < b[0] ? -1 : 1))
    .slice(0, bounds.pitfallsMax)
    .map(([, pitfall]) => pitfall);
}
