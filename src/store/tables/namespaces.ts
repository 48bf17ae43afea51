/** Namespaces: made once, listed by the system only. */
import { systemNamespace } from '../../../machines/words/ids.ts';
import type { SystemTrx, Trx } from '../trx.ts';
import { toBoundedText } from '../text.ts';

export interface NamespaceRow {
  readonly namespace: string;
  readonly displayName: string;
  readonly createdAt: string;
}

const displayNameMax = 255;

/** Transactions that made theirs, which counts when they commit. */
const makers = new WeakSet<Trx>();

/**
 * Makes the transaction's namespace exist; the display name of one that exists already stays. True when made now. One
 * that was seen to exist is not asked for again.
 */
export async function ensureNamespace(trx: Trx, displayName?: string): Promise<boolean> {
  if (trx.known.has(trx.namespace)) return false;
  const name = toBoundedText(displayName ?? trx.namespace, displayNameMax);
  const made = await trx.db
    .insertInto('namespaces')
    .values({ namespace: trx.namespace, display_name: name === '' ? trx.namespace : name })
    .onConflict((conflict) => conflict.column('namespace').doNothing())
    .returning('namespace')
    .execute();
  if (made.length > 0) makers.add(trx);
  else if (!makers.has(trx)) trx.known.add(trx.namespace);
  return made.length > 0;
}

/** Every namespace in order of name, the node's own left out. */
export async function listNamespaces(trx: SystemTrx): Promise<readonly NamespaceRow[]> {
  const rows = await trx.db
    .selectFrom('namespaces')
    .selectAll()
    .where('namespace', '<>', systemNamespace)
    .orderBy('namespace')
    .limit(namespacesMax)
    .execute();
  return rows.map((row) => ({
    namespace: row.namespace,
    displayName: row.display_name,
    createdAt: row.created_at,
  }));
}

const namespacesMax = 100_000;
