/**
 * The contract of the store, run against the Postgres of the test servers and, where DREY_POSTGRES_OTHER names an
 * administrator's URL of another one (an older version, say), against that as well.
 */
import { describe, inject } from 'vitest';

import { storeContract } from '../../contracts/store.contract.ts';

const other = process.env['DREY_POSTGRES_OTHER'] ?? '';

storeContract('the embedded Postgres', () => inject('postgresUrl'));

describe.skipIf(other === '')('with DREY_POSTGRES_OTHER', () => {
  storeContract('another Postgres', () => other);
});
