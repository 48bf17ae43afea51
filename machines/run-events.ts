/** What a guided run is told, and what an event says of steps and calls. An event carries what was decided; it decides nothing. */
import type { RunCall, RunDeviation, RunOffer, RunPlan, RunTaken } from './words/runs.ts';

/** What the next step needs before it can be made. */
export type RunNeed = 'input' | 'approval' | 'call' | 'nothing';

interface At {
  readonly at: number;
}

/** What is about to be done, and how that differs from the plan. */
interface Offered {
  readonly offer?: RunOffer;
  readonly call?: RunCall;
  readonly deviates?: RunDeviation | null;
}

/** The call that is spoken of: after a partition the answer to an old one may still come. */
interface Answered {
  readonly callId?: string;
}

export type RunEvent =
  | ({ readonly type: 'start'; readonly sopId?: string; readonly plan?: RunPlan } & At)
  | ({ readonly type: 'next'; readonly needs: RunNeed } & Offered & At)
  | ({ readonly type: 'input.given'; readonly needs: 'approval' | 'call' } & Offered & At)
  | ({ readonly type: 'approval.given' } & Offered & At)
  | ({ readonly type: 'approval.denied'; readonly reason?: string } & At)
  | ({
      readonly type: 'step.skipped';
      readonly taken?: RunTaken;
      readonly deviates?: RunDeviation | null;
    } & At)
  | ({ readonly type: 'call.done'; readonly taken?: RunTaken } & Answered & At)
  /** Whoever made the call is gone, and nobody knows how it ended. */
  | ({ readonly type: 'call.lost'; readonly needs: 'approval' | 'call' } & Offered & Answered & At)
  | ({ readonly type: 'call.failed'; readonly reason: string } & Answered & At)
  | ({ readonly type: 'check.failed'; readonly reason: string } & At)
  | ({ readonly type: 'cancel'; readonly reason?: string } & At);

/** How the step that an event is about differs from the plan. */
export function toDeviation(event: RunEvent): RunDeviation | null {
  if (event.type === 'call.failed') return 'failed';
  return 'deviates' in event ? (event.deviates ?? null) : null;
}

/** The step that an event is about; undefined where it does not say. */
export function toStep(event: RunEvent): number | undefined {
  if ('taken' in event) return event.taken?.step;
  return 'offer' in event ? event.offer?.step : undefined;
}

/** What is said of another call than the one it waits for; who names none is believed. */
export function isOfOldCall(event: RunEvent, call: RunCall | null): boolean {
  if (!('callId' in event) || event.callId === undefined) return false;
  return call !== null && call.callId !== event.callId;
}
