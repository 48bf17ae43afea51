/** Ids of learned things: `p-<uuid>` and `a-<uuid>` on every floor, plain uuids in the tables. */
import { idPrefixes } from '../../machines/words/ids.ts';
import { DreyError } from '../../machines/words/errors.ts';

export type TargetKind = 'sop' | 'pattern';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The uuid of an id, with its prefix or without; undefined for anything else (which is then simply not found). */
export function toUuid(kind: TargetKind, id: string): string | undefined {
  const prefix = `${idPrefixes[kind]}-`;
  const bare = id.startsWith(prefix) ? id.slice(prefix.length) : id;
  return uuid.test(bare) ? bare : undefined;
}

/** The uuid of an id that is about to be written; throws `argument_invalid`. */
export function assertUuid(kind: TargetKind, id: string): string {
  const bare = toUuid(kind, id);
  if (bare !== undefined) return bare;
  throw new DreyError(
    'argument_invalid',
    `the id of a ${kind} is ${idPrefixes[kind]}- and a uuid in lower case`,
  );
}

/** The id as every other floor writes it. */
export function toId(kind: TargetKind, bare: string): string {
  return `${idPrefixes[kind]}-${bare}`;
}
