/**
 * The door of the actors: what each machine does when it moves, and the rooms in which they live. Layer 1's call path
 * (session, breaker, resource) and the learning engine are here; who may talk to them is decided above.
 */
export { createAnnouncer } from './announcer.ts';
export type { ActorName, Announcer } from './announcer.ts';
export { openBoards } from './board.ts';
export type { Boards, CatalogueBoard, HealthBoard, HealthTold } from './board.ts';
export { openBreakerHints } from './breaker-hints.ts';
export type { BreakerHints } from './breaker-hints.ts';
export { openBreakerRows } from './breaker-rows.ts';
export { contextChangesBytesMax, contextStateBytesMax } from './context.ts';
export type { ContextAnswer, ContextName, ContextRequest, Contexts } from './contexts.ts';
export { openDirectory } from './directory.ts';
export type { Directory, DirectoryFigures, Resident } from './directory.ts';
export type { ActorCommand, Answer, Delivery, DurableKind } from './durable-kind.ts';
export { openFabric } from './fabric.ts';
export type { Fabric, FabricFigures, FabricOptions } from './fabric.ts';
export { durableKinds, kinds } from './kinds.ts';
export { openLive } from './live.ts';
export type { Clock, Log } from './clock.ts';
export { toIso } from './clock.ts';
export { announceImport, toImportedIds } from './imports.ts';
export { learningAddress, openLearning } from './learning.ts';
export type { EngineReport, LearningEngine } from './learning.ts';
export { createLongClock } from './long-clock.ts';
export { Offers } from './offers.ts';
export { openResource } from './resource.ts';
export type { Resource } from './resource.ts';
export { createInspection } from './inspection.ts';
export type { Inspection, InspectionFilter, InspectionMessage } from './inspection.ts';
export { isMachineKind, replayEvents } from './replay.ts';
export type { Replay, ReplayDifference, ReplayedTransition, RecordedEvent } from './replay.ts';
export { createRoot } from './root.ts';
export { createRoots } from './roots.ts';
export type { ActorView, Roots } from './roots.ts';
export type { LiveSession } from './session.ts';
export { openSessionRows } from './session-rows.ts';
export { openSessions } from './sessions.ts';
export type { Sessions, SessionView } from './sessions.ts';
export { openShelf, toShelved } from './shelf.ts';
export type { Shelf } from './shelf.ts';
export { toTimerSource } from './timer-source.ts';
export { createToldRoot } from './told-root.ts';
export type { ToldEdge } from './told-root.ts';
export { openUpstreams } from './upstreams.ts';
export type { Upstreams } from './upstreams.ts';
export { startRelay } from './workers/relay.ts';
export type { Relay } from './workers/relay.ts';
