/** Parcels: encoded messages ready to go, as the write-ahead log keeps them and the pump sends them. */
import { DreyError } from '../../machines/words/errors.ts';
import type { DreyEvent } from '../../machines/words/events.ts';
import { encodeEvent } from './envelope.ts';
import { defaultRoot, toEventSubject } from './subjects.ts';

/** A message ready to go; the root of its subject is the sending wire's. */
export interface Parcel {
  /** Without the root: `event.acme.session.s-1.call.finished`. */
  readonly path: string;
  /** The id by which the bus tells a second copy. */
  readonly id: string;
  readonly payload: Uint8Array;
}

/** A subject without its root. */
export function toPath(subject: string): string {
  return subject.slice(defaultRoot.length + 1);
}

/** An event ready to go; throws `argument_invalid` or `envelope_invalid`. */
export function toParcel(event: DreyEvent): Parcel {
  if (!/^[\x21-\x7e]{1,200}$/.test(event.id)) {
    throw new DreyError(
      'envelope_invalid',
      'an event id has 1 to 200 printable ASCII characters without spaces',
    );
  }
  return { path: toPath(toEventSubject(event)), id: event.id, payload: encodeEvent(event) };
}
