/** From a cluster to a SOP: align, bind, score, word. Ids come from namespace and founding episode, times from events. */
import { toStableId } from '../../machines/words/ids.ts';
import type { LearnedSop, Pitfall, ProcedureStep, Requirement } from '../../machines/words/sops.ts';
import { align, type Alignment } from './align.ts';
import { bind } from './bind.ts';
import { bounds } from './bounds.ts';
import { type Case, compareCases } from './case.ts';
import { toReliability } from './check.ts';
import { hasEffects } from './effects.ts';
import type { Cluster } from './group.ts';
import type { SequenceBook } from './likeness.ts';
import { findRequirements } from './requires.ts';
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

/** A SOP, and what its steps were read off. */
export interface Derivation {
  readonly sop: LearnedSop;
  readonly alignment: Alignment;
  readonly members: readonly Case[];
}

/** The SOP of a cluster, or nothing where too little is known. */
export function deriveSop(cluster: Cluster, options: DeriveOptions): Derivation | undefined {
  const founder = cluster.members[0];
  if (founder === undefined || cluster.members.length < candidateEpisodesMin) return undefined;
  // What the steps are is read off a part of the cases; how sure they are is counted over all of them.
  const members = takeFew(cluster.members, bounds.membersMax);
  const failures = takeFew(cluster.failures, Math.ceil(bounds.membersMax * toShare(cluster)));
  const alignment = align(members, options.book);
  if (alignment.steps.length === 0) return undefined;
  const symbols = toSymbols(members);
  const toolOf = (symbol: string) => symbols.get(symbol)?.tool ?? symbol;
  const tools = alignment.steps.map((step) => toolOf(step.symbol));
  const bindings = bind(members, alignment, tools, options.shared);
  const required = findRequirements({
    line: alignment.steps.map((step) => step.symbol),
    successes: members,
    failures,
    isAim: (at) => at === tools.length - 1 || hasEffects(tools[at] ?? ''),
  });
  const procedure: ProcedureStep[] = alignment.steps.map((step, at) => ({
    tool: tools[at] ?? step.symbol,
    optional: step.optional,
    repeated: step.repeated,
    alternatives: [...new Set(step.alternatives.map(toolOf))].filter((tool) => tool !== tools[at]),
    support: step.support,
    args: bindings[at] ?? {},
    ...toRequires(required[at]),
  }));
  const programs = alignment.steps.map((step) => symbols.get(step.symbol)?.program ?? '');
  const reliability = toReliability(cluster.asked, { procedure, alignment, shared: options.shared });
  const { confidence, status, alone, quorum } = score({
    members: cluster.members,
    failures: cluster.failures,
    alignment,
    shared: options.shared,
    standing: reliability?.standing ?? 'trusted',
  });
  const sop: LearnedSop = {
    sopId: toStableId('sop', options.namespace, founder.episodeId),
    namespace: options.namespace,
    ...toTrigger(members, alignment.steps, toolOf),
    steps: toLines(procedure, programs),
    procedure,
    status,
    confidence,
    occurrences: cluster.members.length,
    evidence: toEvidence(members, alignment),
    pitfalls: toPitfalls([...cluster.members, ...cluster.failures]),
    firstSeenAt: founder.startedAt,
    lastSeenAt: toLastEnd(cluster.members),
    ...(reliability === undefined ? {} : { reliability }),
    ...(alone ? { alone } : {}),
    ...(quorum === undefined ? {} : { quorum }),
  };
  return { sop, alignment, members };
}

/**
 * At most so many cases, in order of time: of each wording of each principal the newest, since a job that runs every hour
 * must not drown what people asked for; where those are too many, by lot; where too few, the newest of the rest.
 */
function takeFew(cases: readonly Case[], max: number): readonly Case[] {
  if (cases.length <= max) return cases;
  const newest = new Map<string, Case>();
  for (const one of cases) newest.set(`${one.principal}\n${one.wordingKey}`, one);
  const first = [...newest.values()].sort((a, b) => a.lot - b.lot || compareCases(a, b)).slice(0, max);
  const taken = new Set(first);
  for (const one of cases.toReversed()) {
    if (taken.size >= max) break;
    taken.add(one);
  }
  return [...taken].sort(compareCases);
}

/** How many failures there are for a success, at most one: a part of both has to keep it. */
function toShare({ members, failures }: Cluster): number {
  return Math.min(1, failures.length / members.length);
}

function toLastEnd(members: readonly Case[]): string {
  return members.reduce((last, { endedAt }) => (endedAt > last ? endedAt : last), '');
}

/** The field is there only where something is required: rows from before it say the same. */
function toRequires(requires: readonly Requirement[] | undefined): Pick<ProcedureStep, 'requires'> {
  return requires === undefined || requires.length === 0 ? {} : { requires: [...requires] };
}

function toSymbols(
  members: readonly Case[],
): Map<string, { readonly tool: string; readonly program: string }> {
  const symbols = new Map<string, { readonly tool: string; readonly program: string }>();
  for (const one of members) {
    for (const symbol of one.line.symbols) if (!symbols.has(symbol.id)) symbols.set(symbol.id, symbol);
  }
  return symbols;
}

/** The calls behind the steps, of the newest episodes, newest last. */
function toEvidence(members: readonly Case[], alignment: Alignment): string[] {
  const ids: string[] = [];
  for (const one of members.toReversed()) {
    const { calls: own, line } = one;
    const calls = alignment
      .placesOf(one.sequence)
      .flatMap((place) => own[line.places[place] ?? -1]?.callId ?? []);
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
