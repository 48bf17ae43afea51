/**
 * Shared contexts for agents: every question is answered for the one who asks. Reads come from this node's copies,
 * writes are decided by the context's actor in Postgres. What is not there and what is not the asker's is one answer.
 */
import { mergeStates } from '../../../machines/context-merge.ts';
import type { MergePreference } from '../../../machines/context-merge.ts';
import { applyChange, isAllowed, isSame, permissionsOf } from '../../../machines/context-state.ts';
import type { ContextAccess, ContextState } from '../../../machines/context-state.ts';
import type {
  ContextAsked,
  ContextChangeAsked,
  ContextSummary,
  ContextSynced,
  ContextVersionView,
  ContextView,
  ContextWritten,
} from '../../../machines/context-views.ts';
import { contextVersionsMax } from '../../../machines/words/contexts.ts';
import type { ContextCaller, ContextPermission } from '../../../machines/words/contexts.ts';
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import { createId, toStableId } from '../../../machines/words/ids.ts';
import type { Behind, ContextVersionRow, StoredContext } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import { toIso } from '../clock.ts';
import type { ContextQueue, QueuedChange } from './context-queue.ts';
import { denied, toRefusal, unknown } from './context-refusals.ts';
import { isAway } from './context-replicas.ts';
import type { ContextReplicas, HeldContext } from './context-replicas.ts';
import type { ContextCommit } from './context.ts';
import { toCommitId } from './contexts.ts';
import type { ContextAnswer, ContextName, ContextRequest, Contexts } from './contexts.ts';

export interface SharedContextsOptions {
  readonly contexts: Contexts;
  readonly replicas: ContextReplicas;
  /** Where changes wait while the database is away; without it they are refused. */
  readonly queue?: ContextQueue | undefined;
  /** A step was committed here; `changedBy` where it was a change of the state. */
  readonly onCommitted: (name: ContextName, changedBy?: string) => void;
  /** What of a change may be kept at all; default: all of it. */
  readonly hide?: ((namespace: string, change: ContextCommit) => ContextCommit) | undefined;
  readonly clock: Clock;
}

/** Tries of a change that was made from a version which has passed meanwhile. */
const triesMax = 5;

export class SharedContexts {
  readonly #options: SharedContextsOptions;

  constructor(options: SharedContextsOptions) {
    this.#options = options;
  }

