/**
 * Shared contexts of one node, put together: the face for agents, this node's copies, the queue for times without a
 * database, tool calls in a context, and whoever wants to hear of changes. It decides nothing itself.
 */
import type { ContextNews } from '../../../machines/context-views.ts';
import { toPlainError } from '../../../machines/words/errors.ts';
import type { AnyEvent } from '../../../machines/words/events.ts';
import type { CallOutcome } from '../../../machines/words/calls.ts';
import type { Redaction } from '../../access/access.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import { callInContext } from './context-calls.ts';
import type { ContextCall, ContextKeyRules } from './context-calls.ts';
import { ContextQueue } from './context-queue.ts';
import type { LineFile } from './context-queue.ts';
import { ContextReplicas } from './context-replicas.ts';
import { hideIn } from './context-hiding.ts';
import { toContext } from './context.ts';
import type { ContextName } from './contexts.ts';
import type { Fabric } from '../durable/fabric.ts';
import { SharedContexts } from './shared-contexts.ts';

export interface OpenContextsOptions {
  readonly fabric: Pick<Fabric, 'contexts' | 'directory' | 'onNews'>;
  /** Where changes wait while the database is away; without it they are refused. */
  readonly file?: LineFile | undefined;
  readonly redactor: Redaction;
  /** Whether values are hidden, too; otherwise they are kept as they are given, for others to read. */
  readonly hidesValues?: boolean;
  /** Which keys the upstream of a tool is given and may write. */
  readonly rulesFor: (tool: string) => ContextKeyRules | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly syncMs?: number;
}

/** The face for agents with what belongs to this node. */
export class NodeContexts extends SharedContexts {
  readonly #calls: (call: ContextCall) => Promise<CallOutcome>;
  readonly #listeners: Set<(news: ContextNews) => void>;
  readonly #end: () => Promise<void>;

  constructor(
    options: ConstructorParameters<typeof SharedContexts>[0],
    node: {
      readonly calls: (contexts: SharedContexts, call: ContextCall) => Promise<CallOutcome>;
      readonly listeners: Set<(news: ContextNews) => void>;
      readonly end: () => Promise<void>;
    },
  ) {
    super(options);
    this.#calls = (call) => node.calls(this, call);
    this.#listeners = node.listeners;
    this.#end = node.end;
  }

  async callIn(call: ContextCall): Promise<CallOutcome> {
    return this.#calls(call);
  }

  onChanged(heard: (news: ContextNews) => void): () => void {
    this.#listeners.add(heard);
    return () => this.#listeners.delete(heard);
  }

  async close(): Promise<void> {
    await this.#end();
  }
}

/** Opens them on a fabric. */
export function openContextsOf(options: OpenContextsOptions): NodeContexts {
  const { fabric, file, clock, log, redactor, rulesFor, syncMs } = options;
  const { contexts } = fabric;
  const listeners = new Set<(news: ContextNews) => void>();
  const replicas = new ContextReplicas({
    read: (name) => contexts.get(name),
    clock,
    log,
    ...(syncMs === undefined ? {} : { syncMs }),
  });
  const tell = (news: ContextNews): void => {
    for (const heard of listeners) {
      try {
        heard(news);
      } catch (error) {
        log.error({ ...news, err: toPlainError(error) }, 'somebody who hears of contexts broke');
      }
    }
  };
  const onCommitted = (name: ContextName, changedBy?: string): void =>
    adopt({ fabric, replicas, clock }, name, changedBy);
  const queue =
    file === undefined
      ? undefined
      : new ContextQueue({
          file,
          clock,
          log,
          apply: async ({ requestId, commitId = requestId, namespace, contextId, by, change }) => {
            const asked = { namespace, contextId, requestId: commitId };
            const answer = await contexts.commit({ ...asked, ...change, ...by });
            if (answer.ok) onCommitted(asked, answer.duplicate ? undefined : by.principal);
            return answer;
          },
        });
  const stop = fabric.onNews((event) => {
    const { namespace, actor, type } = event;
    const name = { namespace, contextId: actor.id };
    if (isNews(event, replicas, name)) replicas.forget(name);
    tell({ ...name, what: toWhat(type) });
  });
  return new NodeContexts(
    {
      contexts,
      replicas,
      queue,
      onCommitted,
      clock,
      hide: (namespace, change) => hideIn(redactor.in(namespace), change, options.hidesValues === true),
    },
    {
      listeners,
      calls: (shared, call) => callInContext({ contexts: shared, clock, redactor, rulesFor }, call),
      end: async () => {
        stop();
        await queue?.close();
      },
    },
  );
}

/** The actor's own copy stands after a commit of this node; where it does not, the next reader asks the store. */
function adopt(
  {
    fabric,
    replicas,
    clock,
  }: Pick<OpenContextsOptions, 'fabric' | 'clock'> & { readonly replicas: ContextReplicas },
  name: ContextName,
  changedBy: string | undefined,
): void {
  const copy = fabric.directory
    .find({ namespace: name.namespace, kind: 'context', id: name.contextId })
    ?.peek();
  if (copy === undefined || replicas.peek(name) === undefined) return replicas.forget(name);
  const { version, state, access } = toContext(copy.context);
  if (copy.value === 'archived' || copy.value === 'passive') return replicas.forget(name);
  const by = changedBy === undefined ? {} : { changedBy };
  replicas.adopt(name, {
    version,
    content: state,
    access,
    status: 'active',
    updatedAt: toIso(clock.now()),
    ...by,
  });
}

function isNews(event: AnyEvent, replicas: ContextReplicas, name: ContextName): boolean {
  const held = replicas.peek(name);
  if (held === undefined) return true;
  const { type, data } = event;
  if (type === 'context.created' || type === 'context.updated') return data.version > held.version;
  if (type === 'context.shared' || type === 'context.revoked')
    return data.accessVersion > held.access.version;
  return true;
}

function toWhat(type: string): ContextNews['what'] {
  return type.slice('context.'.length) as ContextNews['what'];
}
