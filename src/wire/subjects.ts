/**
 * Subjects, written so that the NATS CLI reads like a sentence: `drey.event.acme.session.s-01jx.call.finished`.
 * Every token is checked on the way in; a wildcard, a dot or a blank never reaches the bus from here.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { type EventType, isEventType, topics, type Topic } from '../../machines/words/events.ts';
import { ActorKind, type Address, Namespace, Token } from '../../machines/words/ids.ts';

/** The first token of every subject, unless a test asks for a world of its own. */
export const defaultRoot = 'drey';

/** Whose event, and which one. */
export interface EventSubject extends Address {
  readonly type: EventType;
}

/** What a follower wants to see; everything left out means "any". `types` and `topic` add up. */
export interface Selection {
  readonly namespace?: string;
  readonly kind?: string;
  readonly id?: string;
  readonly types?: readonly EventType[];
  readonly topic?: Topic;
}

/** The facts of an event that its subject is made of. */
export interface Addressed {
  readonly namespace: string;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly type: string;
}

/** `drey.event.<namespace>.<kind>.<id>.<what>.<happened>`; throws `argument_invalid`. */
export function toEventSubject(event: Addressed, root = defaultRoot): string {
  if (!isEventType(event.type)) throw invalid('event type', event.type, 'one of machines/words/events.ts');
  return `${root}.event.${toTail(event.namespace, event.actor.kind, event.actor.id)}.${event.type}`;
}

/** `drey.command.<namespace>.<kind>.<id>.<verb>`; throws `argument_invalid`. */
export function toCommandSubject(address: Address, verb: string, root = defaultRoot): string {
  return `${root}.command.${toTail(address.namespace, address.kind, address.id)}.${toVerb(verb)}`;
}

/** `drey.ask.<namespace>.<kind>.<id>.<verb>`; throws `argument_invalid`. */
export function toAskSubject(address: Address, verb: string, root = defaultRoot): string {
  return `${root}.ask.${toTail(address.namespace, address.kind, address.id)}.${toVerb(verb)}`;
}

/** `drey.dead.<namespace>.<kind>.<id>`; throws `argument_invalid`. */
export function toDeadSubject(address: Address, root = defaultRoot): string {
  return `${root}.dead.${toTail(address.namespace, address.kind, address.id)}`;
}

/** `drey.job.<namespace>.<job>`; throws `argument_invalid`. */
export function toJobSubject(namespace: string, job: string, root = defaultRoot): string {
  return `${root}.job.${checked(Namespace, 'namespace', namespace)}.${checked(Token, 'job', job)}`;
}

/** Reads an event's subject; undefined when it is none (then its message is parked, never dropped). */
export function parseEventSubject(subject: string, root = defaultRoot): EventSubject | undefined {
  const head = `${root}.event.`;
  if (!subject.startsWith(head)) return undefined;
  const [namespace, kind, id, what, happened, ...rest] = subject.slice(head.length).split('.');
  const type = `${what}.${happened}`;
  const names = Namespace.safeParse(namespace);
  const kinds = ActorKind.safeParse(kind);
  const ids = Token.safeParse(id);
  if (!names.success || !kinds.success || !ids.success || rest.length > 0 || !isEventType(type))
    return undefined;
  return { namespace: names.data, kind: kinds.data, id: ids.data, type };
}

/** The address inside a subject of any of our families, for a letter to the dead; undefined when there is none. */
export function toAddressOf(subject: string, root = defaultRoot): Address | undefined {
  if (!subject.startsWith(`${root}.`)) return undefined;
  const [, namespace, kind, id] = subject.slice(root.length + 1).split('.');
  const names = Namespace.safeParse(namespace);
  const kinds = ActorKind.safeParse(kind);
  const ids = Token.safeParse(id);
  if (!names.success || !kinds.success || !ids.success) return undefined;
  return { namespace: names.data, kind: kinds.data, id: ids.data };
}

/** The subject filters of a selection; they never overlap. Throws `argument_invalid`. */
export function toFilters(selection: Selection = {}, root = defaultRoot): readonly string[] {
  const head = [
    `${root}.event`,
    selection.namespace === undefined ? '*' : checked(Namespace, 'namespace', selection.namespace),
    selection.kind === undefined ? '*' : checked(ActorKind, 'kind', selection.kind),
    selection.id === undefined ? '*' : checked(Token, 'id', selection.id),
  ].join('.');
  if (selection.types === undefined && selection.topic === undefined) return [`${head}.>`];
  const types = new Set<string>(selection.types ?? []);
  if (selection.topic !== undefined) {
    if (!Object.hasOwn(topics, selection.topic)) {
      throw invalid('topic', selection.topic, `one of ${Object.keys(topics).join(', ')}`);
    }
    for (const type of topics[selection.topic]) types.add(type);
  }
  if (types.size === 0)
    throw invalid('list of event types', '', 'at least one event type, or none of both fields');
  return [...types].map((type) => {
    if (!isEventType(type)) throw invalid('event type', type, 'one of machines/words/events.ts');
    return `${head}.${type}`;
  });
}

/** One filter that lets through all that the given ones do, for servers that take only one (before 2.10). */
export function toCoveringFilter(filters: readonly string[]): string {
  const [first = '>', ...others] = filters;
  let cover = first.split('.');
  for (const other of others) cover = coverBoth(cover, other.split('.'));
  return cover.join('.');
}

/** Whether a subject passes one of the filters, by the rules of NATS wildcards. */
export function isMatching(subject: string, filters: readonly string[]): boolean {
  const tokens = subject.split('.');
  return filters.some((filter) => {
    const wanted = filter.split('.');
    for (const [index, token] of wanted.entries()) {
      if (token === '>') return tokens.length > index;
      if (tokens[index] === undefined || (token !== '*' && token !== tokens[index])) return false;
    }
    return wanted.length === tokens.length;
  });
}

function coverBoth(one: readonly string[], other: readonly string[]): string[] {
  const cover: string[] = [];
  for (let index = 0; index < Math.max(one.length, other.length); index += 1) {
    const [a, b] = [one[index], other[index]];
    if (a === undefined || b === undefined || a === '>' || b === '>') return [...cover, '>'];
    cover.push(a === b ? a : '*');
  }
  return cover;
}

function toTail(namespace: string, kind: string, id: string): string {
  return [
    checked(Namespace, 'namespace', namespace),
    checked(ActorKind, 'kind', kind),
    checked(Token, 'id', id),
  ].join('.');
}

function toVerb(verb: string): string {
  return checked(Token, 'verb', verb);
}

interface Schema {
  safeParse(text: unknown): { success: boolean };
}

function checked(schema: Schema, what: string, text: string): string {
  if (schema.safeParse(text).success) return text;
  throw invalid(what, text, 'a known word of a-z, 0-9, _ and - without dots or wildcards');
}

function invalid(what: string, text: string, right: string): DreyError {
  const shown = typeof text === 'string' ? text.slice(0, 80) : String(text);
  return new DreyError('argument_invalid', `"${shown}" is no ${what} for a subject; write ${right}`);
}
