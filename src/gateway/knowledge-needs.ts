/**
 * What the gateway needs of what is stored: procedures and patterns that others write back, edits with their versions,
 * and the lists that people and programs browse. Whoever mounts the gateway implements it.
 */
import type { Outcome } from '../../machines/words/episodes.ts';
import type { LearnedSop, Procedure, SopStatus } from '../../machines/words/sops.ts';
import type { Principal, SopView } from './needs.ts';

/** Who asks, and where. */
export interface Asker {
  readonly namespace: string;
  readonly principal: Principal;
}

/** What a procedure is known by besides its steps; whoever does not say it leaves it as it is. */
export type SopSurroundings = Partial<Pick<LearnedSop, 'triggerFrom' | 'wordings' | 'pitfalls'>>;

export interface SopToWrite extends SopSurroundings {
  readonly trigger: string;
  readonly steps: readonly string[];
  readonly procedure: Procedure;
  readonly confidence: number;
  readonly occurrences: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** True for what nobody is to be served before it is approved, whoever writes it. */
  readonly isCandidate?: boolean;
  /** Where it comes from; kept with its first version. */
  readonly reason?: string;
}

export interface PatternToWrite {
  readonly patternType: string;
  readonly condition: unknown;
  readonly action: unknown;
  readonly confidence: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Written {
  readonly id: string;
  readonly storedAt: string;
}

export interface SopChange extends Asker {
  readonly sopId: string;
  /** The version that was looked at. */
  readonly version: number;
  readonly reason: string;
}

export interface SopContentChange extends SopSurroundings {
  readonly trigger?: string;
  readonly steps?: readonly string[];
  readonly procedure?: Procedure;
  readonly status?: SopStatus;
}

export interface SopVersionView {
  readonly version: number;
  readonly content: unknown;
  readonly cause: unknown;
  readonly createdAt: string;
}

export interface PatternView {
  readonly patternId: string;
  readonly patternType: string;
  readonly condition: unknown;
  readonly action: unknown;
  readonly confidence: number;
  readonly appliedCount: number;
  readonly successCount: number;
  readonly effectiveness: number;
  readonly active: boolean;
  /** Shown, and offered to nobody until it is approved. */
  readonly candidate: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lastAppliedAt: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface TaskView {
  readonly taskId: string;
  readonly sessionId: string;
  readonly principal: string;
  readonly task: string;
  readonly source: string;
  readonly startedAt: string;
  readonly outcome: Outcome | undefined;
  readonly notes: string;
  readonly calls: number;
  readonly finishedAt: string | undefined;
}

/** A session as its row tells it: on any node, and after its end. */
export interface SessionRowView {
  readonly sessionId: string;
  readonly principal: string;
  readonly transport: string;
  readonly revision: string;
  readonly client: string;
  readonly node: string;
  readonly status: string;
  readonly openedAt: string;
  readonly lastSeenAt: string;
  readonly calls: number;
}

export interface EpisodeView {
  readonly episodeId: string;
  readonly principal: string;
  readonly session: string;
  readonly task: string;
  readonly outcome: Outcome;
  readonly end: string;
  readonly startedAt: string;
  readonly endedAt: string;
}

export interface CallView {
  readonly callId: string;
  readonly server: string;
  readonly tool: string;
  readonly name: string;
  readonly args: unknown;
  readonly result: unknown;
  readonly error: boolean;
  readonly at: string;
}

/** One of the calls that prove a procedure. */
export interface ProvingCall extends CallView {
  readonly episodeId: string;
  readonly position: number;
  readonly place: number;
}

export interface Behind {
  readonly at: string;
  readonly id: string;
}

interface Page {
  readonly namespace: string;
  readonly limit: number;
  readonly after?: Behind | undefined;
}

export interface KnowledgeNeed {
  /** Stores with audit and event in one commit. With a key the same request again gives the first one's answer. */
  writeSop(o: Asker & { readonly sop: SopToWrite; readonly key: string | undefined }): Promise<Written>;
  writePattern(
    o: Asker & { readonly pattern: PatternToWrite; readonly key: string | undefined },
  ): Promise<Written>;
  /** Lets a candidate through; undefined when it is unknown. */
  approvePattern(o: Asker & { readonly patternId: string }): Promise<PatternView | undefined>;
  /** Undefined when it is unknown; throws `revision_conflict` where another version stands. */
  editSop(o: SopChange & { readonly change: SopContentChange }): Promise<SopView | undefined>;
  /** Gives it the content of an earlier version again, as a new one. */
  rollBackSop(o: SopChange & { readonly to: number }): Promise<SopView | undefined>;
  sopVersions(o: {
    readonly namespace: string;
    readonly sopId: string;
    readonly limit: number;
    readonly below?: number | undefined;
  }): Promise<readonly SopVersionView[]>;
  sopVersion(namespace: string, sopId: string, version: number): Promise<SopVersionView | undefined>;
  /** The calls that prove it, the newest first. */
  evidence(o: {
    readonly namespace: string;
    readonly sopId: string;
    readonly limit: number;
    readonly below?: number | undefined;
  }): Promise<readonly ProvingCall[]>;
  patterns(o: {
    readonly namespace: string;
    readonly limit: number;
    readonly patternType: string | undefined;
    readonly activeOnly: boolean;
    readonly after?:
      | { readonly effectiveness: number; readonly confidence: number; readonly patternId: string }
      | undefined;
  }): Promise<readonly PatternView[]>;
  pattern(namespace: string, patternId: string): Promise<PatternView | undefined>;
  tasks(
    o: Page & { readonly sessionId: string | undefined; readonly open: boolean },
  ): Promise<readonly TaskView[]>;
  task(namespace: string, taskId: string): Promise<TaskView | undefined>;
  sessions(o: Page): Promise<readonly SessionRowView[]>;
  session(namespace: string, sessionId: string): Promise<SessionRowView | undefined>;
  episodes(o: Page): Promise<readonly EpisodeView[]>;
  episode(
    namespace: string,
    episodeId: string,
  ): Promise<(EpisodeView & { readonly calls: readonly CallView[] }) | undefined>;
  call(namespace: string, callId: string): Promise<ProvingCall | undefined>;
}
