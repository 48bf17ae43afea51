/**
 * The list of migrations, oldest first, and their runner. A migration that was released is never edited; a new one is
 * one file and one line here. A fresh database gets all of them in one transaction, an upgrade is a transaction each, so that
 * what one of them locks is free again before the next; all of it under the migrator's advisory lock.
 */
import { Migrator } from 'kysely';
import type { Kysely, Migration } from 'kysely';
import { DreyError, isDreyError } from '../../machines/words/errors.ts';
import { namespaces } from './0001-namespaces.ts';
import { sessions } from './0002-sessions.ts';
import { archive } from './0003-archive.ts';
import { sops } from './0004-sops.ts';
import { patterns } from './0005-patterns.ts';
import { actors } from './0006-actors.ts';
import { messages } from './0007-messages.ts';
import { models } from './0008-models.ts';
import { contexts } from './0009-contexts.ts';
import { memories } from './0010-memories.ts';
import { access } from './0011-access.ts';
import { toolPins } from './0012-tool-pins.ts';
import { keys } from './0013-keys.ts';
import { audit } from './0015-audit.ts';
import { contextAccess } from './0018-context-access.ts';
import { memorySearch } from './0020-memory-search.ts';
import { learningControls } from './0021-learning-controls.ts';
import { memorySpelling } from './0022-memory-spelling.ts';
import { keptAnswers } from './0023-kept-answers.ts';
import { sopSample } from './0024-sop-sample.ts';
import { memoryVectors } from './0025-memory-vectors.ts';
import { insight } from './0026-insight.ts';
import { memoryLook } from './0027-memory-look.ts';
import { boundedLists } from './0030-bounded-lists.ts';
import { patternCandidates } from './0031-pattern-candidates.ts';
import { waitingRuns } from './0032-waiting-runs.ts';
import { spellingEnds } from './0033-spelling-ends.ts';
import { sopLook } from './0034-sop-look.ts';
import { clientAbilities } from './0039-client-abilities.ts';
import { runLists } from './0040-run-lists.ts';
import { sopChanges } from './0041-sop-changes.ts';
import { sessionWishes } from './0046-session-wishes.ts';
import { retiredParts } from './0047-retired-parts.ts';
import { openSessions } from './0050-open-sessions.ts';
import { sessionContext } from './0051-session-context.ts';
import { dueEpisodes } from './0052-due-episodes.ts';
import { ensureRoles } from './roles.ts';

export { appRole, relayRole } from './roles.ts';
export { findVectorExtension, prepareVectors, toMissing } from './vectors.ts';
export type { VectorExtension, VectorSpace } from './vectors.ts';

const migrations: Readonly<Record<string, Migration>> = {
  '0001-namespaces': namespaces,
  '0002-sessions': sessions,
  '0003-archive': archive,
  '0004-sops': sops,
  '0005-patterns': patterns,
  '0006-actors': actors,
  '0007-messages': messages,
  '0008-models': models,
  '0009-contexts': contexts,
  '0010-memories': memories,
  '0011-access': access,
  '0012-tool-pins': toolPins,
  '0013-keys': keys,
  '0015-audit': audit,
  '0018-context-access': contextAccess,
  '0020-memory-search': memorySearch,
  '0021-learning-controls': learningControls,
  '0022-memory-spelling': memorySpelling,
  '0023-kept-answers': keptAnswers,
  '0024-sop-sample': sopSample,
  '0025-memory-vectors': memoryVectors,
  '0026-insight': insight,
  '0027-memory-look': memoryLook,
  '0030-bounded-lists': boundedLists,
  '0031-pattern-candidates': patternCandidates,
  '0032-waiting-runs': waitingRuns,
  '0033-spelling-ends': spellingEnds,
  '0034-sop-look': sopLook,
  '0039-client-abilities': clientAbilities,
  '0040-run-lists': runLists,
  '0041-sop-changes': sopChanges,
  '0046-session-wishes': sessionWishes,
  '0047-retired-parts': retiredParts,
  '0050-open-sessions': openSessions,
  '0051-session-context': sessionContext,
  '0052-due-episodes': dueEpisodes,
};

/** The names of all migrations, oldest first. */
export const migrationNames: readonly string[] = Object.keys(migrations).sort();

/**
 * Brings the database up to date; answers which migrations this call applied. An upgrade that was interrupted goes on with
 * the first one that is missing.
 */
export async function migrateUp(db: Kysely<unknown>, all = migrations): Promise<readonly string[]> {
  await ensureRoles(db);
  const migrator = createMigrator(db, all);
  const known = await migrator.getMigrations();
  if (known.every(({ executedAt }) => executedAt === undefined))
    return finish(await migrator.migrateToLatest());
  return step(() => migrator.migrateUp());
}

/** Takes every migration back. All data is lost; the roles stay, since other databases share them. */
export async function migrateDown(db: Kysely<unknown>): Promise<readonly string[]> {
  const migrator = createMigrator(db, migrations);
  return step(() => migrator.migrateDown());
}

/** One after the other, until there is none left; each is a transaction of its own. */
async function step(next: () => Promise<MigrationOutcome>): Promise<readonly string[]> {
  const done: string[] = [];
  while (done.length < migrationNames.length) {
    const names = finish(await next());
    if (names.length === 0) break;
    done.push(...names);
  }
  return done;
}

function createMigrator(db: Kysely<unknown>, all: Readonly<Record<string, Migration>>): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...all }) },
    // Two nodes may upgrade in turns, each by its own clock: what is missing is applied in the order of the names all the same.
    allowUnorderedMigrations: true,
    migrationTableName: 'drey_migrations',
    migrationLockTableName: 'drey_migration_lock',
  });
}

type MigrationOutcome = Awaited<ReturnType<Migrator['migrateToLatest']>>;

function finish({ error, results }: MigrationOutcome): readonly string[] {
  if (error === undefined) return (results ?? []).map((result) => result.migrationName);
  if (isDreyError(error)) throw error;
  const failed = results?.find((result) => result.status === 'Error')?.migrationName;
  if (failed === undefined) throw error;
  const reason = error instanceof Error ? error.message : 'unknown reason';
  throw new DreyError(
    'migration_failed',
    `migration ${failed} failed and changed nothing; those before it stay: ${reason}`,
    {
      cause: error,
    },
  );
}
