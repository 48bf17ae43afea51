/**
 * What is written back from outside: stored, audited and announced in one commit, redacted before
 * it is stored. Whether it may be done was decided at the door.
 */
import { eventVersion } from '../../machines/words/events.ts';
import type { DreyEvent } from '../../machines/words/events.ts';
import { createId, toStableId } from '../../machines/words/ids.ts';
import { mayDo } from '../../machines/words/scopes.ts';
import type { LearnedSop, SopStatus } from '../../machines/words/sops.ts';
import type { Redactor } from '../access/access.ts';
import type { Clock, Relay } from '../actors/actors.ts';
import { toIso } from '../actors/actors.ts';
import type { KnowledgeNeed } from '../gateway/gateway.ts';
import type { SopEvent, Store, Trx } from '../store/store.ts';
import { addToOutbox, ensureNamespace, keepAnswer, savePattern, writeSop } from '../store/store.ts';

export interface WriteBackOptions {
  readonly store: Store;
  readonly redactor: Redactor;
  readonly relay: Pick<Relay, 'nudge'>;
  readonly clock: Clock;
  /** Hears of a namespace whose procedures changed here, before the bus tells it. */
  readonly changed: (namespace: string) => void;
}

type WriteBack = Pick<KnowledgeNeed, 'writeSop' | 'writePattern'>;
type Written = Awaited<ReturnType<KnowledgeNeed['writeSop']>>;
type SopToWrite = Parameters<KnowledgeNeed['writeSop']>[0]['sop'];

const writtenReason = 'written back';

/** Creates it. */
export function createWriteBack(options: WriteBackOptions): WriteBack {
  const { clock, redactor } = options;
  return {
    writeSop: async ({ namespace, principal, sop, key }) => {
      const answer: Written = { id: createId('sop', clock), storedAt: toIso(clock.now()) };
      const clean = redactor.redact(sop) as SopToWrite;
      const mayActivate = sop.isCandidate !== true && mayDo(principal, 'sop:activate');
      const status = mayActivate ? 'active' : 'candidate';
      return commitChange(options, namespace, async (trx) => {
        await ensureNamespace(trx);
        const known = await findAnswer(trx, { principal: principal.id, key, operation: 'sop', sop, answer });
        if (known !== undefined) return known;
        const learned = toLearned(namespace, clean, { ...answer, status });
        const { metadata: given } = clean;
        const cause = { by: principal.id, reason: writtenReason, at: answer.storedAt };
        const { event, version } = await writeSop(trx, learned, { cause, given });
        if (event !== undefined)
          await addToOutbox(trx, [toSopEvent(event, learned, { version, at: answer.storedAt })]);
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
        await savePattern(trx, { ...clean, patternId: answer.id }, { by: principal.id });
        await addToOutbox(trx, [toPatternEvent(namespace, answer, clean)]);
        return answer;
      });
    },
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
    pitfalls: [],
    triggerFrom: 'task',
    wordings: [],
    firstSeenAt: row.storedAt,
    lastSeenAt: row.storedAt,
  };
}

/** The event that a change of a procedure is. */
export function toSopEvent(
  type: SopEvent,
  { namespace, sopId, trigger, confidence, occurrences, status }: LearnedSop,
  { version, at }: { readonly version: number; readonly at: string },
): DreyEvent {
  return {
    id: toStableId('event', namespace, sopId, type, String(version)),
    type,
    at,
    namespace,
    actor: { kind: 'sop', id: sopId },
    version: eventVersion,
    data: { trigger, confidence, occurrences, version, status },
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
