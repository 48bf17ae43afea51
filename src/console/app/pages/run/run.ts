/** A guided run as the node tells it, and what its states mean. */
export interface Offer {
  readonly step: number;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly missing: readonly string[];
  readonly approval: string | null;
}

export interface Run {
  readonly run_id: string;
  readonly sop_id: string;
  readonly state: string;
  readonly task: string;
  /** Its fingerprint is said back with a yes. */
  readonly next: (Offer & { readonly fingerprint: string }) | null;
  readonly ahead: readonly (Offer & { readonly optional: boolean })[];
  readonly taken: readonly {
    readonly step: number;
    readonly tool: string;
    readonly args: unknown;
    readonly was: 'done' | 'skipped' | 'failed';
  }[];
  readonly deviations: number;
  readonly reason: string | null;
}

/** A run in the list: without any argument. */
export interface RunListed extends Pick<Run, 'run_id' | 'state' | 'task' | 'deviations'> {
  readonly next_tool: string | null;
  readonly steps: number;
  readonly made: number;
}

export const meanings: Readonly<Record<string, string>> = {
  planned: 'It has begun; nothing was called yet.',
  checking: 'A call is over; the next one can be made.',
  awaitingInput: 'A value is missing that nobody knows yet.',
  awaitingApproval: 'The next call needs the yes of a person.',
  calling: 'A tool is being called now.',
  done: 'All steps were made.',
  failed: 'A step went wrong, and it ended.',
  cancelled: 'Somebody ended it.',
};

export const isOver = ({ state }: Run): boolean =>
  state === 'done' || state === 'failed' || state === 'cancelled';

/** When it began: the id of a run says so in its first twelve digits. */
export function toBegun({ run_id: id }: Pick<Run, 'run_id'>): string | undefined {
  const [, high = '', low = ''] = /^u-([0-9a-f]{8})-([0-9a-f]{4})-7/.exec(id) ?? [];
  return high === '' ? undefined : new Date(Number.parseInt(high + low, 16)).toISOString();
}