  async create(o: {
    readonly namespace: string;
    readonly by: ContextCaller;
    readonly name?: string | undefined;
    readonly values: ContextState;
    readonly traceparent?: string | undefined;
  }): Promise<{ readonly contextId: string; readonly version: number; readonly created: boolean }> {
    const { namespace, by, name, values } = o;
    // The id follows from whose name it is: nobody finds out what names others took.
    const contextId =
      name === undefined
        ? createId('context', this.#options.clock)
        : toStableId('context', namespace, by.principal, name);
    const asked = { namespace, contextId, by, traceparent: o.traceparent };
    const change = { changes: values, expectedVersion: 0, name: name ?? '' };
    const answer = await this.#commit(asked, change).catch(async (error: unknown) => {
      if (!isDreyError(error) || error.code !== 'namespace_unknown') throw error;
      await this.#options.contexts.prepare(namespace);
      return this.#commit(asked, change);
    });
    if (answer.ok) return { contextId, version: answer.version, created: !answer.duplicate };
    if (answer.code !== 'revision_conflict') throw toRefusal(answer, 'write');
    return { contextId, version: answer.version, created: false };
  }

  async get(o: ContextAsked & { readonly fresh?: boolean | undefined }): Promise<ContextView> {
    return toView(await this.held(o, 'read', o.fresh), o.by);
  }

  async list(o: {
    readonly namespace: string;
    readonly by: ContextCaller;
    readonly limit: number;
    readonly after?: Behind | undefined;
  }): Promise<readonly ContextSummary[]> {
    const { by, limit, after } = o;
    const visibleTo = by.isAdmin ? undefined : by.principal;
    const found = await this.#options.contexts.list(o.namespace, { visibleTo, limit, after });
    return found.map((stored) => toSummary(stored, by));
  }

  async change(o: ContextChangeAsked): Promise<ContextWritten> {
    const { queue, clock } = this.#options;
    const requestId = o.requestId ?? createId('event', clock);
    const change = this.#hide(o, toChange(o));
    const wanted = { requestId, commitId: toCommitId(o, requestId, change), change };
    const isQueued = o.ifOffline === 'queue' && queue !== undefined;
    if (isQueued && queue.isWaiting(o)) return this.#enqueue(o, wanted);
    try {
      const answer = await this.#commit(o, change, wanted.commitId);
      if (!answer.ok) throw toRefusal(answer, 'write');
      return { outcome: 'stored', requestId, version: answer.version };
    } catch (error) {
      if (isQueued && isAway(error)) return this.#enqueue(o, wanted);
      throw error;
    }
  }

  outcome(o: {
    readonly namespace: string;
    readonly contextId?: string | undefined;
    readonly by: ContextCaller;
    readonly requestId: string;
  }): ContextWritten | undefined {
    return this.#options.queue?.outcome(o);
  }

  async history(
    o: ContextAsked & { readonly limit: number; readonly below?: number | undefined },
  ): Promise<readonly ContextVersionView[]> {
    await this.held(o, 'read');
    const { limit, below } = o;
    const rows = await this.#options.contexts.versions(o, { limit, below });
    return rows.map(({ version, changes, removed, principal, createdAt }) => {
      return { version, changes, removed, principal, at: createdAt };
    });
  }

  async rollback(o: ContextAsked & { readonly version: number }): Promise<{ readonly version: number }> {
    return this.#fromVersion(o, o.version, (then, now) => ({
      changes: Object.fromEntries(Object.entries(then).filter(([key, value]) => !isSame(now[key], value))),
      removed: Object.keys(now).filter((key) => !Object.hasOwn(then, key)),
    }));
  }

  async share(
    o: ContextAsked & { readonly with: string; readonly permissions: readonly ContextPermission[] },
  ): Promise<ContextAccess> {
    const { contexts, onCommitted } = this.#options;
    const { with: whom, permissions, by } = o;
    const answer = await contexts.share({
      ...toRequest(o),
      with: whom,
      permissions: [...permissions],
      ...by,
    });
    if (!answer.ok) throw toRefusal(answer, 'administer');
    onCommitted(o);
    const held = await this.#options.replicas.read(o, true);
    if (held === undefined) throw unknown();
    return held.stored.access;
  }

  async archive(o: ContextAsked & { readonly reason?: string | undefined }): Promise<void> {
    const { contexts, onCommitted } = this.#options;
    const reason = o.reason === undefined ? {} : { reason: o.reason };
    const answer = await contexts.archive({ ...toRequest(o), ...reason, ...o.by });
    if (!answer.ok) throw toRefusal(answer, 'administer');
    onCommitted(o);
  }

  async sync(
    o: ContextAsked & {
      readonly baseVersion: number;
      readonly mine: ContextState;
      readonly prefer: MergePreference;
    },
  ): Promise<ContextSynced> {
    for (let tries = 1; ; tries += 1) {
      const { stored } = await this.held(o, 'read', true);
      const base = await this.#stateAt(o, stored, o.baseVersion);
      const merge = mergeStates(base, o.mine, stored.content, o.prefer);
      const { state, pushed, pulled, merged, conflicts, changes, removed } = merge;
      const told = { values: state, pushed, pulled, merged, conflicts };
      if (pushed.length === 0)
        return { ...told, version: stored.version, syncedAt: toIso(this.#options.clock.now()) };
      const change = { changes, removed: [...removed], expectedVersion: stored.version, mayCreate: false };
      const answer = await this.#commit(o, change);
      if (answer.ok) return { ...told, version: answer.version, syncedAt: toIso(this.#options.clock.now()) };
      if (answer.code !== 'revision_conflict' || tries >= triesMax) throw toRefusal(answer, 'write');
    }
  }

  /** The copy, for somebody who may do this; throws `context_unknown` and `permission_denied`. */
  async held(o: ContextAsked, permission: ContextPermission, isFresh = false): Promise<HeldContext> {
    const held = await this.#options.replicas.read(o, isFresh);
    if (held === undefined || !isAllowed(held.stored.access, o.by, 'read')) throw unknown();
    if (!isAllowed(held.stored.access, o.by, permission)) throw denied(permission);
    return held;
  }

  /** One commit, and this node's copy after it. */
  async commit(o: ContextAsked, change: ContextCommit, requestId?: string): Promise<ContextAnswer> {
    return this.#commit(o, change, requestId);
  }

  async #commit(o: ContextAsked, change: ContextCommit, requestId?: string): Promise<ContextAnswer> {
    const id = requestId === undefined ? {} : { requestId };
    const kept = this.#hide(o, change);
    const answer = await this.#options.contexts.commit({ ...toRequest(o), ...kept, ...o.by, ...id });
    if (answer.ok) this.#options.onCommitted(o, answer.duplicate ? undefined : o.by.principal);
    return answer;
  }

  /** Before anything is written down anywhere; what was hidden once stays as it is. */
  #hide({ namespace }: ContextAsked, change: ContextCommit): ContextCommit {
    return this.#options.hide?.(namespace, change) ?? change;
  }

  #enqueue(o: ContextAsked, wanted: Omit<QueuedChange, keyof ContextAsked>): ContextWritten {
    const stored = this.#options.replicas.peek(o);
    // Postgres decides; but what is known to be refused need not wait for it.
    if (stored !== undefined && !isAllowed(stored.access, o.by, 'read')) throw unknown();
    if (stored !== undefined && !isAllowed(stored.access, o.by, 'write')) throw denied('write');
    const { namespace, contextId, by } = o;
    this.#options.queue?.add({ ...wanted, namespace, contextId, by });
    return { outcome: 'pending', requestId: wanted.requestId };
  }

  /** Commits what follows from an old version and the current one, again where that one has passed. */
  async #fromVersion(
    o: ContextAsked,
    version: number,
    toCommit: (then: ContextState, now: ContextState) => Pick<ContextCommit, 'changes' | 'removed'>,
  ): Promise<{ readonly version: number }> {
    for (let tries = 1; ; tries += 1) {
      const { stored } = await this.held(o, 'write', true);
      const then = await this.#stateAt(o, stored, version);
      const change = { ...toCommit(then, stored.content), expectedVersion: stored.version, mayCreate: false };
      const answer = await this.#commit(o, change);
      if (answer.ok) return { version: answer.version };
      if (answer.code !== 'revision_conflict' || tries >= triesMax) throw toRefusal(answer, 'write');
    }
  }

  /** What the context held at a version: the versions after it are taken back, the latest first. */
  async #stateAt(o: ContextAsked, stored: StoredContext, version: number): Promise<ContextState> {
    if (version === stored.version) return stored.content;
    const behind = stored.version - version;
    if (version < 1 || behind < 0 || behind > contextVersionsMax)
      throw new DreyError(
        'argument_invalid',
        `there is no version ${version}; versions ${Math.max(1, stored.version - contextVersionsMax)} to ${stored.version} can be reached`,
      );
    const rows: ContextVersionRow[] = [];
    while (rows.length < behind) {
      const page = await this.#options.contexts.versions(o, {
        above: version,
        limit: pageMax,
        below: rows.at(-1)?.version,
      });
      rows.push(...page);
      if (page.length < pageMax) break;
    }
    // Versions that came since the context was read are none of this reading's.
    return rows.filter((row) => row.version <= stored.version).reduce<ContextState>(takeBack, stored.content);
  }
}

