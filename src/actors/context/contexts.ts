/**
 * Shared contexts for whoever serves them: commit, archive, read. What is answered as stored is committed; what another
 * node stores is heard and read anew. A refusal is an answer, and always tells of the version that stands.
 */
import type { ContextCaller } from '../../../machines/words/contexts.ts';
import type { ErrorCode } from '../../../machines/words/errors.ts';
import { toDigest, toStableId } from '../../../machines/words/ids.ts';
import type { Address } from '../../../machines/words/ids.ts';
import { ensureNamespace, listContexts, listContextVersions, readContext } from '../../store/store.ts';
import type { ContextVersionRow, Store, StoredContext } from '../../store/store.ts';
import type { ContextCommit, ContextShare } from './context.ts';
import type { ActorCommand, Answer, Delivery } from '../durable/durable-kind.ts';

export interface ContextName {
  readonly namespace: string;
  readonly contextId: string;
}

/** Who asks, so that one request is one change however often it arrives. */
export interface ContextRequest extends ContextName {
  /** The same id twice is the same change; default: a fresh one. */
  readonly requestId?: string;
  readonly correlation?: string;
  readonly traceparent?: string;
}

export type ContextAnswer =
  | { readonly ok: true; readonly version: number; readonly duplicate: boolean }
  | { readonly ok: false; readonly code: ErrorCode; readonly version: number };

export interface Contexts {
  /** Merges top-level keys; `expectedVersion` 0 creates, null or absent takes whatever version stands. */
  commit(request: ContextRequest & ContextCommit): Promise<ContextAnswer>;
  archive(
    request: ContextRequest & { readonly reason?: string } & Partial<ContextCaller>,
  ): Promise<ContextAnswer>;
  /** Gives an agent, or everyone, these permissions instead of what it had. */
  share(request: ContextRequest & ContextShare): Promise<ContextAnswer>;
  /** Brings a namespace into being that nobody used yet. */
  prepare(namespace: string): Promise<void>;
  /** The truth, from the store. */
  get(name: ContextName): Promise<StoredContext | undefined>;
  list(namespace: string, page: Parameters<typeof listContexts>[1]): Promise<readonly StoredContext[]>;
  versions(
    name: ContextName,
    page: { readonly above?: number; readonly below?: number | undefined; readonly limit: number },
  ): Promise<readonly ContextVersionRow[]>;
}

export interface ContextsOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly deliver: (address: Address, delivery: Delivery) => Promise<Answer>;
  readonly createRequestId: () => string;
}

/** Opens the face; it keeps nothing itself. */
export function openContexts({ store, deliver, createRequestId }: ContextsOptions): Contexts {
  const ask = async (request: ContextRequest, verb: string, data: unknown): Promise<ContextAnswer> => {
    const { namespace, contextId, correlation, traceparent } = request;
    const command: ActorCommand = {
      id: request.requestId ?? createRequestId(),
      verb,
      data,
      correlation,
      traceparent,
    };
    const answer = await deliver(
      { namespace, kind: 'context', id: contextId },
      { from: 'command', ...command },
    );
    const version = toVersion(answer.data);
    return answer.ok
      ? { ok: true, version, duplicate: answer.duplicate }
      : { ok: false, code: answer.code, version };
  };
  return {
    commit: async (request) => ask(request, 'commit', toData(request)),
    archive: async (request) => ask(request, 'archive', toData(request)),
    share: async (request) => ask(request, 'share', toData(request)),
    prepare: async (namespace) => {
      await store.inNamespace(namespace, (trx) => ensureNamespace(trx));
    },
    get: async ({ namespace, contextId }) =>
      store.inNamespace(namespace, (trx) => readContext(trx, contextId)),
    list: async (namespace, page) => store.inNamespace(namespace, (trx) => listContexts(trx, page)),
    versions: async ({ namespace, contextId }, page) =>
      store.inNamespace(namespace, (trx) => listContextVersions(trx, { contextId, ...page })),
  };
}

/**
 * The id of a caller's change by the id that he gave it: what others call so, and another change of his own that he calls so
 * by mistake, is another one. So nobody is told of a change that was not made, or that was not his, as of his own.
 */
export function toCommitId(
  { contextId, by }: { readonly contextId: string; readonly by: ContextCaller },
  requestId: string,
  change: ContextCommit,
): string {
  const content = toDigest(JSON.stringify(change));
  return toStableId('event', 'context.change', contextId, by.principal, requestId, content);
}

/** What a command carries; the rest says whose it is and which context is meant. */
function toData(request: ContextRequest): object {
  const { namespace: _namespace, contextId: _id, requestId: _request, ...rest } = request;
  const { correlation: _correlation, traceparent: _trace, ...data } = rest;
  return data;
}

function toVersion(data: unknown): number {
  if (typeof data !== 'object' || data === null || !('version' in data)) return 0;
  return typeof data.version === 'number' ? data.version : 0;
}
