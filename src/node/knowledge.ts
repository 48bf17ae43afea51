/** What the gateway browses of the store, each question one short transaction of its namespace. It decides nothing. */
import type { KnowledgeNeed } from '../gateway/gateway.ts';
import {
  getEpisode,
  getPattern,
  getSession,
  getSopVersion,
  getTask,
  listSopVersions,
  pageCalls,
  pageEpisodes,
  pagePatterns,
  pageSessions,
  pageTasks,
} from '../store/store.ts';
import { createSopEditing } from './sop-editing.ts';
import { createWriteBack } from './write-back.ts';
import type { WriteBackOptions } from './write-back.ts';

/** Creates it. */
export function createKnowledge(options: WriteBackOptions): KnowledgeNeed {
  const inNamespace: WriteBackOptions['store']['inNamespace'] = (namespace, work) =>
    options.store.inNamespace(namespace, work);
  return {
    ...createWriteBack(options),
    ...createSopEditing(options),
    sopVersions: ({ namespace, below, ...which }) =>
      inNamespace(namespace, (trx) =>
        listSopVersions(trx, { ...which, ...(below === undefined ? {} : { below }) }),
      ),
    sopVersion: (namespace, sopId, version) =>
      inNamespace(namespace, (trx) => getSopVersion(trx, { sopId, version })),
    evidence: ({ namespace, below, ...which }) =>
      inNamespace(namespace, (trx) =>
        pageCalls(trx, { ...which, ...(below === undefined ? {} : { below }) }),
      ),
    patterns: ({ namespace, after, ...page }) =>
      inNamespace(namespace, (trx) =>
        pagePatterns(trx, { ...page, ...(after === undefined ? {} : { after }) }),
      ),
    pattern: (namespace, patternId) => inNamespace(namespace, (trx) => getPattern(trx, patternId)),
    tasks: ({ namespace, ...page }) => inNamespace(namespace, (trx) => pageTasks(trx, page)),
    task: (namespace, taskId) => inNamespace(namespace, (trx) => getTask(trx, taskId)),
    sessions: ({ namespace, ...page }) => inNamespace(namespace, (trx) => pageSessions(trx, page)),
    session: (namespace, sessionId) => inNamespace(namespace, (trx) => getSession(trx, sessionId)),
    episodes: ({ namespace, ...page }) => inNamespace(namespace, (trx) => pageEpisodes(trx, page)),
    episode: (namespace, episodeId) => inNamespace(namespace, (trx) => getEpisode(trx, episodeId)),
    call: async (namespace, callId) => (await inNamespace(namespace, (trx) => pageCalls(trx, { callId })))[0],
  };
}
