/**
 * Procedures that a task came near to and was not given, each with the reason: for people who wonder why. It asks the
 * same shelf again with the bar at nothing, and must never change what an agent gets.
 */
import { z } from 'zod';
import { SopStatus } from '../../../machines/words/sops.ts';
import { rank } from '../../learning/learning.ts';
import type { GatewayNeeds, SopView } from '../needs.ts';

export const RejectedSop = z.object({
  sop_id: z.string(),
  trigger: z.string(),
  status: SopStatus,
  confidence: z.number().min(0).max(1).describe('The probability that it is right for the task.'),
  relevance: z.number().min(0).max(1).describe('How well it fits the task.'),
  reason: z.enum(['below_bar', 'weak_match', 'outranked', 'not_active']),
  why: z.string(),
});
export type RejectedSop = z.infer<typeof RejectedSop>;

/** Rejected procedures in one answer. */
export const rejectedMax = 20;
/** Procedures of one status that are compared with the task. */
const comparedMax = 50;
/** What is never on the shelf. */
const putAway = ['shadow', 'quarantined', 'deprecated', 'retired'] as const satisfies readonly SopStatus[];

export interface RejectedQuestion {
  readonly namespace: string;
  readonly task: string;
  /** What the task was given. */
  readonly given: ReadonlySet<string>;
  /** What is less likely to be right is not served. */
  readonly bar: number;
}

/** The nearest first. */
export async function findRejected(
  { sops }: Pick<GatewayNeeds, 'sops'>,
  { namespace, task, given, bar }: RejectedQuestion,
): Promise<RejectedSop[]> {
  const asked = { namespace, task, limit: rejectedMax };
  const [near, sure, ...away] = await Promise.all([
    sops.search({ ...asked, minConfidence: 0 }),
    sops.search({ ...asked, minConfidence: bar }),
    ...putAway.map((status) =>
      sops.list({ namespace, status, minConfidence: 0, limit: comparedMax, offset: 0 }),
    ),
  ]);
  const isSure = new Set(sure.map(({ sopId }) => sopId));
  const onShelf = [...sure, ...near].map((sop) =>
    toRejected(
      sop,
      sop.relevance,
      sop.confidence < bar ? 'below_bar' : isSure.has(sop.sopId) ? 'outranked' : 'weak_match',
      bar,
    ),
  );
  const each = [...onShelf, ...findPutAway(task, away.flat(), bar)];
  const once = new Map(each.map((one) => [one.sop_id, one]));
  return [...once.values()]
    .filter((one) => !given.has(one.sop_id))
    .toSorted((one, other) => other.relevance - one.relevance || other.confidence - one.confidence)
    .slice(0, rejectedMax);
}

/** They are ranked among themselves, as loosely as can be. */
function findPutAway(task: string, found: readonly SopView[], bar: number): RejectedSop[] {
  const away = new Map(
    found.filter(({ status }) => putAway.some((one) => one === status)).map((sop) => [sop.sopId, sop]),
  );
  const ranked = rank({ task, limit: rejectedMax, minConfidence: 0, sops: [...away.values()] });
  return ranked.flatMap(({ sop: { sopId }, relevance }) => {
    const sop = away.get(sopId);
    return sop === undefined ? [] : [toRejected(sop, relevance, 'not_active', bar)];
  });
}

function toRejected(
  { sopId, trigger, status, confidence }: SopView,
  relevance: number,
  reason: RejectedSop['reason'],
  bar: number,
): RejectedSop {
  const whys: Readonly<Record<RejectedSop['reason'], string>> = {
    below_bar: `it is right with probability ${confidence.toFixed(2)}, and ${bar.toFixed(2)} is the least that is served unasked`,
    weak_match: 'the task shares too few of its words to be sure that it is meant',
    outranked: 'others fit the task better, and only so many are served',
    not_active: toWayBack(status),
  };
  return {
    sop_id: sopId,
    trigger,
    status,
    confidence,
    relevance: clamp(relevance),
    reason,
    why: whys[reason],
  };
}

/** Why it is not in use, and what puts it there. */
function toWayBack(status: SopStatus): string {
  if (status === 'shadow')
    return 'it is in the shadow: it waits for a second principal’s success, for right silent predictions, or for an approval';
  if (status === 'quarantined')
    return 'it is quarantined: right silent predictions bring it back where wrong ones put it there, otherwise a person does';
  return `it is ${status}: only a person brings it back`;
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
