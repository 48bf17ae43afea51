/**
 * Shared contexts as MCP resources, `context://<id>`: listed, read, and watched by those who may read them. Whoever may
 * not is told what is told of a resource that does not exist.
 */
import type { ContextNews } from '../../machines/context-views.ts';
import { isDreyError, toPlainError } from '../../machines/words/errors.ts';
import type { CallOutcome } from '../../machines/words/calls.ts';
import { Token } from '../../machines/words/ids.ts';
import { mayDo } from '../../machines/words/scopes.ts';
import { toCaller, toContextAnswer } from './contexts.ts';
import type { GatewayNeeds, Principal } from './needs.ts';
import type { Listener, Offer, OfferKind } from './offers-need.ts';

/** Contexts offered to one client as resources. */
export const contextsOfferedMax = 200;
/** Clients that may watch one context, and contexts that are watched. */
export const contextWatchersMax = 10_000;

const scheme = 'context://';

/** The context that a URI names; undefined for a URI that is none of ours. */
export function readContextUri(uri: string): string | undefined {
  const id = uri.startsWith(scheme) ? uri.slice(scheme.length) : undefined;
  return id !== undefined && Token.safeParse(id).success ? id : undefined;
}

/** Contexts among the resources of this kind. */
export async function listContextOffers(
  { contexts, log }: Pick<GatewayNeeds, 'contexts' | 'log'>,
  kind: OfferKind,
  principal: Principal,
): Promise<{ readonly items: readonly Offer[]; readonly stale: readonly string[] }> {
  if (contexts === undefined || kind === 'prompts' || !mayDo(principal, 'context:read')) return nothing;
  if (kind === 'templates') return { items: [template], stale: [] };
  const { namespace } = principal;
  try {
    const found = await contexts.list({ namespace, by: toCaller(principal), limit: contextsOfferedMax });
    return { items: found.map((one) => toOffer(one.contextId, one.name, one.updatedAt)), stale: [] };
  } catch (error) {
    log.debug({ namespace, err: toPlainError(error) }, 'contexts could not be listed');
    return { items: [], stale: ['drey'] };
  }
}

const nothing = { items: [], stale: [] };

/** A context's contents; undefined for a URI that is none of ours, or none for this principal. */
export async function readContextResource(
  { contexts }: Pick<GatewayNeeds, 'contexts'>,
  uri: string,
  principal: Principal,
): Promise<object | undefined> {
  const contextId = readContextUri(uri);
  if (contexts === undefined || contextId === undefined || !mayDo(principal, 'context:read'))
    return undefined;
  try {
    const view = await contexts.get({ namespace: principal.namespace, by: toCaller(principal), contextId });
    const text = JSON.stringify(toContextAnswer(view));
    return { contents: [{ uri, mimeType: 'application/json', text }] };
  } catch (error) {
    if (isDreyError(error) && error.code === 'context_unknown') return undefined;
    throw error;
  }
}

/** The same needs, where contexts can be watched beside what upstreams have. */
export function withContextWatches(needs: GatewayNeeds): {
  readonly needs: GatewayNeeds;
  readonly stop: () => void;
} {
  const { contexts, hearing, offers } = needs;
  if (contexts === undefined) return { needs, stop: () => undefined };
  const watched = new Map<string, Set<Listener>>();
  const tell = async ({ namespace, contextId }: ContextNews): Promise<void> => {
    const uri = `${scheme}${contextId}`;
    for (const listener of watched.get(uri) ?? []) {
      // Who may not read it any more hears no more of it.
      if (listener.principal?.namespace !== namespace) continue;
      if (await mayRead(needs, uri, listener.principal)) listener.updated({ uri });
    }
  };
  const stop = contexts.onChanged((news) => {
    tell(news).catch((error: unknown) =>
      needs.log.debug({ ...news, err: toPlainError(error) }, 'who may hear of a context could not be read'),
    );
  });
  const forget = (uri: string, listener: Listener): void => {
    const listeners = watched.get(uri);
    if (listeners?.delete(listener) === true && listeners.size === 0) watched.delete(uri);
  };
  const watch = async (uri: string, listener: Listener): Promise<CallOutcome> => {
    if (!(await mayRead(needs, uri, listener.principal)))
      return refuse('argument_invalid', `there is no resource "${uri}"`);
    const listeners = watched.get(uri) ?? new Set();
    if (listeners.size >= contextWatchersMax || watched.size >= contextWatchersMax)
      return refuse('limit_reached', 'too many clients watch contexts on this node');
    watched.set(uri, listeners.add(listener));
    return done;
  };
  const watching: GatewayNeeds = {
    ...needs,
    offers: {
      ...bind(offers),
      abilities: () => ({ ...offers.abilities(), subscribe: true }),
    },
    hearing: {
      watch: (uri, listener) =>
        readContextUri(uri) === undefined ? hearing.watch(uri, listener) : watch(uri, listener),
      unwatch: async (uri, listener) => {
        if (readContextUri(uri) === undefined) return hearing.unwatch(uri, listener);
        forget(uri, listener);
        return done;
      },
      setLevel: (level, listener) => hearing.setLevel(level, listener),
      leave: (listener) => {
        for (const uri of watched.keys()) forget(uri, listener);
        hearing.leave(listener);
      },
    },
  };
  return { needs: watching, stop };
}

/** Calls back when a client may see another list of contexts. */
export function onContextsListed(
  { contexts }: Pick<GatewayNeeds, 'contexts'>,
  changed: () => void,
): () => void {
  return contexts?.onChanged(({ what }) => (what === 'updated' ? undefined : changed())) ?? (() => undefined);
}

const done: CallOutcome = { outcome: 'finished', result: '{}', isError: false };

function refuse(code: 'argument_invalid' | 'limit_reached', message: string): CallOutcome {
  return { outcome: 'refused', code, message, retryAfterMs: undefined };
}

/** Whether this principal may read the context that the URI names. */
export async function mayRead(
  needs: Pick<GatewayNeeds, 'contexts'>,
  uri: string,
  principal: Principal | undefined,
): Promise<boolean> {
  return principal !== undefined && (await readContextResource(needs, uri, principal)) !== undefined;
}

/** Whoever implements it may be a class. */
function bind(offers: GatewayNeeds['offers']): Omit<GatewayNeeds['offers'], 'abilities'> {
  return {
    list: (kind) => offers.list(kind),
    prompt: (name) => offers.prompt(name),
    resource: (uri) => offers.resource(uri),
    pass: (server, command, namespace) => offers.pass(server, command, namespace),
    onChanged: (heard) => offers.onChanged(heard),
  };
}

const template: Offer = {
  key: 'context://{id}',
  definition: {
    uriTemplate: 'context://{id}',
    name: 'shared-context',
    title: 'Shared context',
    description: 'State that agents share: its values, version and who may do what.',
    mimeType: 'application/json',
  },
};

function toOffer(contextId: string, name: string, lastModified: string): Offer {
  const uri = `${scheme}${contextId}`;
  const title = name === '' ? 'Shared context' : name;
  const annotations = { audience: ['assistant'], lastModified };
  return { key: uri, definition: { uri, name: contextId, title, mimeType: 'application/json', annotations } };
}
