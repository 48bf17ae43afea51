/** What the node tells, as the pages read it: only the fields that are shown. */
import type { Procedure } from '../../../../machines/words/sops.ts';

/** An event as it comes over the stream. */
export interface ToldEvent {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly namespace: string;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly sequence?: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Health {
  readonly resources: readonly {
    readonly id: string;
    readonly what: string;
    readonly state: string;
    readonly lastError: string | null;
  }[];
  readonly breakers: readonly {
    readonly id: string;
    readonly state: string;
    readonly retryAfterMs: number | null;
  }[];
  readonly learning: {
    readonly engine_status: string;
    /** Null while the engine does not answer. */
    readonly intake: string | null;
    readonly last_learning_run: string | null;
    readonly behind: number;
    readonly workers: readonly {
      readonly name: string;
      readonly state: string;
      readonly attempts: number;
      readonly lastError: string | null;
    }[];
  };
  readonly lag: { readonly lagging: boolean; readonly waiting: number };
  /** What the node stands on and does not have right now. */
  readonly missing: readonly string[];
  readonly catalogue: { readonly tools: number; readonly stale: number; readonly held: number };
}

interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface Status extends Health {
  readonly version: string;
  readonly url: string;
  readonly pid: number;
  readonly state: string;
  readonly uptimeSeconds: number;
  readonly sessions: number;
  readonly config: {
    readonly file: string | null;
    readonly error: string | null;
    readonly restartNeeded: readonly string[];
  };
  readonly events: {
    readonly waiting: number;
    readonly appended: number;
    readonly published: number;
    readonly diskBytes: number;
    readonly setAside: number;
    readonly appendUs: Quantiles;
    readonly ackMs: Quantiles;
  };
  readonly learning: Health['learning'] & { readonly pid: number | null; readonly rssBytes: number | null };
  readonly memory: { readonly rssBytes: number };
}

export interface Session {
  readonly id: string;
  readonly namespace: string;
  readonly client: string;
  readonly transport: string;
  readonly principal: string;
  readonly state: string;
  readonly task: string | null;
  readonly calls: number;
  readonly openedAt: string;
  readonly lastUsedAt: string;
  readonly doing: {
    readonly task: { readonly task: string; readonly since: string } | null;
    readonly calls: readonly { readonly callId: string; readonly name: string; readonly since: string }[];
    readonly lastCall: { readonly name: string; readonly at: string; readonly outcome: string } | null;
  } | null;
}

export interface Sop {
  readonly sop_id: string;
  readonly trigger: string;
  readonly steps: readonly string[];
  readonly confidence: number;
  readonly occurrences: number;
  readonly procedure: Procedure;
  readonly evidence: readonly string[];
  readonly metadata: {
    readonly status: string;
    readonly version: number;
    readonly pitfalls?: readonly {
      readonly tool: string;
      readonly program?: string;
      readonly failedTimes: number;
      readonly recoveredBy: string | null;
      readonly recoveredProgram?: string;
      readonly step?: number;
    }[];
    readonly wordings?: readonly string[];
    readonly triggerFrom?: string;
    readonly first_seen_at?: string;
    readonly last_seen_at?: string;
    readonly reliability?: {
      readonly share: number | null;
      readonly checked: number;
      readonly last_checked_at: string | null;
    };
    readonly waits_for?: string;
    /** There for what recurs inside other procedures: some of these. */
    readonly part_of?: readonly string[];
  };
}

export interface ProvingCall {
  readonly call_id: string;
  readonly name: string;
  readonly server: string;
  readonly args: unknown;
  readonly result: unknown;
  readonly error: boolean;
  readonly at: string;
  readonly episode_id: string;
  readonly position: number;
}

export interface Episode {
  readonly episode_id: string;
  readonly principal: string;
  readonly session: string;
  readonly task: string;
  readonly outcome: string;
  readonly end: string;
  readonly started_at: string;
  readonly ended_at: string;
  readonly calls: readonly Omit<ProvingCall, 'episode_id' | 'position'>[];
}

export interface Difference {
  readonly path: string;
  readonly was: string | null;
  readonly now: string | null;
}
