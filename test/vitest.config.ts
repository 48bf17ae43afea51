// Three speeds: pure (no I/O, seconds), services (one real nats-server and Postgres for all files), journeys (the whole house).
import { defineConfig } from 'vitest/config';

const node = { execArgv: ['--conditions=development'] };

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: ['test/machines/**/*.test.ts', 'test/rooms/**/*.test.ts'],
          exclude: ['**/*.services.test.ts'],
          pool: 'forks',
          ...node,
        },
      },
      {
        test: {
          name: 'services',
          include: ['test/**/*.services.test.ts'],
          globalSetup: ['test/support/servers.setup.ts'],
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          ...node,
        },
      },
      {
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts', 'test/chaos/**/*.test.ts'],
          exclude: ['**/*.services.test.ts'],
          pool: 'forks',
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
