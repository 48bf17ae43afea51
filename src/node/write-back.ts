/**
 * What is written back from outside: stored, audited and announced in one commit, redacted before
 * it is stored. Whether it may be done was decided at the door.
 */
import { hideInSop } from '../../machines/sop-hiding.ts';
import { eventVersion } from '../../machines/words/events.ts';
import type { DreyEvent } from '../../machines/words/events.ts';
import { createId, toStableId } from '../../machines/words/ids.ts';
import { mayDo } from '../../machines/words/scopes.ts';
import type { LearnedSop, SopStatus } from '../../machines/words/sops.ts';
import type { Redactor } from '../access/access.ts';
import type { Clock, Relay } from '../actors/actors.ts';
import { toIso, toSopEvents } from '../actors/actors.ts';
import type { KnowledgeNeed } from '../gateway/gateway.ts';
import type { Store, Trx } from '../store/store.ts';
import {
  addToOutbox,
  approvePattern,
  ensureNamespace,
  getPattern,
  keepAnswer,
  savePattern,
  writeSop,
} from '../store/store.ts';

export interface WriteBackOptions {
  readonly store: Store;
  readonly redactor: Redactor;
  readonly relay: Pick<Relay, 'nudge'>;
  readonly clock: Clock;
  /** Hears of a namespace whose procedures changed here, before the bus tells it. */
  readonly changed: (namespace: string) => void;
}

type WriteBack = Pick<KnowledgeNeed, 'writeSop' | 'writePattern' | 'approvePattern'>;
type Written = Awaited<ReturnType<KnowledgeNeed['writeSop']>>;
type SopToWrite = Parameters<KnowledgeNeed['writeSop']>[0]['sop'];

const writtenReason = 'written back';

/** Creates it. */
export function createWriteBack(options: WriteBackOptions): WriteBack {
  const { clock, redactor } = options;
  return {
    writeSop: async ({ namespace, principal, sop, key }) => {
      const answer: Written = { id: createId('sop', clock), storedAt: toIso(clock.now()) };
      const clean: SopToWrite = hideInSop(sop, (value) => redactor.redact(value));
      const mayActivate = sop.isCandidate !== true && mayDo(principal, 'sop:activate');
      const status = mayActivate ? 'active' : 'candidate';
      return commitChange(options, namespace, async (trx) => {
        await ensureNamespace(trx);
        const known = await findAnswer(trx, { principal: principal.id, key, operation: 'sop', sop, answer });
        if (known !== undefined) return known;
        const learned = toLearned(namespace, clean, { ...answer, status });
        const { metadata: given, reason = writtenReason } = clean;
        const cause = { by: principal.id, reason, at: answer.storedAt };
        const { was, changed, version } = await writeSop(trx, learned, { cause, given });
        const move = {
          sop: learned,
          was,
          version,
          by: 'approval',
          who: principal.id,
          reason,
        } as const;
        if (changed) await addToOutbox(trx, toSopEvents({ ...move, at: Date.parse(answer.storedAt) }));
        return answer;
      });
    },
    writePattern: async ({ namespace, principal, pattern, key }) => {
      const answer: Written = { id: createId('pattern', clock), storedAt: toIso(clock.now()) };
      const clean = redactor.redact(pattern) as typeof pattern;
      return commitChange(options, namespace, async (trx) => {
        await ensureNamespace(trx);
        const known = await findAnswer(trx, {
          principal: principal.id,
          key,
          operation: 'pattern',
          sop: pattern,
          answer,
        });
        if (known !== undefined) return known;
        const candidate = !mayDo(principal, 'sop:activate');
        await savePattern(trx, { ...clean, patternId: answer.id }, { by: principal.id, candidate });
        await addToOutbox(trx, [toPatternEvent(namespace, answer, clean)]);
        return answer;
      });
    },
    approvePattern: ({ namespace, principal, patternId }) =>
      options.store.inNamespace(namespace, async (trx) => {
        if (!(await approvePattern(trx, patternId, { by: principal.id }))) return undefined;
        return getPattern(trx, patternId);
      }),
  };
}

/** Commits, and lets those hear who need not wait for the bus. */
export async function commitChange<T>(
  { store, relay, changed }: WriteBackOptions,
  namespace: string,
  work: (trx: Trx) => Promise<T>,
): Promise<T> {
  const done = await store.inNamespace(namespace, work);
  relay.nudge();
  changed(namespace);
  return done;
}

interface Keyed {
  readonly principal: string;
  readonly key: string | undefined;
  readonly operation: string;
  readonly sop: unknown;
  readonly answer: Written;
}

/** What was answered to the same request before; undefined where it is to be done now. */
async function findAnswer(trx: Trx, { key, sop, ...rest }: Keyed): Promise<Written | undefined> {
  if (key === undefined) return undefined;
  // The column holds what was kept, which is an answer.
  return (await keepAnswer(trx, { ...rest, key, request: sop })) as Written | undefined;
}

function toLearned(
  namespace: string,
  sop: SopToWrite,
  row: Written & { readonly status: SopStatus },
): LearnedSop {
  const { trigger, steps, procedure, confidence, occurrences } = sop;
  const { pitfalls = [], triggerFrom = 'task', wordings = [] } = sop;
  return {
    sopId: row.id,
    namespace,
    trigger,
    steps,
    procedure,
    status: row.status,
    confidence,
    occurrences,
    evidence: [],
    pitfalls,
    triggerFrom,
    wordings,
    firstSeenAt: row.storedAt,
    lastSeenAt: row.storedAt,
  };
}

function toPatternEvent(
  namespace: string,
  { id, storedAt }: Written,
  { patternType, confidence }: { readonly patternType: string; readonly confidence: number },
): DreyEvent<'pattern.discovered'> {
  return {
    id: toStableId('event', namespace, id, 'pattern.discovered'),
    type: 'pattern.discovered',
    at: storedAt,
    namespace,
    actor: { kind: 'pattern', id },
    version: eventVersion,
    data: { patternType, confidence },
  };
}