const pageMax = 200;

function takeBack(state: ContextState, { changes, removed, was }: ContextVersionRow): ContextState {
  const gone = [...Object.keys(changes), ...removed].filter((key) => !Object.hasOwn(was, key));
  return applyChange(state, { changes: was, removed: gone });
}

function toChange(o: ContextChangeAsked): ContextCommit {
  return {
    changes: { ...o.changes },
    expectedVersion: o.expectedVersion ?? null,
    mayCreate: false,
    ...(o.patches === undefined ? {} : { patches: { ...o.patches } }),
    ...(o.removed === undefined ? {} : { removed: [...o.removed] }),
    ...(o.expected === undefined ? {} : { expected: { ...o.expected } }),
    ...(o.absent === undefined ? {} : { absent: [...o.absent] }),
  };
}

function toRequest({ namespace, contextId, traceparent }: ContextAsked): ContextRequest {
  return { namespace, contextId, ...(traceparent === undefined ? {} : { traceparent }) };
}

function toSummary(stored: StoredContext, by: ContextCaller): ContextSummary {
  const { contextId, name, creator, version, status, changedBy, createdAt, updatedAt } = stored;
  const keys = Object.keys(stored.content).length;
  const permissions = permissionsOf(stored.access, by);
  return { contextId, name, creator, version, keys, status, changedBy, createdAt, updatedAt, permissions };
}

function toView({ stored, ageMs, stale, syncedAt }: HeldContext, by: ContextCaller): ContextView {
  const { content: values, access } = stored;
  return { ...toSummary(stored, by), values, access, ageMs, stale, syncedAt: toIso(syncedAt) };
}
