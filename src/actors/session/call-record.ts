/** The one fact a call leaves: redacted, cut, hashed, with the outcome it had. Built after the call, before the reply. */
import type { CallCommand, CallOutcome } from '../../../machines/words/calls.ts';
import type { Recorded } from '../../../machines/words/record.ts';
import type { Redaction, Redactor } from '../../access/access.ts';
import { record } from '../../access/access.ts';
import type { ActorName, Announcer } from '../announcer.ts';

export interface CallRecord {
  readonly command: Pick<CallCommand, 'callId' | 'name' | 'args' | 'traceparent'>;
  readonly outcome: CallOutcome;
  readonly route: { readonly server: string; readonly tool: string } | undefined;
  readonly principal: string;
  readonly taskId: string | null;
  readonly startedAt: string;
  readonly durationMs: number;
}

/** Announces `call.finished`, `call.failed` or `call.refused` on the session's subject. */
export function announceCall(
  room: { readonly announcer: Announcer; readonly redactor: Redaction },
  session: ActorName,
  { command, outcome, route, principal, taskId, startedAt, durationMs }: CallRecord,
): void {
  const redactor = room.redactor.in(session.namespace);
  const facts = {
    callId: command.callId,
    principal,
    taskId,
    server: route?.server ?? '',
    tool: (route?.tool ?? command.name).slice(0, 300),
    name: command.name.slice(0, 300),
    args: recordSafely(command.args === '' ? '{}' : command.args, redactor),
    startedAt,
    durationMs,
    imported: false,
  };
  const options = { id: command.callId, correlation: taskId ?? session.id, traceparent: command.traceparent };
  switch (outcome.outcome) {
    case 'finished': {
      const result = recordSafely(outcome.result, redactor);
      room.announcer.announce(
        'call.finished',
        session,
        { result, isError: outcome.isError, ...facts },
        options,
      );
      return;
    }
    case 'failed': {
      const message = redactor.redactText(outcome.message).slice(0, 4_000);
      room.announcer.announce('call.failed', session, { ...facts, code: outcome.code, message }, options);
      return;
    }
    default: {
      const { code, retryAfterMs } = outcome;
      const message = redactor.redactText(outcome.message).slice(0, 4_000);
      const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
      room.announcer.announce('call.refused', session, { ...facts, code, message, ...retry }, options);
    }
  }
}

/** JSON may be nested deeper than anybody can walk; of such a value the event keeps hash and size only. */
function recordSafely(json: string, redactor: Redactor): Recorded {
  try {
    return record(json, redactor);
  } catch {
    return {
      hash: redactor.digest(json),
      sizeBytes: Buffer.byteLength(json),
      shape: json.trimStart().startsWith('[') ? 'list' : 'object',
      cut: true,
      text: '',
    };
  }
}
