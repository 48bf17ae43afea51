/**
 * Reading a durable actor with its row locked: snapshots of an older machine are migrated by the kind's own function
 * or refused loudly, and so is everything else that this machine would not have written.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import type { Address } from '../../../machines/words/ids.ts';
import { toAddressText } from '../../../machines/words/ids.ts';
import { readActorLocked } from '../../store/store.ts';
import type { TimerToSet, Trx } from '../../store/store.ts';
import type { DurableKind, PersistedSnapshot, ReadActor } from './durable-kind.ts';
import type { Copy } from './durable-step.ts';
import type { PureMachine } from './inert-scope.ts';

/** The row's content. */
interface Kept {
  readonly machine: PersistedSnapshot;
  readonly timers: readonly TimerToSet[];
}

/** The actor's copy; one without a snapshot when it does not exist yet. Throws `migration_failed`. */
export async function readCopy(
  trx: Trx,
  kind: DurableKind,
  machine: PureMachine,
  address: Address,
): Promise<Copy> {
  const found = await (kind.read?.(trx, address.id) ?? readRow(trx, address));
  if (found === undefined) return { revision: 0, snapshot: undefined, kept: '', timers: [], beside: null };
  const kept = toKept(found, kind, address);
  const whole = kind.toWhole?.(kept.machine, found.beside) ?? kept.machine;
  try {
    return {
      revision: found.revision,
      snapshot: machine.revive(whole),
      // The text is compared with a step's result.
      kept: JSON.stringify(kept),
      timers: kept.timers,
      beside: found.beside,
    };
  } catch (error) {
    throw toRefusal(address, 'it names a state that the machine does not have', error);
  }
}

async function readRow(trx: Trx, { kind, id }: Address): Promise<ReadActor | undefined> {
  const row = await readActorLocked(trx, { kind, id });
  return row === undefined ? undefined : { ...row, beside: null };
}

function toKept({ snapshot, machineVersion }: ReadActor, kind: DurableKind, address: Address): Kept {
  if (!isKept(snapshot)) throw toRefusal(address, 'its row holds no snapshot of a durable actor');
  if (machineVersion === String(kind.version)) return snapshot;
  const from = Number(machineVersion);
  const isOlder = Number.isInteger(from) && from < kind.version;
  if (kind.migrate === undefined || !isOlder) {
    const versions = `it was written by version ${machineVersion} of its machine; this node runs ${kind.version}`;
    throw toRefusal(address, versions);
  }
  try {
    return { machine: kind.migrate(snapshot.machine, from), timers: snapshot.timers };
  } catch (error) {
    throw toRefusal(address, `its migration from version ${from} failed`, error);
  }
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { machine, timers } = value as Partial<Kept>;
  if (typeof machine !== 'object' || machine === null || !Array.isArray(timers)) return false;
  return 'value' in machine && typeof machine.context === 'object';
}

function toRefusal(address: Address, why: string, cause?: unknown): DreyError {
  return new DreyError('migration_failed', `${toAddressText(address)} cannot be used: ${why}`, { cause });
}
