/** From a cluster to a SOP: align, bind, score, word. Ids come from namespace and founding episode, times from events. */
import { toStableId } from '../../machines/words/ids.ts';
import type { LearnedSop, ProcedureStep, Requirement } from '../../machines/words/sops.ts';
import { align, type Alignment } from './align.ts';
import { bounds } from './bounds.ts';
import type { Case } from './case.ts';
import { toReliability } from './check.ts';
import { hasEffects } from './effects.ts';
import type { Cluster } from './group.ts';
import type { SequenceBook } from './likeness.ts';
import { read, type Reading, takeFew, toRead } from './reading.ts';
import { findRequirements } from './requires.ts';
import { gatherPitfalls } from './pitfalls.ts';
import { score } from './score.ts';

export interface DeriveOptions {
  readonly namespace: string;
  readonly shared: boolean;
  readonly book: SequenceBook;
  /** What was read off the same members before, by the same rules. */
  readonly known?: Reading | undefined;
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
  const members = toRead(cluster.members);
  const failures = takeFew(cluster.failures, Math.ceil(bounds.membersMax * toShare(cluster)));
  const alignment = align(members, options.book);
  if (alignment.steps.length === 0) return undefined;
  const reading = options.known ?? read(members, alignment, options.shared);
  const tools = reading.procedure.map(({ tool }) => tool);
  const required = findRequirements({
    line: alignment.steps.map((step) => step.symbol),
    successes: members,
    failures,
    isAim: (at) => at === tools.length - 1 || hasEffects(tools[at] ?? ''),
  });
  const procedure = reading.procedure.map(({ requires: _requires, ...step }, at): ProcedureStep => ({
    ...step,
    ...toRequires(required[at]),
  }));
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
    trigger: reading.trigger,
    triggerFrom: reading.triggerFrom,
    wordings: reading.wordings,
    steps: reading.steps,
    procedure,
    status,
    confidence,
    occurrences: cluster.members.length,
    evidence: reading.evidence,
    pitfalls: gatherPitfalls([...cluster.members, ...cluster.failures], alignment.steps),
    firstSeenAt: founder.startedAt,
    lastSeenAt: toLastEnd(cluster.members),
    ...(reliability === undefined ? {} : { reliability }),
    ...(alone ? { alone } : {}),
    ...(quorum === undefined ? {} : { quorum }),
  };
  return { sop, alignment, members };
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
