/**
 * The inspector's hub: while somebody watches, what the watched root actors hear and become is told in the message
 * schema of `@statelyai/inspect` 0.7.2. Nobody watching costs nothing: observers are attached on demand and taken off
 * again. Late joiners begin with every actor's registration and present snapshot. Nothing leaves unredacted.
 */
import type { AnyActor, AnyActorRef, InspectionEvent } from 'xstate';
import { toPlainError } from '../../machines/words/errors.ts';
import { toAddressText } from '../../machines/words/ids.ts';
import type { Redactor } from '../access/access.ts';
import type { Clock, Log } from './clock.ts';
import type { RootEntry, Roots } from './roots.ts';

/** Which actors a watcher wants to see; what is left out means any. */
export interface InspectionFilter {
  readonly namespaces?: readonly string[] | undefined;
  readonly kind?: string | undefined;
  readonly id?: string | undefined;
}

interface Frame {
  readonly sessionId: string;
  readonly rootId: string;
  readonly createdAt: string;
  readonly id: null;
  readonly _version: string;
}

/** One message as the inspector's page takes it. */
export type InspectionMessage = Frame &
  (
    | {
        readonly type: '@xstate.actor';
        readonly name: string;
        readonly parentId: string | undefined;
        /** The chart as JSON text. */
        readonly definition: string;
        readonly snapshot: unknown;
      }
    | { readonly type: '@xstate.event'; readonly event: unknown; readonly sourceId: string | undefined }
    | { readonly type: '@xstate.snapshot'; readonly event: unknown; readonly snapshot: unknown }
  );

export interface Inspection {
  /** Tells of all that match, from their registration on; the function given back ends it. */
  watch(filter: InspectionFilter, heard: (message: InspectionMessage) => void): () => void;
  /** Root actors that are observed just now. */
  readonly observed: number;
}

export interface InspectionOptions {
  readonly roots: Roots;
  readonly redactor: Pick<Redactor, 'redact'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** The version of the message schema. */
export const inspectionSchema = '0.7.2';
/** A snapshot or event that is larger is told of without its content. */
export const inspectedBytesMax = 256 * 1024;

interface Watcher {
  readonly filter: InspectionFilter;
  readonly heard: (message: InspectionMessage) => void;
}

/** Creates a hub over the live roots. */
export function createInspection(options: InspectionOptions): Inspection {
  return new Hub(options);
}

class Hub implements Inspection {
  readonly #options: InspectionOptions;
  readonly #watchers = new Set<Watcher>();
  /** How to take the observer off again. */
  readonly #observed = new Map<RootEntry, () => void>();
  #stopHearing: (() => void) | undefined;

  constructor(options: InspectionOptions) {
    this.#options = options;
  }

  get observed(): number {
    return this.#observed.size;
  }

