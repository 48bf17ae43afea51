/** Failures of the database by their codes: what they become, whether trying again helps, and what is not said. */
import { describe, expect, test } from 'vitest';

import { isConnectionBroken, isStale, toStoreError } from '../../../src/store/failures.ts';

const failure = (code: string | undefined, facts: object = {}): Error =>
  Object.assign(new Error('something about secret rows'), code === undefined ? {} : { code }, facts);

describe('a failure of the database', () => {
  test.each([
    ['ECONNREFUSED', 'database_unavailable'],
    ['ECONNRESET', 'database_unavailable'],
    ['ENOTFOUND', 'database_unavailable'],
    ['08006', 'database_unavailable'],
    ['57P01', 'database_unavailable'],
    ['57P03', 'database_unavailable'],
    ['57014', 'database_unavailable'],
    ['53300', 'database_unavailable'],
    ['53100', 'database_unavailable'],
    ['25P03', 'database_unavailable'],
    ['40001', 'revision_conflict'],
    ['40P01', 'revision_conflict'],
    ['28P01', 'config_invalid'],
    ['3D000', 'config_invalid'],
    ['42P01', 'migration_failed'],
    ['42501', 'permission_denied'],
    ['22021', 'argument_invalid'],
    ['22P05', 'argument_invalid'],
    ['23514', 'argument_invalid'],
    ['23505', 'argument_invalid'],
    ['54000', 'argument_invalid'],
    ['42601', 'unexpected'],
  ])('%s is %s, says nothing of the rows and keeps its cause', (state, code) => {
    const cause = failure(state);
    const error = toStoreError(cause, 'db.example:5432');
    expect(error).toMatchObject({ code, cause, details: { state } });
    expect(error.message).not.toContain('secret');
  });

  test('a reference to a namespace that does not exist is told from other references', () => {
    const missing = failure('23503', { constraint: 'sessions_namespace_fkey', table: 'sessions' });
    expect(toStoreError(missing, 't').code).toBe('namespace_unknown');
    const other = failure('23503', { constraint: 'calls_namespace_episode_id_fkey', table: 'calls' });
    expect(toStoreError(other, 't')).toMatchObject({
      code: 'argument_invalid',
      message: 'a value does not fit calls (rule calls_namespace_episode_id_fkey)',
    });
  });

  test('a name with several addresses fails as one', () => {
    const both = new AggregateError([failure('ECONNREFUSED'), failure('ECONNREFUSED')]);
    expect(toStoreError(both, 'localhost:5432').message).toBe(
      'the database at localhost:5432 is not reachable (ECONNREFUSED)',
    );
  });

  test('an error of the house passes through unchanged', () => {
    const known = toStoreError(failure('57P01'), 't');
    expect(toStoreError(known, 't')).toBe(known);
    expect(isStale(known)).toBe(true);
  });

  test('only a refusal by a healthy server leaves the connection usable', () => {
    expect(isConnectionBroken(failure('23505'))).toBe(false);
    expect(isConnectionBroken(failure('57014'))).toBe(false);
    for (const code of ['57P01', '08006', '25P03', 'ECONNRESET', undefined]) {
      expect(isConnectionBroken(failure(code))).toBe(true);
    }
  });
});
