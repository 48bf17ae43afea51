/**
 * Pins of tools: the definition that counts, what is offered instead, and the place in the last known list. Who changes
 * those of an upstream holds its turn, so that two nodes never decide at once.
 */
import { sql } from 'kysely';
import type { Trx } from '../trx.ts';
import { assertName, toBoundedText, toJson } from '../text.ts';

export interface ToolPinRow {
  readonly server: string;
  readonly tool: string;
  readonly hash: string;
  readonly definition: Readonly<Record<string, unknown>>;
  readonly status: 'fresh' | 'pinned' | 'changed' | 'approved';
  readonly offered: { readonly hash: string; readonly definition: Readonly<Record<string, unknown>> } | null;
  readonly approvedBy: string | null;
  readonly position: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Rows in one statement. */
const rowsMax = 500;

/** Waits for one's turn with this upstream's pins; it ends with the transaction. */
export async function takePinsTurn(trx: Trx, server: string): Promise<void> {
  const key = `drey.tool_pins.${trx.namespace}.${server}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(trx.db);
}

/** The pins of these upstreams, in no order. */
export async function readToolPins(trx: Trx, servers: readonly string[]): Promise<readonly ToolPinRow[]> {
  const rows = await trx.db
    .selectFrom('tool_pins')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where(sql<boolean>`server = any(${[...servers]})`)
    .execute();
  return rows.map(
    ({ server, tool, hash, definition, status, offered_hash: offeredHash, offered, ...row }): ToolPinRow => ({
      server,
      tool,
      hash,
      definition: toDefinition(definition),
      status,
      offered: offeredHash === null ? null : { hash: offeredHash, definition: toDefinition(offered) },
      approvedBy: row.approved_by,
      position: row.position,
      since: Date.parse(row.created_at),
    }),
  );
}

/** Writes pins over what was there; no tool may occur twice. */
export async function saveToolPins(trx: Trx, pins: readonly ToolPinRow[]): Promise<void> {
  for (let from = 0; from < pins.length; from += rowsMax) {
    await trx.db
      .insertInto('tool_pins')
      .values(pins.slice(from, from + rowsMax).map((pin) => toRow(trx, pin)))
      .onConflict((conflict) =>
        conflict.columns(['namespace', 'server', 'tool']).doUpdateSet((row) => ({
          hash: row.ref('excluded.hash'),
          definition: row.ref('excluded.definition'),
          status: row.ref('excluded.status'),
          approved_by: row.ref('excluded.approved_by'),
          offered_hash: row.ref('excluded.offered_hash'),
          offered: row.ref('excluded.offered'),
          position: row.ref('excluded.position'),
          updated_at: sql<string>`now()`,
        })),
      )
      .execute();
  }
}

function toRow(trx: Trx, pin: ToolPinRow) {
  return {
    namespace: trx.namespace,
    server: assertName("an upstream's alias", pin.server, 100),
    tool: assertName("a tool's name", pin.tool, 300),
    hash: pin.hash,
    definition: toJson(pin.definition),
    status: pin.status,
    approved_by: pin.approvedBy === null ? null : toBoundedText(pin.approvedBy, 300),
    offered_hash: pin.offered?.hash ?? null,
    offered: pin.offered === null ? null : toJson(pin.offered.definition),
    position: pin.position,
    created_at: new Date(pin.since).toISOString(),
  };
}

function toDefinition(value: unknown): Readonly<Record<string, unknown>> {
  // The column holds what `saveToolPins` wrote: an object.
  return value as Readonly<Record<string, unknown>>;
}
