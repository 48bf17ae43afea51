/** Stored knowledge of a house that has none: what is written is taken, what is looked for is not there. */
import type { KnowledgeNeed } from '../../src/gateway/gateway.ts';

export function createEmptyKnowledge(): KnowledgeNeed {
  const written = { id: 'p-new', storedAt: '2026-01-01T00:00:00.000Z' };
  return {
    writeSop: () => Promise.resolve(written),
    writePattern: () => Promise.resolve({ ...written, id: 'a-new' }),
    approvePattern: () => Promise.resolve(undefined),
    editSop: () => Promise.resolve(undefined),
    rollBackSop: () => Promise.resolve(undefined),
    sopVersions: () => Promise.resolve([]),
    sopVersion: () => Promise.resolve(undefined),
    evidence: () => Promise.resolve([]),
    patterns: () => Promise.resolve([]),
    pattern: () => Promise.resolve(undefined),
    tasks: () => Promise.resolve([]),
    task: () => Promise.resolve(undefined),
    sessions: () => Promise.resolve([]),
    session: () => Promise.resolve(undefined),
    episodes: () => Promise.resolve([]),
    episode: () => Promise.resolve(undefined),
    call: () => Promise.resolve(undefined),
  };
}
