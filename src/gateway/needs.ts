/**
 * Everything the front door needs from the rest of the house, handed in as one object. The gateway knows nothing of
 * buses, databases or processes: whoever mounts it implements these interfaces.
 */
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import type { IdSource } from '../../machines/words/ids.ts';
import type { RelearnReport, RelearnSource } from '../../machines/words/relearning.ts';
import type { LearnedSop, SopStatus } from '../../machines/words/sops.ts';
import type { Tracer } from '../../machines/words/traces.ts';
import type { TraceBatch } from '../importers/importers.ts';
import type { KnowledgeNeed } from './knowledge-needs.ts';
import type { AuthorizationNeed } from './admission.ts';
import type { ContextsNeed } from './contexts-need.ts';
import type { ToolsNeed } from './tools-needs.ts';
import type { ToolRules } from './tool-rules.ts';
import type { KeysNeed } from './keys-need.ts';
import type { AuditNeed } from './audit-need.ts';
import type { LimitsNeed } from './limits-need.ts';
import type { HoldOutNeed } from './hold-out.ts';
import type { InsightNeed } from './insight-need.ts';
import type { LearningControlsNeed } from './learning-controls-need.ts';
import type { MemoriesNeed } from './memories-need.ts';
import type { HearingNeed, OffersNeed } from './offers-need.ts';
import type { RunsNeed } from './runs-need.ts';
import type { Session, SessionsNeed } from './sessions-need.ts';
import type { WatchingNeeds } from './watching-needs.ts';

export type {
  ClientFacts,
  AnswerSink,
  ForwardedRequest,
  OpenSession,
  OpenTask,
  Session,
  SessionsNeed,
  SessionView,
  SoughtSession,
  TaskSource,
} from './sessions-need.ts';

/** A logger as pino has it: facts first, then one sentence. */
export interface Log {
  debug(fields: object, sentence: string): void;
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
}

/** Who is calling, and what that one may do. */
export interface Principal {
  readonly id: string;
  readonly namespace: string;
  /** The node's own user on loopback. */
  readonly local: boolean;
  readonly mayNameNamespaces: boolean;
  readonly scopes: readonly string[];
  /** The agent whose key or token was shown, by its name in the namespace; undefined for the node's own user. */
  readonly agent?: string | undefined;
  /** Which key or token let it in, as it may be logged: never the secret. */
  readonly credential?: string | undefined;
}

/** What admission looks at; header values as they came. */
export interface AdmissionRequest {
  readonly authorization?: string | undefined;
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly remoteAddress?: string | undefined;
}

export type Admission =
  | { readonly ok: true; readonly principal: Principal }
  | {
      readonly ok: false;
      readonly status: number;
      readonly code: string;
      readonly sentence: string;
      /** The value of `WWW-Authenticate`. */
      readonly challenge?: string | undefined;
      readonly retryAfterMs?: number | undefined;
    };

/** One tool of an upstream, under the name clients see. */
export interface CatalogueTool {
  readonly name: string;
  readonly server: string;
  readonly tool: string;
  /** The tool's MCP definition with `name` already replaced. */
  readonly definition: object;
  /** True while the upstream is away and this is its last known definition. */
  readonly stale: boolean;
}

