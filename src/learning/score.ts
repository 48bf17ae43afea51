/**
 * Sixth step: how sure a procedure is. The mean of a Beta posterior whose successes are distinct successful episodes,
 * each weighed by how it ended and how far it agrees with the procedure, and whose failures outweigh implied successes:
 *
 *     confidence = (a + S) / (a + b + S + F)      a = 0.3, b = 1.2
 *     S = sum over successes of  w x agreement,             w = 1 told, 0.9 x trust implied
 *     F = sum over successes of  w x (1 - agreement) / 2  +  worst failure of each wording that followed it, v x agreement,
 *         v = 1.5 told, 0.5 stuck
 *
 * A failure that did something else says nothing about this procedure; one that followed it, be it up to a call that
 * failed, says much, unless the same task later succeeded this way: then it was the execution that failed, and it counts
 * a fifth. An implied success that seems to have stopped in the middle is hardly trusted (`trust.ts`): it neither proves
 * the procedure nor weighs on it.
 *
 * Three consistent episodes give 0.73 told, 0.71 implied; two give at most 0.66 and are capped below the bar anyhow.
 */
import { standingStatus } from '../../machines/sop-standing.ts';
import type { SopQuorum, SopStanding, SopStatus } from '../../machines/words/sops.ts';
import { type Alignment, followedFrom, toFollowed } from './align.ts';
import type { Case } from './case.ts';
import { createTrust } from './trust.ts';

/** The bar for serving, and what it takes to reach it. */
export const bar = { confidence: 0.7, episodesMin: 3, principalsMin: 2, agreementMin: 0.5 } as const;

export const prior = { successes: 0.3, failures: 1.2 } as const;
const weights = { told: 1, implied: 0.9, failed: 1.5, stuck: 0.5, outdone: 0.2 } as const;
const belowBar = 0.69;
const confidenceMax = 0.99;

export interface Evidence {
  readonly members: readonly Case[];
  readonly failures: readonly Case[];
  readonly alignment: Alignment;
  /** True where several principals share the namespace: then one of them alone proves nothing. */
  readonly shared: boolean;
  /** What silent predictions say of it. */
  readonly standing: SopStanding;
}

export interface Score {
  readonly confidence: number;
  readonly status: SopStatus;
  /** True where a shared namespace has fewer principals behind it than it takes, however sure it is. */
  readonly alone: boolean;
  /** There where nothing but a second principal is missing. */
  readonly quorum?: SopQuorum;
}

/** Whether a success bears its procedure out as one of those it takes: another way, or one that stopped in the middle, does not. */
export function createCounting(
  members: readonly Case[],
  alignment: Alignment,
  trustOf = createTrust(members),
): (one: Case) => boolean {
  return (one) => alignment.agreementOf(one.sequence) >= bar.agreementMin && trustOf(one) >= 1;
}

/** Confidence and status of a procedure. */
export function score(evidence: Evidence): Score {
  let successes = 0;
  let failures = 0;
  let agreeing = 0;
  const principals = new Set<string>();
  const trustOf = createTrust(evidence.members);
  const counts = createCounting(evidence.members, evidence.alignment, trustOf);
  for (const one of evidence.members) {
    const agreement = evidence.alignment.agreementOf(one.sequence);
    const trust = trustOf(one);
    const weight = trust * (one.verdict === 'told' ? weights.told : weights.implied);
    successes += weight * agreement;
    failures += (weight * (1 - agreement)) / 2;
    if (!counts(one)) continue;
    agreeing += 1;
    principals.add(one.principal);
  }
  failures += weighFailures(evidence);
  const mean = (prior.successes + successes) / (prior.successes + prior.failures + successes + failures);
  const proven = round(Math.min(mean, agreeing >= bar.episodesMin ? confidenceMax : belowBar));
  const alone = evidence.shared && principals.size < bar.principalsMin;
  if (proven < bar.confidence) return { confidence: proven, status: 'candidate', alone };
  const { standing } = evidence;
  if (alone) {
    const [principal] = principals;
    const status = standing === 'drifted' ? 'quarantined' : 'shadow';
    const quorum = { confidence: proven, ...(principal === undefined ? {} : { principal }) };
    return { confidence: belowBar, status, alone, quorum };
  }
  return { confidence: proven, status: standingStatus[standing], alone };
}

/**
 * A wording that failed many times counts once, by its worst failure: several agents at the same task share its difficulty,
 * and where it succeeded as well it was the execution that failed. Later failures after a success count in full.
 */
function weighFailures(evidence: Evidence): number {
  const lastSuccess = toLastSuccess(evidence);
  const worst = new Map<number, number>();
  for (const one of evidence.failures) {
    const agreement = toFollowed(evidence.alignment, one);
    if (agreement < followedFrom) continue;
    const weight = one.verdict === 'failed' ? weights.failed : weights.stuck;
    const outdone = (lastSuccess.get(one.wordingKey) ?? '') > one.startedAt;
    const failed = weight * (outdone ? weights.outdone : 1) * agreement;
    worst.set(one.wordingKey, Math.max(failed, worst.get(one.wordingKey) ?? 0));
  }
  return [...worst.values()].reduce((sum, failed) => sum + failed, 0);
}

/** For each wording, when it last succeeded this way and somebody said so. */
function toLastSuccess({ members, alignment }: Evidence): Map<number, string> {
  const last = new Map<number, string>();
  for (const one of members) {
    if (one.verdict !== 'told' || alignment.agreementOf(one.sequence) < bar.agreementMin) continue;
    if (one.startedAt > (last.get(one.wordingKey) ?? '')) last.set(one.wordingKey, one.startedAt);
  }
  return last;
}

/** Four digits: enough for people, and equal on every machine. */
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