  watch(filter: InspectionFilter, heard: Watcher['heard']): () => void {
    const { roots } = this.#options;
    const watcher = { filter, heard };
    this.#watchers.add(watcher);
    this.#stopHearing ??= roots.onChange(({ type, entry }) => {
      if (type === 'added') this.#greet(entry);
      else this.#forget(entry);
    });
    for (const entry of roots.entries()) {
      if (!isMatching(entry, filter)) continue;
      this.#observe(entry);
      this.#tellOne(watcher, this.#toRegistration(entry));
    }
    return () => this.#leave(watcher);
  }

  #leave(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    for (const entry of this.#observed.keys()) if (!this.#isWatched(entry)) this.#forget(entry);
    if (this.#watchers.size > 0) return;
    this.#stopHearing?.();
    this.#stopHearing = undefined;
  }

  #greet(entry: RootEntry): void {
    if (!this.#isWatched(entry)) return;
    this.#observe(entry);
    this.#tell(entry, this.#toRegistration(entry));
  }

  #observe(entry: RootEntry): void {
    if (this.#observed.has(entry)) return;
    const { actor } = entry;
    if ('durable' in actor) {
      const leave = actor.watch((event, snapshot) => this.#tellStep(entry, event, snapshot));
      this.#observed.set(entry, leave);
      return;
    }
    const subscription = actor.system.inspect((event) => {
      try {
        this.#hear(entry, event);
      } catch (error) {
        // An observer that throws would break the actor it looks at.
        this.#options.log.warn({ err: toPlainError(error) }, 'an actor could not be shown to the inspector');
      }
    });
    this.#observed.set(entry, () => subscription.unsubscribe());
  }

  #tellStep(entry: RootEntry, event: unknown, snapshot: unknown): void {
    const frame = this.#toFrame(entry);
    const shown = { event: this.#show(event), snapshot: this.#show(snapshot) };
    this.#tell(entry, { type: '@xstate.event', ...frame, event: shown.event, sourceId: undefined });
    this.#tell(entry, { type: '@xstate.snapshot', ...frame, ...shown });
  }

  #forget(entry: RootEntry): void {
    this.#observed.get(entry)?.();
    this.#observed.delete(entry);
  }

  #hear(entry: RootEntry, event: InspectionEvent): void {
    // Inspection tells of whole actors only, though its type promises less.
    const actor = event.actorRef as AnyActorRef;
    // Of the rest (microsteps, actions) the page knows nothing.
    if (event.type === '@xstate.actor') {
      if (actor !== entry.actor) this.#tell(entry, this.#toRegistration(entry, actor));
    } else if (event.type === '@xstate.event') {
      const source = event.sourceRef as AnyActorRef | undefined;
      const sourceId = source === undefined ? undefined : toName(entry, source);
      const frame = this.#toFrame(entry, actor);
      this.#tell(entry, { type: event.type, ...frame, event: this.#show(event.event), sourceId });
    } else if (event.type === '@xstate.snapshot') {
      const frame = this.#toFrame(entry, actor);
      const shown = { event: this.#show(event.event), snapshot: this.#show(event.snapshot) };
      this.#tell(entry, { type: event.type, ...frame, ...shown });
    }
  }

  #tell(entry: RootEntry, message: InspectionMessage): void {
    for (const watcher of this.#watchers) {
      if (isMatching(entry, watcher.filter)) this.#tellOne(watcher, message);
    }
  }

  #tellOne({ heard }: Watcher, message: InspectionMessage): void {
    try {
      heard(message);
    } catch (error) {
      this.#options.log.warn({ err: toPlainError(error) }, 'a watcher of the inspector broke');
    }
  }

  #isWatched(entry: RootEntry): boolean {
    return [...this.#watchers].some(({ filter }) => isMatching(entry, filter));
  }

  /** Of the root itself, or of an actor below it. */
  #toRegistration(entry: RootEntry, child?: AnyActorRef): InspectionMessage {
    const shown = child ?? entry.actor;
    const config: unknown = (shown as Partial<AnyActor>).logic?.config;
    return {
      type: '@xstate.actor',
      ...this.#toFrame(entry, child),
      name: toName(entry, child),
      parentId: child === undefined ? undefined : toName(entry, child._parent),
      definition: JSON.stringify(this.#show(config ?? { id: child?.id ?? entry.address.id })),
      snapshot: this.#show(shown.getSnapshot() ?? null),
    };
  }

  #toFrame(entry: RootEntry, actor?: AnyActorRef): Frame {
    return {
      sessionId: toName(entry, actor),
      rootId: toAddressText(entry.address),
      createdAt: String(this.#options.clock.now()),
      id: null,
      _version: inspectionSchema,
    };
  }

  #show(value: unknown): unknown {
    return toInspected(value, this.#options.redactor);
  }
}

/** A redacted copy as plain data; of what is larger than `inspectedBytesMax`, its size. */
export function toInspected(value: unknown, redactor: Pick<Redactor, 'redact'>): unknown {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'function' ? { type: inner.name } : inner,
  );
  if (text === undefined) return null;
  if (text.length > inspectedBytesMax) return { cut: true, sizeBytes: text.length };
  return redactor.redact(JSON.parse(text));
}

/** Addresses name actors in the inspector: they are the same in every process and after a restart. */
function toName(entry: RootEntry, actor: AnyActorRef | undefined): string {
  const root = toAddressText(entry.address);
  return actor === undefined || actor === entry.actor ? root : `${root}/${actor.id}`;
}

function isMatching({ address }: RootEntry, { namespaces, kind, id }: InspectionFilter): boolean {
  return (
    (namespaces === undefined || namespaces.includes(address.namespace)) &&
    (kind === undefined || kind === address.kind) &&
    (id === undefined || id === address.id)
  );
}
