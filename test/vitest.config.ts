// Four speeds: pure (no I/O, seconds), rooms (processes, files and loopback), services (one real nats-server and Postgres
// for all files), journeys (the whole house).
import { defineConfig } from 'vitest/config';

const node = {
  execArgv: ['--conditions=development'],
  setupFiles: ['test/support/properties.setup.ts'],
};

/** No I/O but reading the sources: these run in `npm run check`. */
const pure = [
  'test/machines/**/*.test.ts',
  'test/rooms/house.test.ts',
  'test/rooms/{learning,importers,clients,access,memory}/**/*.test.ts',
];

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          sequence: { groupOrder: 0 },
          include: pure,
          exclude: ['**/*.services.test.ts'],
          pool: 'threads',
          // Properties with many runs take seconds on a busy machine.
          testTimeout: 60_000,
          ...node,
        },
      },
      {
        test: {
          name: 'rooms',
          sequence: { groupOrder: 1 },
          include: ['test/rooms/**/*.test.ts'],
          exclude: ['**/*.services.test.ts', ...pure],
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 30_000,
          ...node,
        },
      },
      {
        test: {
          name: 'services',
          sequence: { groupOrder: 2 },
          include: ['test/**/*.services.test.ts'],
          globalSetup: ['test/support/servers.setup.ts'],
          pool: 'forks',
          maxWorkers: 2,
          // Real servers on a shared machine: a second try is shown, and is a bug to be looked at.
          retry: 1,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          ...node,
        },
      },
      {
        test: {
          name: 'journeys',
          sequence: { groupOrder: 3 },
          include: ['test/journeys/**/*.test.ts', 'test/chaos/**/*.test.ts'],
          exclude: ['**/*.services.test.ts'],
          pool: 'forks',
          maxWorkers: 1,
          fileParallelism: false,
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
