/**
 * The door of the embedded servers: a real nats-server and a real Postgres as children of the node, for everybody who
 * brings none. Whether external servers are used instead is decided by the node, not here.
 */
export { findNatsServer, lookForNats, pinnedVersion } from './find-nats.ts';
export type { FindNatsOptions, FoundNats } from './find-nats.ts';
export { defaultCacheFolder, defaultDataFolder } from './folders.ts';
export { lockDataFolder } from './lock.ts';
export type { DataFolderLock, LockOptions } from './lock.ts';
export { endLeftGroups, openProcessGroups } from './process-groups.ts';
export type { ProcessGroups } from './process-groups.ts';
export { unprivilegedUser } from './os-user.ts';
export type { Log, OsUser, ProcessExit, RunningServer, ServerOptions } from './running.ts';
export { natsContextFile, startNats } from './start-nats.ts';
export type { NatsOptions } from './start-nats.ts';
export { startPostgres } from './start-postgres.ts';
