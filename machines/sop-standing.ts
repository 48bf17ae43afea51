/**
 * What silent predictions say of a procedure: whether it is trusted, has drifted, or is on its way back. Pure, and the one
 * place where the rule stands: learning, the store and the `sop` chart all take it from here.
 */
import type {
  SopApproval,
  SopCheck,
  SopReliability,
  SopStanding,
  SopStandingSince,
  SopStatus,
} from './words/sops.ts';

/** The rule's named figures. */
export const standingRules = {
  /** The newest checks, which are kept beside the standing; all of them count. */
  kept: 16,
  /** Five misses among the last eight checks are drift. */
  window: 8,
  missesMax: 5,
  /** In a namespace that is shared they have to be of so many principals: nobody takes away what others use. */
  sharedMin: 2,
  /** Hits in a row that bring what has drifted back. */
  hitsBack: 3,
} as const;

export interface Judged {
  readonly standing: SopStanding;
  /** Why, in a sentence; null while it is trusted and never was anything else. */
  readonly reason: string | null;
}

type Told = Pick<SopCheck, 'hit' | 'principal'>;

/** Where the rule stands after some checks. */
interface Fold extends Judged {
  /** The last ones, while it is trusted. */
  readonly recent: readonly Told[];
  readonly inARow: number;
  /** Who missed since it is on its way back. */
  readonly doubting: readonly Told['principal'][];
}

const fresh: Fold = { standing: 'trusted', reason: null, recent: [], inARow: 0, doubting: [] };

/** The standing after all of these checks, the oldest first; the same checks always give the same. */
export function toStanding(checks: readonly Told[], principalsMin = 1): Judged {
  const { standing, reason } = checks.reduce((fold, check) => step(fold, check, principalsMin), fresh);
  return { standing, reason };
}

function step(before: Fold, check: Told, principalsMin: number): Fold {
  const { window, missesMax, hitsBack } = standingRules;
  const inARow = check.hit ? before.inARow + 1 : 0;
  if (before.standing === 'trusted') {
    const recent = [...before.recent, check].slice(-window);
    const missed = recent.filter((one) => !one.hit);
    const isDrift =
      missed.length >= missesMax && new Set(missed.map(({ principal }) => principal)).size >= principalsMin;
    if (!isDrift) return { ...before, recent, inARow };
    const reason = `it missed ${missed.length} of its last ${recent.length} silent predictions`;
    return { ...fresh, standing: 'drifted', reason };
  }
  if (inARow >= hitsBack)
    return { ...fresh, inARow, reason: `its last ${inARow} silent predictions were right` };
  const doubting = toDoubting(before, check);
  const isThrown = !check.hit && (before.standing === 'drifted' || doubting.length >= principalsMin);
  return {
    recent: [],
    inARow,
    standing: isThrown ? 'drifted' : 'returning',
    doubting: isThrown ? [] : doubting,
    reason: isThrown
      ? 'it missed again while it was looked at in silence'
      : `${inARow} of the ${hitsBack} right predictions that bring it back`,
  };
}

/** Where a namespace is shared, nobody alone throws back what others bring back. */
function toDoubting({ standing, doubting }: Fold, { hit, principal }: Told): readonly Told['principal'][] {
  return hit || standing === 'drifted' || doubting.includes(principal) ? doubting : [...doubting, principal];
}

/** Checks from which on a standing is told, the newest ones, and how many of those standings are told apart. */
const startsMax = 2_000;
const sinceMax = 32;

/** The standing after all of these checks in order of time, and after those of them that came since any moment. */
export function toStandings(
  checks: readonly (Told & Pick<SopCheck, 'at'>)[],
  principalsMin: number,
): Judged & { readonly since?: SopStandingSince[] } {
  const whole = toStanding(checks, principalsMin);
  // What never drifted did not in a part of its checks: a part has no more misses in a row of checks than the whole.
  if (whole.reason === null) return whole;
  const since: SopStandingSince[] = [];
  /** Where the fold that began one check earlier stood after each check. */
  const passed: string[] = [];
  let last: Judged = whole;
  for (let start = Math.max(0, checks.length - startsMax); start < checks.length; start += 1) {
    last = foldFrom(checks, start, { principalsMin, passed, last });
    const { standing, reason } = last;
    const until = checks[start]?.at ?? '';
    const open = since.at(-1);
    if (open?.standing === standing && open.reason === reason) open.until = until;
    else since.push({ until, standing, reason });
  }
  return { ...whole, since: since.slice(-sinceMax) };
}

interface Earlier {
  readonly principalsMin: number;
  readonly passed: string[];
  readonly last: Judged;
}

/** Folds from a check on, until it stands where the fold that began a check earlier stood: the rest is the same then. */
function foldFrom(checks: readonly Told[], start: number, { principalsMin, passed, last }: Earlier): Judged {
  let now = fresh;
  for (const [at, check] of checks.slice(start).entries()) {
    now = step(now, check, principalsMin);
    const { standing, reason, recent, inARow, doubting } = now;
    const row = standing === 'trusted' ? recent.length : inARow;
    const key = JSON.stringify([standing, reason, row, doubting]);
    if (passed[start + at] === key) return last;
    passed[start + at] = key;
  }
  return now;
}

/** Three successes that agree are a procedure's proof and its time in the shadow; silent predictions count from there. */
export const standingStatus = { trusted: 'active', drifted: 'quarantined', returning: 'shadow' } as const;

/**
 * The status of what a person holds: as it was set, but an approval is believed only as long as silent predictions since
 * then do not speak against it.
 */
export function toHeldStatus(
  status: SopStatus,
  approval: SopApproval | undefined,
  reliability: SopReliability | undefined,
): SopStatus {
  return approval === undefined ? status : standingStatus[judge(reliability, approval).standing];
}

/** What the record says; where somebody approved it, what came since. */
export function judge(reliability: SopReliability | undefined, approval: SopApproval | undefined): Judged {
  if (reliability === undefined) return { standing: 'trusted', reason: null };
  const { standing, reason, since } = reliability;
  if (approval === undefined) return { standing, reason };
  if (reason === null) return { standing: 'trusted', reason };
  if (since === undefined) return judgeOld(reliability, approval);
  const from = Date.parse(approval.at);
  const found = since.find(({ until }) => Date.parse(until) > from);
  return found === undefined
    ? { standing: 'trusted', reason: null }
    : { standing: found.standing, reason: found.reason };
}

/** Records from before every moment was told: of more checks than are kept the whole record speaks. */
function judgeOld(
  { recent, checked, standing, reason, principalsMin }: SopReliability,
  { at }: SopApproval,
): Judged {
  const since = recent.filter((check) => Date.parse(check.at) > Date.parse(at));
  if (since.length === recent.length && checked > recent.length) return { standing, reason };
  return toStanding(since, principalsMin);
}
