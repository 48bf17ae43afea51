/** Ids of memories: `m-<uuid>` on every floor, plain uuids in the tables. */
import { DreyError } from '../../machines/words/errors.ts';
import { idPrefixes } from '../../machines/words/ids.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const prefix = `${idPrefixes.memory}-`;

/** The uuid of an id, with its prefix or without; undefined for anything else (which is then simply not found). */
export function toMemoryUuid(memoryId: string): string | undefined {
  const bare = memoryId.startsWith(prefix) ? memoryId.slice(prefix.length) : memoryId;
  return uuid.test(bare) ? bare : undefined;
}

/** The uuid of an id that is about to be written; throws `argument_invalid`. */
export function assertMemoryUuid(memoryId: string): string {
  const bare = toMemoryUuid(memoryId);
  if (bare !== undefined) return bare;
  throw new DreyError('argument_invalid', `the id of a memory is ${prefix} and a uuid in lower case`);
}

/** The id as every other floor writes it. */
export function toMemoryId(bare: string): string {
  return `${prefix}${bare}`;
}
