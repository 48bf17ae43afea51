/** Models: what serving keeps in memory. The newest counts, a few before it stay for the way back. */
import { sql } from 'kysely';
import { DreyError } from '../../../machines/words/errors.ts';
import type { Trx } from '../trx.ts';
import { toJson } from '../text.ts';

export interface Model {
  readonly version: number;
  readonly body: unknown;
  readonly createdAt: string;
}

const versionsKept = 3;
const modelCharactersMax = 32 * 1024 * 1024;

/** Stores a model as the newest version and answers its number; old versions go. */
export async function putModel(trx: Trx, body: unknown): Promise<number> {
  const json = toJson(body);
  if (json.length > modelCharactersMax) {
    throw new DreyError('body_too_large', `a model has ${modelCharactersMax} characters of JSON at most`);
  }
  // Two writers at once would count the same next version; an advisory lock puts them in line.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`drey.models.${trx.namespace}`}, 0))`.execute(
    trx.db,
  );
  const { rows } = await sql<{ version: number }>`
    insert into models (namespace, version, body)
    select ${trx.namespace}, coalesce(max(version), 0) + 1, ${json}::json from models
    where namespace = ${trx.namespace}
    returning version`.execute(trx.db);
  const version = rows[0]?.version ?? 1;
  await trx.db
    .deleteFrom('models')
    .where('namespace', '=', trx.namespace)
    .where('version', '<=', version - versionsKept)
    .execute();
  return version;
}

/**
 * The newest model; undefined when there is none, or when it is the `known` one. Numbers begin anew where all of a
 * namespace went, so that a lower one may be newer.
 */
export async function getNewestModel(
  trx: Trx,
  options: { readonly known?: number } = {},
): Promise<Model | undefined> {
  const row = await trx.db
    .selectFrom('models')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where('version', '<>', options.known ?? 0)
    .where('version', '=', (newest) =>
      newest
        .selectFrom('models')
        .select(({ fn }) => fn.max('version').as('version'))
        .where('namespace', '=', trx.namespace),
    )
    .executeTakeFirst();
  return row === undefined ? undefined : { version: row.version, body: row.body, createdAt: row.created_at };
}
