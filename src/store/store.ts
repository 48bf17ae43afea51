/**
 * The door of the store: it knows Postgres, and is the only room that does. Everything is reached through a
 * transaction that belongs to one namespace; nobody outside ever sees a connection, a query builder or a raw error.
 */
export { openStore } from './open.ts';
export type { Log, Store, StoreOptions } from './open.ts';
export { lookAtStore } from './look.ts';
export type { StoreLook } from './look.ts';
export {
  lookForRefused,
  lookForVectors,
  migrateStore,
  prepareStoreVectors,
  unmigrateStore,
} from './migrate.ts';
export type { MigrateOptions, RefusedMemory } from './migrate.ts';
export type { SystemTrx, Trx } from './trx.ts';
export { toAuditHash, verifyAudit } from './audit-chain.ts';
export type { AuditAnchor } from './audit-chain.ts';
export { learningCause, toParts } from './sop-content.ts';
export type { SopCause } from './sop-content.ts';
export {
  commitActor,
  commitStep,
  confirmStep,
  dropActor,
  readActor,
  readActorLocked,
} from './tables/actors.ts';
export { countOpenRuns, listRuns, readUntoldRuns, tellRun } from './tables/runs.ts';
export type { ListedRun } from './tables/runs.ts';
export type {
  ActorCommit,
  ActorCommitted,
  InboxEntry,
  StepCommit,
  StepOutcome,
  StoredActor,
} from './tables/actors.ts';
export {
  bindIdentity,
  ensureAgent,
  findIdentities,
  listAgents,
  listIdentities,
  lockAgent,
  setAgentDisabled,
} from './tables/agents.ts';
export type { AgentRow, Identity, KnownIdentity } from './tables/agents.ts';
export {
  addKey,
  findKeys,
  getKey,
  listKeys,
  listLiveKeys,
  revokeKey,
  shortenKey,
  touchKeys,
} from './tables/api-keys.ts';
export type { FoundKey, KeyRow, NewKey } from './tables/api-keys.ts';
export { appendAudit, listAudit, readAuditHeads, toAuditBody } from './tables/audit.ts';
export type { AuditHead, AuditQuery, AuditRow } from './tables/audit.ts';
export { saveCalls } from './tables/calls.ts';
export type { ArchivedCall } from './tables/calls.ts';
export {
  commitContextStep,
  listContexts,
  listContextVersions,
  readContext,
  readContextActor,
  readContextStamps,
} from './tables/contexts.ts';
export type {
  ContextStamp,
  ContextStatus,
  ContextStepChange,
  ContextVersionRow,
  StoredContext,
} from './tables/contexts.ts';
export { readDrafts } from './tables/drafts.ts';
export type { EpisodeDraft } from './tables/drafts.ts';
export { addDeadLetter, dropDeadLetter, listDeadLetters } from './tables/dead-letters.ts';
export type { DeadLetter, StoredDeadLetter } from './tables/dead-letters.ts';
export { isWhole, mendEpisodes } from './tables/episode-repair.ts';
export type { ToldEpisode } from './tables/episode-repair.ts';
export {
  countArchive,
  findNewest,
  getEpisode,
  readEpisodes,
  saveEpisode,
  toArchived,
} from './tables/episodes.ts';
export type { EpisodeCursor, EpisodePage } from './tables/episodes.ts';
export { listFeedback, recordFeedback } from './tables/feedback.ts';
export type { FeedbackFigures, FeedbackReport, FeedbackRow } from './tables/feedback.ts';
export { clearInbox, sweepInbox, takeInbox } from './tables/inbox.ts';
export { addInjection, followInjection, listOpenInjections } from './tables/injections.ts';
export type { Injection } from './tables/injections.ts';
export { addHeldOut, addUptime, countLift, countPeriod, readUptime, sweepServed } from './tables/insight.ts';
export type { LiftCounts } from './tables/insight.ts';
export { keepActors, readKeptActors } from './tables/kept-actors.ts';
export {
  addMemory,
  changeMemory,
  getMemories,
  listMemories,
  lockMemories,
  lockMemoryByDigest,
  removeFindings,
  removeMemory,
  sweepMemories,
  tagMemory,
  touchMemories,
} from './tables/memories.ts';
export type { MemoryFacts, StoredMemory, Viewer } from './tables/memories.ts';
export { lockEdges, readEdges, removeEdges, saveEdges } from './tables/memory-edges.ts';
export type { StoredEdge } from './tables/memory-edges.ts';
export { readUnembedded, saveVectors, searchVectors } from './tables/memory-vectors.ts';
export type { MemoryVector, NearMemory, Unembedded } from './tables/memory-vectors.ts';
export { lookForMemories, showMemories } from './tables/memory-search.ts';
export type {
  FoundMemory,
  MemoriesLook,
  ShownMemory,
  SimilarWord,
  WeighedWord,
} from './tables/memory-search.ts';
export {
  excludeFromLearning,
  forgetLearned,
  holdLearning,
  pauseLearning,
  readLearningRules,
  readPause,
  resumeLearning,
  stopLearning,
} from './tables/learning-controls.ts';
export type { LearningExclusion, LearningPause, LearningRules } from './tables/learning-controls.ts';
export { getNewestModel, putModel } from './tables/models.ts';
export type { Model } from './tables/models.ts';
export { ensureNamespace, listNamespaces } from './tables/namespaces.ts';
export type { NamespaceRow } from './tables/namespaces.ts';
export { addToOutbox, measureOutbox, relayOutbox, runOutboxEffects } from './tables/outbox.ts';
export type { OutboxEffect } from './tables/outbox.ts';
export {
  approvePattern,
  getPattern,
  listPatterns,
  retirePattern,
  revivePattern,
  savePattern,
} from './tables/patterns.ts';
export type { Pattern, StoredPattern } from './tables/patterns.ts';
export { readRate, sweepRates, takeRate } from './tables/rate-limits.ts';
export type { RateBudget, RateKey, RateState } from './tables/rate-limits.ts';
export {
  claimSession,
  closeSession,
  endLeftSession,
  getSession,
  listSessions,
  listUnseenSessions,
  saveSessions,
} from './tables/sessions.ts';
export type { SessionRow } from './tables/sessions.ts';
export {
  getSop,
  getSops,
  listSops,
  listSopStamps,
  listSopStates,
  readLearningFigures,
  readRetiredParts,
  searchSops,
} from './tables/sop-lists.ts';
export { listSopDigests, readSopHorizon } from './tables/sop-digests.ts';
export type { SopDigest } from './tables/sop-digests.ts';
export type { LearningFigures, SopFilter, SopStamp, StoredSop } from './tables/sop-lists.ts';
export { lockStoredSop, retireSop, setSopStatus } from './tables/sop-status.ts';
export type { SopStatusChange } from './tables/sop-status.ts';
export { toStandingSop } from './sop-standing.ts';
export { getSopVersion, listSopVersions } from './tables/sop-versions.ts';
export type { SopVersion } from './tables/sop-versions.ts';
export { saveSop, touchUsedSops } from './tables/sops.ts';
export type { SavedSop } from './tables/sops.ts';
export { keepAnswer } from './tables/kept-answers.ts';
export type { KeptRequest } from './tables/kept-answers.ts';
export type { Behind } from './pages.ts';
export { pageCalls, pageEpisodes, pagePatterns, pageSessions, pageTasks } from './tables/browse.ts';
export type { BrowsedCall, BrowsedEpisode } from './tables/browse.ts';
export { reviseSop, writeSop } from './tables/sop-edits.ts';
export type { SopRevision } from './tables/sop-edits.ts';
export { endOpenTasks, finishTask, getTask, listTasks, startTask } from './tables/tasks.ts';
export type { TaskFinish, TaskRow, TaskStart } from './tables/tasks.ts';
export { dropTimer, readNextDue, takeDueTimers } from './tables/timers.ts';
export type { DueTimer, TimerToSet } from './tables/timers.ts';
export { readToolPins, saveToolPins, takePinsTurn } from './tables/tool-pins.ts';
export type { ToolPinRow } from './tables/tool-pins.ts';
export { addDue, countDue, dropDue, readDue } from './tables/due-episodes.ts';
export type { DueOfNamespace, DueRow } from './tables/due-episodes.ts';
export { takeTurn } from './turn.ts';
export type { Turn } from './turn.ts';
export type { Turns } from './turns.ts';
