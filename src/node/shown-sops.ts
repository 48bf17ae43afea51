/** Procedures as people and agents are shown them. A part that was retired is referred to no more; the rows stay as they are. */
import { withoutParts } from '../../machines/words/parts.ts';
import { toShelved } from '../actors/actors.ts';
import type { StoredSop, Trx } from '../store/store.ts';
import { readRetiredParts } from '../store/store.ts';

/** These procedures as they are shown. */
export async function toShownSops(
  trx: Trx,
  sops: readonly StoredSop[],
): Promise<ReturnType<typeof toShelved>[]> {
  const refers = sops.some(({ procedure }) => procedure.some(({ part }) => part !== undefined));
  const gone = refers ? await readRetiredParts(trx) : new Set<string>();
  return sops.map((sop) => toShelved(withoutParts(sop, gone)));
}
