/** Guided runs as the gateway needs them: an actor that is told things and read. Whoever mounts the gateway implements it. */
import type { RunSummary } from '../../machines/words/run-summary.ts';
import type { RunCall } from '../../machines/words/runs.ts';
import type { RunContext, RunEvent } from '../../machines/run.machine.ts';

/** A run as it stands. */
export interface RunStanding {
  readonly state: string;
  readonly context: RunContext;
}

/** What it is told, without the moment. */
export type RunCommand = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 'at'> : never) : never;

/** What somebody did with a run. */
export interface RunDecision {
  readonly namespace: string;
  readonly runId: string;
  readonly principal: string;
  readonly action: 'run_started' | 'run_moved' | 'run_approved' | 'run_denied' | 'run_cancelled';
  /** The procedure that it follows. */
  readonly sopId: string;
  /** How it was said: by REST, by a person whom the client asked, or by the agent's own tool call. */
  readonly via: 'rest' | 'elicitation' | 'tool';
  /** The call that it was about; none where there is none. */
  readonly step: number | undefined;
  readonly tool: string | undefined;
}

export interface RunsNeed {
  /** This node, and this life of it: a call that another life made is nobody's any more. */
  readonly node: string;
  readonly life: string;
  /** True once the process that made a call cannot tell any more how it ended. */
  isGone(call: RunCall): Promise<boolean>;
  /** Runs that this node moves on now. */
  readonly moving: Set<string>;
  /** Committed before it answers; what does not fit where the run stands changes nothing. */
  tell(
    o: { readonly namespace: string; readonly runId: string; readonly traceparent?: string | undefined },
    command: RunCommand,
  ): Promise<RunStanding>;
  /** Writes down who did what with a run, before it is told: nothing that was not written down happens. */
  writeDown(decision: RunDecision): Promise<void>;
  /** Undefined for one that is unknown. */
  read(namespace: string, runId: string): Promise<RunStanding | undefined>;
  /** Those begun last first, of one principal or of all, those that wait for a person or all others, behind one. */
  list(o: {
    readonly namespace: string;
    readonly principal?: string | undefined;
    readonly waiting?: boolean | undefined;
    readonly after?: string | undefined;
    readonly limit: number;
  }): Promise<readonly RunSummary[]>;
  /** Runs that have not ended. */
  countOpen(namespace: string): Promise<number>;
}
