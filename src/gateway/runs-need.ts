/** Guided runs as the gateway needs them: an actor that is told things and read. Whoever mounts the gateway implements it. */
import type { RunCall } from '../../machines/words/runs.ts';
import type { RunContext, RunEvent } from '../../machines/run.machine.ts';

/** A run as it stands. */
export interface RunStanding {
  readonly state: string;
  readonly context: RunContext;
  readonly updatedAt?: string | undefined;
}

/** What it is told, without the moment. */
export type RunCommand = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, 'at'> : never) : never;

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
  /** Undefined for one that is unknown. */
  read(namespace: string, runId: string): Promise<RunStanding | undefined>;
  /** The newest first. */
  list(namespace: string, limit: number): Promise<readonly RunStanding[]>;
  /** Runs that have not ended. */
  countOpen(namespace: string): Promise<number>;
}