/** A SOP as it is listed and shown. */
export interface SopView extends LearnedSop {
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A SOP offered for a task: `confidence` is what is served, the probability that it is right for this task. */
export interface RankedSop extends SopView {
  /** How well it fits the task, 0 to 1; the order of the answer. */
  readonly relevance: number;
  /** One sentence for people: why it was chosen. */
  readonly why?: string;
}

export interface SopsNeed {
  search(o: {
    namespace: string;
    task: string;
    minConfidence: number;
    limit: number;
  }): Promise<readonly RankedSop[]>;
  list(o: {
    namespace: string;
    minConfidence: number;
    limit: number;
    offset: number;
    status?: SopStatus;
    /** Goes on behind this one. */
    after?: Pick<SopView, 'confidence' | 'occurrences' | 'sopId'>;
  }): Promise<readonly SopView[]>;
  get(namespace: string, id: string): Promise<SopView | undefined>;
  /** Calls back, not too often, after procedures changed; returns what stops it. */
  onChanged?(heard: () => void): () => void;
  /** Remembers what an agent was given, so that following it can be counted. Never throws. */
  recordInjection(o: {
    session: Session | undefined;
    namespace: string;
    principal: string;
    task: string;
    sops: readonly { sopId: string; relevance: number }[];
    patterns?: readonly { readonly patternId: string; readonly relevance: number }[];
    traceparent?: string | undefined;
  }): void;
}

/** One step as an agent reports it. */
export interface RecentStep {
  readonly tool: string;
  readonly args?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** What may come next; `tool: null` means that the task is done. */
export interface NextStep {
  readonly tool: string | null;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Arguments that are left to the agent, each with the word that makes it this step. */
  readonly ask?: Readonly<Record<string, string>>;
  readonly probability: number;
  readonly sopId?: string;
  readonly content?: string;
}

/** A memory or a pattern that bears on a task. */
export interface Recalled {
  readonly type: 'related_memory' | 'pattern';
  readonly content: string;
  readonly relevance: number;
  readonly patternId?: string;
  readonly memoryId?: string;
}

export interface LearningStatus {
  readonly engine_status: 'running' | 'stopped' | 'unavailable';
  readonly last_learning_run: string | null;
  readonly statistics: {
    readonly total_sops: number;
    readonly total_patterns: number;
    readonly avg_confidence: number;
    readonly recent_discoveries: readonly {
      readonly type: string;
      readonly trigger: string;
      readonly discovered_at: string;
    }[];
  };
}

export interface FeedbackResult {
  readonly pattern_id: string;
  readonly new_effectiveness: number;
  readonly applied_count: number;
  readonly success_count: number;
}

/** Building procedures again from what is kept. */
export interface RelearningNeed {
  /** Orders it; `namespace: null` is every one. Throws `limit_reached` while another order is at work. */
  start(o: {
    readonly namespace: string | null;
    readonly from: RelearnSource;
    /** True when it is only compared. */
    readonly isTrial: boolean;
    readonly by: Principal;
  }): Promise<RelearnReport>;
  /** How far it is. */
  read(relearnId: string): Promise<RelearnReport>;
}

/** The node's state; the gateway forwards it as it is. */
export type NodeStatus = Readonly<Record<string, unknown>>;

export interface ImportResult {
  readonly episodes: number;
  readonly calls: number;
  readonly duplicates: number;
}

/** Everything the gateway is given. */
export interface GatewayNeeds extends WatchingNeeds {
  readonly version: string;
  readonly log: Log;
  /** Only where traces are collected. */
  readonly tracer?: Tracer | undefined;
  now(): number;
  readonly ids: IdSource;
  /** At once for the node's own user and for everybody who was here a moment ago. */
  admit(request: AdmissionRequest): Admission | Promise<Admission>;
  /** Where access tokens are taken: what clients are told about them. */
  readonly authorization?: AuthorizationNeed | undefined;
  readonly sessions: SessionsNeed;
  catalogue(): { readonly tools: readonly CatalogueTool[] };
  /** Upstreams of whose offers nothing is known yet, each with a sentence that says why. */
  unlisted?(): readonly { readonly server: string; readonly sentence: string }[];
  readonly tools: ToolsNeed;
  /** Toolsets, sets of own tools and search; without it everything is shown. */
  readonly toolRules?: ToolRules | undefined;
  /** Calls back after each change of the catalogue; returns the function that stops it. */
  onCatalogueChanged(changed: () => void): () => void;
  /** Everything upstreams have besides tools. */
  readonly offers: OffersNeed;
  readonly hearing: HearingNeed;
  readonly sops: SopsNeed;
  /** Predicts next steps; without it, or where it knows nothing, they are read off the best SOP. */
  nextSteps?(o: {
    namespace: string;
    task: string;
    recentSteps: readonly RecentStep[];
    limit: number;
  }): Promise<readonly NextStep[] | undefined>;
  /** Memories and patterns for a task; without it only SOPs are injected. */
  recall?(o: {
    namespace: string;
    principal: Principal;
    task: string;
    recentMemories: readonly string[];
    limit: number;
  }): Promise<readonly Recalled[]>;
  /** Patterns that fit where an agent stands, best first; without it none are injected. */
  matchPatterns?(o: {
    readonly namespace: string;
    readonly task: string;
    readonly recentSteps: readonly RecentStep[];
    /** Tools that may be called soon. */
    readonly likely: readonly string[];
    readonly limit: number;
  }): Promise<readonly Recalled[]>;
  feedback(o: {
    namespace: string;
    principal: Principal;
    patternId: string;
    helpful: boolean;
    notes?: string;
    traceparent?: string | undefined;
  }): Promise<FeedbackResult>;
  learning(namespace: string): Promise<LearningStatus>;
  readonly limits: LimitsNeed;
  readonly keys: KeysNeed;
  readonly audit: AuditNeed;
  readonly relearning: RelearningNeed;
  readonly insight: InsightNeed;
  /** True where tool results carry the best of what is known for the task. */
  readonly suggests?: boolean | undefined;
  /** Without it nothing is held out. */
  readonly holdOut?: HoldOutNeed | undefined;
  /** Shared contexts; a node that only learns has none. */
  readonly contexts?: ContextsNeed | undefined;
  readonly learningControls: LearningControlsNeed;
  readonly memories: MemoriesNeed;
  readonly knowledge: KnowledgeNeed;
  /** Guided runs; a node that only learns has none. */
  readonly runs?: RunsNeed | undefined;
  status(): Promise<NodeStatus>;
  importEpisodes(
    namespace: string,
    principal: Principal,
    episodes: AsyncIterable<ImportedEpisode>,
  ): Promise<ImportResult>;
  /** Takes spans of agents and gives back how many of them are none. */
  receiveTraces(namespace: string, principal: Principal, batch: TraceBatch): number;
  /** Reads the configuration again; throws what is wrong with it. */
  reload(): Promise<Readonly<Record<string, unknown>>>;
  shutdown(): void;
}
